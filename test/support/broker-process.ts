import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** One line of the daemon's JSON log. */
export type LogLine = { readonly level: string; readonly msg: string } & Readonly<
  Record<string, unknown>
>

const program = resolve(import.meta.dirname, '../../bin/mqtt-broker')

/** Milliseconds a broker may take to start, to stop, or to log what is waited for. */
const waitMsMax = 20_000

export interface BrokerOptions {
  /** The configuration, as an object or as YAML; listeners should bind port 0. */
  readonly config?: object | string
  readonly env?: Readonly<Record<string, string>>
  /** Flags behind `--config <file>`. */
  readonly flags?: readonly string[]
  /** Flags of Node itself, such as `--max-old-space-size=64`. */
  readonly nodeFlags?: readonly string[]
  /** Start in the folder of an earlier broker, with its data; else in a new one. */
  readonly folder?: string
  /** Names of the listeners to wait for. */
  readonly listeners?: readonly string[]
}

/** A memory broker on a free loopback port which logs JSON. */
export const defaultConfig = {
  listeners: [{ name: 'tcp', type: 'tcp', bind: '127.0.0.1:0' }],
  store: { backend: 'memory' },
  log: { level: 'info', format: 'json' },
}

/** Starts the built daemon and waits until it listens. Rejects, with what it printed, if it ends. */
export async function startBroker(options: BrokerOptions = {}): Promise<BrokerProcess> {
  const broker = new BrokerProcess(options)
  try {
    for (const name of options.listeners ?? ['tcp']) await broker.listening(name)
  } catch (error) {
    await broker.kill()
    throw error
  }
  return broker
}

/** The daemon as its users run it: a process of its own, in a temporary folder of its own. */
export class BrokerProcess {
  readonly folder: string
  readonly logs: LogLine[] = []
  /** Everything it printed, both streams, as it came. */
  output = ''
  readonly exited: Promise<number | string>
  #rest = ''
  #hasExited = false
  readonly #child: ChildProcess
  readonly #waiters = new Set<() => void>()
  readonly #killAtExit = () => this.#child.kill('SIGKILL')

  constructor(options: BrokerOptions) {
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), 'mqtt-broker-e2e-'))
    const file = join(this.folder, 'zone.yaml')
    const config = options.config ?? defaultConfig
    // JSON is YAML; a later start in the same folder without a configuration keeps the file's.
    if (options.config !== undefined || options.folder === undefined) {
      writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config, null, 2))
    }
    const parameters = [...(options.nodeFlags ?? []), program, '--config', file]
    this.#child = spawn(process.execPath, [...parameters, ...(options.flags ?? [])], {
      cwd: this.folder,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    process.once('exit', this.#killAtExit)
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
    })
    this.exited = new Promise((settle) => {
      this.#child.on('error', (error) => this.#end(settle, error.message))
      this.#child.on('close', (code, signal) => this.#end(settle, code ?? signal ?? 'unknown'))
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The port on which a listener accepts, once it does. */
  async listening(name: string): Promise<number> {
    const line = await this.waitForLog((log) => log.msg === 'listening' && log.listener === name)
    return Number(line.port)
  }

  /** The port of a listener that is known to listen. */
  port(name = 'tcp'): number {
    const line = this.logs.findLast((log) => log.msg === 'listening' && log.listener === name)
    if (line === undefined) throw new Error(`no listener '${name}' in: ${this.output}`)
    return Number(line.port)
  }

  /** The first log line, earlier or later, that fits. Rejects when the broker ends before it. */
  waitForLog(fits: (line: LogLine) => boolean, timeoutMs = waitMsMax): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(timer)
        this.#waiters.delete(look)
        settle()
      }
      const look = () => {
        const line = this.logs.find(fits)
        if (line !== undefined) return done(() => resolve(line))
        if (this.#hasExited) done(() => reject(new Error(`the broker ended:\n${this.output}`)))
      }
      const timer = setTimeout(() => {
        done(() => reject(new Error(`no such log line in ${timeoutMs} ms:\n${this.output}`)))
      }, timeoutMs)
      this.#waiters.add(look)
      look()
    })
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Asks it to end (SIGTERM); answers the exit code. It is killed when it takes too long. */
  async stop(timeoutMs = waitMsMax): Promise<number | string> {
    const timer = setTimeout(() => this.signal('SIGKILL'), timeoutMs)
    this.signal('SIGTERM')
    const code = await this.exited
    clearTimeout(timer)
    return code
  }

  /** Ends it as a power cut would (SIGKILL). */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.exited
  }

  /** Ends it and removes its folder. */
  async dispose(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #read(text: string): void {
    this.output += text
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const log = parse(line)
      if (log !== undefined) this.logs.push(log)
    }
    for (const look of this.#waiters) look()
  }

  #end(settle: (code: number | string) => void, code: number | string): void {
    this.#hasExited = true
    process.off('exit', this.#killAtExit)
    settle(code)
    for (const look of this.#waiters) look()
  }
}

/** A log line; undefined for what is none, such as a hint printed for people. */
function parse(line: string): LogLine | undefined {
  try {
    return JSON.parse(line) as LogLine
  } catch {
    return undefined
  }
}
