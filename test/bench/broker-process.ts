import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'
import type { BrokerKind } from './brokers.ts'
import { adopt } from './children.ts'

/** What our broker says of its store when it stops; numbers by name. */
export type StoreClosed = Readonly<Record<string, number>>

export interface Machine {
  /** The cores of broker and generator, as `taskset` takes them; empty: any. */
  readonly brokerCpus: string
  readonly generatorCpus: string
  /** Where the folders of brokers are made. */
  readonly dataFolder?: string | undefined
  /** Milliseconds that a broker may take to listen, and to stop. */
  readonly startMsMax: number
}

/** Lines that are kept of what a broker prints, for when it fails. */
const linesMax = 20
/** Milliseconds between two tries to connect, and of rest when one succeeded. */
const tryMs = 20
const settleMs = 300

/** A broker that runs as a process of its own, in a folder of its own, until it is disposed of. */
export class BrokerProcess {
  readonly kind: BrokerKind
  readonly port: number
  readonly folder: string
  /** What it said when it was stopped. */
  storeClosed: StoreClosed | undefined
  readonly #machine: Machine
  readonly #lines: string[] = []
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  readonly #remove = (): void => rmSync(this.folder, { recursive: true, force: true })

  private constructor(kind: BrokerKind, machine: Machine, port: number) {
    this.kind = kind
    this.port = port
    this.#machine = machine
    this.folder = mkdtempSync(join(machine.dataFolder ?? tmpdir(), `bench-${kind.name}-`))
    process.once('exit', this.#remove)
  }

  /** Starts it, and waits until it accepts. Rejects, with what it printed, when it does not. */
  static async start(kind: BrokerKind, machine: Machine): Promise<BrokerProcess> {
    const broker = new BrokerProcess(kind, machine, await freePort())
    await broker.start()
    return broker
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Starts it, once more in the same folder. Answers how many ms it took to accept. */
  async start(): Promise<number> {
    const startMs = performance.now()
    const [program, ...words] = pinned(
      this.#machine.brokerCpus,
      await this.kind.configure(this.folder, this.port),
    )
    const child = spawn(program as string, words, {
      cwd: this.folder,
      env: { ...process.env, ...this.kind.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    adopt(child)
    this.#child = child
    this.#exited = new Promise((settle) => {
      child.on('error', (error) => this.#read(error.message))
      child.on('close', () => settle())
    })
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#read(line))
    }
    await this.#accepts(startMs)
    const tookMs = performance.now() - startMs
    await delay(settleMs)
    return tookMs
  }

  /** Asks it to end; kills it when it takes too long. Answers how many ms it took. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number> {
    const startMs = performance.now()
    const child = this.#child
    const timer = setTimeout(() => child?.kill('SIGKILL'), this.#machine.startMsMax)
    child?.kill(signal)
    await this.#exited
    clearTimeout(timer)
    this.#child = undefined
    return performance.now() - startMs
  }

  /** Ends it, and removes its folder. */
  async dispose(): Promise<void> {
    await this.stop()
    await this.kind.dispose?.(this.folder)
    process.off('exit', this.#remove)
    this.#remove()
  }

  async #accepts(startMs: number): Promise<void> {
    while (!(await canConnect(this.port))) {
      const isLate = performance.now() - startMs > this.#machine.startMsMax
      if (isLate || this.#child?.exitCode !== null || this.#child.pid === undefined) {
        await this.dispose()
        throw new Error(`${this.kind.name} does not accept: ${this.#lines.join('\n')}`)
      }
      await delay(tryMs)
    }
  }

  #read(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > linesMax) this.#lines.shift()
    if (line.includes('"store closed"')) this.storeClosed = numbersOf(line)
  }
}

/** A command line that runs on some cores only. */
export function pinned(cpus: string, command: readonly string[]): readonly string[] {
  return cpus === '' ? command : ['taskset', '-c', cpus, ...command]
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => settle(false))
    socket.once('connect', () => {
      socket.destroy()
      settle(true)
    })
  })
}

/** The numbers of a log line but for its own: level and time. */
function numbersOf(line: string): StoreClosed {
  const {
    level: _level,
    time: _time,
    pid: _pid,
    ...fields
  } = JSON.parse(line) as Record<string, unknown>
  const numbers = Object.entries(fields).filter(([, value]) => typeof value === 'number')
  return Object.fromEntries(numbers) as StoreClosed
}
