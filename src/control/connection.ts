import type { Socket } from 'node:net'
import { isJsonObject, type JsonObject } from '../base/json-object.ts'
import { LineSplitter } from '../base/line-splitter.ts'
import type { Logger } from '../base/logger.ts'
import type { ControlHandler, ControlHandlers } from './handlers.ts'
import { ControlError, controlVersion, lineOf, readObject, requestBytesMax } from './protocol.ts'

/** Milliseconds without a request after which a connection ends. */
const idleMs = 60_000
/** Bytes that wait for one who does not read, above which progress is not told. */
const waitingBytesMax = 64 * 1024

/** One who asks: requests come in, and are answered one at a time. */
export class ControlConnection {
  readonly #socket: Socket
  readonly #handlers: ControlHandlers
  readonly #log: Logger
  readonly #splitter = new LineSplitter(requestBytesMax)
  readonly #aborter = new AbortController()
  /** What is under way, until it is answered. */
  #running: Promise<void> | undefined

  constructor(socket: Socket, handlers: ControlHandlers, log: Logger) {
    this.#socket = socket
    this.#handlers = handlers
    this.#log = log
    socket.setTimeout(idleMs, () => socket.destroy())
    socket.on('data', (bytes: Buffer) => this.#onData(bytes))
    // One who hangs up in the middle is no fault of anybody's.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#aborter.abort(gone()))
    socket.on('end', () => this.#aborter.abort(gone()))
  }

  /** Ends it; resolves when nothing is under way any more. One who does not read holds up nobody. */
  async end(because: ControlError): Promise<void> {
    this.#aborter.abort(because)
    await this.#running
    this.#socket.destroySoon()
    this.#socket.unref()
  }

  #onData(bytes: Buffer): void {
    for (const line of this.#splitter.push(bytes)) {
      if (this.#running !== undefined) return this.#hangUp('a request before the last was answered')
      this.#running = this.#answer(line).finally(() => {
        this.#running = undefined
        this.#socket.setTimeout(idleMs)
      })
    }
    if (this.#splitter.isTooLong) this.#hangUp(`a request of more than ${requestBytesMax} bytes`)
  }

  /** Never rejects. */
  async #answer(line: Buffer): Promise<void> {
    this.#socket.setTimeout(0)
    try {
      const { handler, parameters } = this.#read(line)
      const { signal } = this.#aborter
      const progress = (event: object): void => {
        if (this.#socket.writableLength < waitingBytesMax) this.#write({ progress: event })
      }
      this.#write({ result: await handler({ parameters, signal, progress }) })
    } catch (error) {
      this.#write({ error: this.#explain(error) })
    }
  }

  /** Throws: ControlError. */
  #read(line: Buffer): { handler: ControlHandler; parameters: JsonObject } {
    const { control, parameters = {}, request } = readObject(line) ?? {}
    if (typeof control !== 'number' || typeof request !== 'string') {
      throw new ControlError('malformed', `no request; wanted: ${example}`)
    }
    if (control !== controlVersion) {
      const what = `version ${control} of the protocol; this broker speaks ${controlVersion}`
      throw new ControlError('version', what)
    }
    const handler = Object.hasOwn(this.#handlers, request) ? this.#handlers[request] : undefined
    if (handler === undefined) {
      const known = Object.keys(this.#handlers).join(', ')
      throw new ControlError('unknown_request', `no such request; this broker knows ${known}`)
    }
    if (isJsonObject(parameters)) return { handler, parameters }
    throw new ControlError('wrong_parameters', 'the parameters are no object')
  }

  #explain(error: unknown): { code: string; message: string } {
    if (error instanceof ControlError) return { code: error.code, message: error.message }
    this.#log.error({ err: error }, 'a bug in the broker, behind a request on the control socket')
    return { code: 'internal', message: 'a bug in the broker: its log has more' }
  }

  #write(value: object): void {
    if (this.#socket.writable) this.#socket.write(lineOf(value))
  }

  #hangUp(what: string): void {
    this.#write({ error: { code: 'malformed', message: what } })
    this.#socket.destroySoon()
    this.#aborter.abort(gone())
  }
}

const example = lineOf({ control: controlVersion, request: 'ping' }).trim()

function gone(): ControlError {
  return new ControlError('refused', 'the one who asked has gone')
}
