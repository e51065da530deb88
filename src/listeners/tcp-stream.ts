import type { Socket } from 'node:net'
import type { ByteStream, StreamReceiver } from './byte-stream.ts'

const nothing = Buffer.alloc(0)

/** A socket that knows its stream, so that its listeners are functions shared by all sockets. */
interface OwnedSocket extends Socket {
  owner?: TcpStream
}

/** A TCP socket, or a TLS one, as a byte stream. It costs one object, and no closure. */
export class TcpStream implements ByteStream {
  readonly #socket: OwnedSocket
  #receiver: StreamReceiver | undefined
  #failure: string | undefined
  #isAwaitingDrain = false

  constructor(socket: Socket) {
    this.#socket = socket
    this.#socket.owner = this
  }

  /** From here on the receiver is told. */
  attach(receiver: StreamReceiver): void {
    this.#receiver = receiver
    const socket = this.#socket
    socket.on('data', onData)
    socket.on('drain', onDrain)
    socket.on('error', onError)
    socket.on('close', onClose)
  }

  get writableLength(): number {
    return this.#socket.writableLength
  }

  // hot:
  write(ranges: readonly Buffer[]): void {
    const socket = this.#socket
    if (ranges.length === 1) socket.write(ranges[0] as Buffer)
    else {
      socket.cork()
      for (let i = 0; i < ranges.length; i++) socket.write(ranges[i] as Buffer)
      socket.uncork()
    }
    if (socket.writableLength > 0 && !socket.writableNeedDrain) this.#awaitDrain()
  }

  /**
   * A socket tells of its draining only when it held more than its own high watermark, which may be
   * above ours: then a write of nothing, behind what waits, tells instead.
   */
  #awaitDrain(): void {
    if (this.#isAwaitingDrain) return
    this.#isAwaitingDrain = true
    this.#socket.write(nothing, (error) => {
      this.#isAwaitingDrain = false
      if (error) return
      if (this.#socket.writableLength === 0) this.#receiver?.onDrain()
      else if (!this.#socket.writableNeedDrain) this.#awaitDrain()
    })
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  data(chunk: Buffer): void {
    this.#receiver?.onData(chunk)
  }

  drain(): void {
    this.#receiver?.onDrain()
  }

  fail(error: NodeJS.ErrnoException): void {
    this.#failure = error.code ?? error.message
  }

  close(): void {
    this.#receiver?.onClose(this.#failure && `the network connection failed (${this.#failure})`)
    this.#receiver = undefined
  }
}

function onData(this: OwnedSocket, chunk: Buffer): void {
  this.owner?.data(chunk)
}

function onDrain(this: OwnedSocket): void {
  this.owner?.drain()
}

function onError(this: OwnedSocket, error: Error): void {
  this.owner?.fail(error)
}

function onClose(this: OwnedSocket): void {
  this.owner?.close()
}
