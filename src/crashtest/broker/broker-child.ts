import { type ChildProcess, spawn } from 'node:child_process'
import type { WriteStream } from 'node:fs'

/** The broker ended although nobody wanted it to. */
export class BrokerEnded extends Error {
  override name = 'BrokerEnded'
  /** Its exit code, or the signal that ended it. */
  readonly code: number | string

  constructor(code: number | string, output: string) {
    super(`the broker ended with ${code}:\n${output}`)
    this.code = code
  }
}

export interface BrokerOptions {
  /** The words that run the program: Node, its flags, the script. */
  readonly program: readonly string[]
  readonly configuration: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Everything that it prints goes there. */
  readonly log: WriteStream
}

/** Milliseconds that a start may take, with all that has to be recovered. */
const startMsMax = 120_000
/** Characters of what it printed that are kept to tell why it ended. */
const outputKept = 4000
/** Lines of errors that are kept. */
const errorsKept = 20

/**
 * The broker as a process of its own, in a group of its own, so that a signal from the terminal does
 * not reach it. It goes with this process, unless that is killed itself.
 */
export class BrokerChild {
  readonly startedMs = performance.now()
  /** What it ended with. */
  readonly exited: Promise<number | string>
  /** Lines of its log that tell of an error. */
  readonly errors: string[] = []
  readonly #child: ChildProcess
  readonly #log: WriteStream
  #output = ''
  #rest = ''
  #onPort: (port: number) => void = () => undefined
  readonly #killAtExit = (): void => this.kill()

  constructor({ configuration, environment, log, program }: BrokerOptions) {
    this.#log = log
    const [node = process.execPath, ...words] = program
    this.#child = spawn(node, [...words, 'start', '--config', configuration], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    process.once('exit', this.#killAtExit)
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#keep(text))
    this.exited = new Promise((resolve) => {
      this.#child.once('error', ({ message }) => resolve(message))
      this.#child.once('close', (code, signal) => resolve(code ?? signal ?? 'nothing'))
    })
    void this.exited.then(() => process.off('exit', this.#killAtExit))
  }

  /** The port on which it listens. Rejects: BrokerEnded. */
  async listening(): Promise<number> {
    let timer: NodeJS.Timeout | undefined
    const port = new Promise<number>((resolve, reject) => {
      this.#onPort = resolve
      const ended = (code: number | string): void => reject(new BrokerEnded(code, this.#output))
      void this.exited.then(ended)
      timer = setTimeout(() => {
        this.kill()
        ended(`no line that says 'listening' in ${startMsMax} ms`)
      }, startMsMax)
    })
    return port.finally(() => clearTimeout(timer))
  }

  /** SIGKILL. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Asks it to end, and answers what it ended with. */
  stop(): Promise<number | string> {
    this.#child.kill('SIGTERM')
    return this.exited
  }

  #read(text: string): void {
    this.#keep(text)
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#readLine(line)
  }

  #readLine(line: string): void {
    const log = parse(line)
    if (log?.msg === 'listening') this.#onPort(Number(log.port))
    const isError = log?.level === 'error' || log?.level === 'fatal'
    if (isError && this.errors.length < errorsKept) this.errors.push(line)
  }

  #keep(text: string): void {
    this.#log.write(text)
    this.#output = (this.#output + text).slice(-outputKept)
  }
}

/** A line of the log; undefined for whatever else it prints. */
function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}
