import type { WebSocket } from 'ws'
import type { ByteStream, StreamReceiver } from './byte-stream.ts'

/** Close codes of RFC 6455, section 7.4.1. */
const CloseCode = { normal: 1000, unsupportedData: 1003 } as const
/** Bytes of unread pongs and packets above which a ping is left unanswered. */
const pongUnreadMax = 64 * 1024

/**
 * A WebSocket as a byte stream: what one turn sends is one binary frame, what comes is joined by
 * the decoder wherever the frames were cut. A text frame closes it, and nothing behind one is
 * read. [MQTT-6.0.0-1] [MQTT-6.0.0-2]
 */
export class WebSocketStream implements ByteStream {
  readonly #socket: WebSocket
  #failure: string | undefined
  #isDraining = false
  #receiver: StreamReceiver | undefined

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure ??= error.code ?? error.message
    })
  }

  attach(receiver: StreamReceiver): void {
    this.#receiver = receiver
    this.#socket.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary))
    this.#socket.on('ping', (data) => {
      if (this.#socket.bufferedAmount < pongUnreadMax) this.#socket.pong(data)
    })
    this.#socket.on('close', () => {
      receiver.onClose(this.#failure && `the WebSocket failed (${this.#failure})`)
    })
  }

  get writableLength(): number {
    return this.#socket.bufferedAmount
  }

  write(ranges: readonly Buffer[]): void {
    const bytes = ranges.length === 1 ? (ranges[0] as Buffer) : Buffer.concat(ranges)
    this.#socket.send(bytes, { binary: true, compress: false }, this.#onSent)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.close(CloseCode.normal)
  }

  destroy(): void {
    this.#socket.terminate()
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#failure !== undefined) return
    if (isBinary) return this.#receiver?.onData(data)
    this.#failure = 'a text frame, MQTT wants binary ones'
    this.#socket.close(CloseCode.unsupportedData, 'MQTT wants binary frames')
  }

  /** The system took the bytes; once everything is out the receiver is told, once. */
  readonly #onSent = (): void => {
    if (this.#isDraining || this.#socket.bufferedAmount > 0) return
    this.#isDraining = true
    queueMicrotask(() => {
      this.#isDraining = false
      this.#receiver?.onDrain()
    })
  }
}
