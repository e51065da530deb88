import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface ServerAddress {
  /** An IP address; a name is looked up each time. */
  readonly host: string
  readonly port: number
  /** Speaks TLS, and trusts these certificates (PEM). */
  readonly ca?: string
}

/** What a connection tells its owner. */
export interface ConnectionOwner {
  onOpen(): void
  /** `bytes[0 … size)` arrived; they are good until this returns. */
  onBytes(bytes: Buffer, size: number): void
  /** Everything that was written has left. */
  onFlushed(): void
  /** The last call; `because` is undefined when the connection ended without a failure. */
  onEnd(because: string | undefined): void
}

/** Milliseconds that the server may take to close behind our good-bye. */
const closeMsMax = 2000

const nothing: Buffer = Buffer.alloc(0)

/** All sockets of the process read into this one: it is handled before another is read. */
const input: Buffer = Buffer.allocUnsafeSlow(128 * 1024)

/** A TCP or TLS connection that allocates nothing per chunk, neither reading nor writing. */
export class Connection {
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  #failure: string | undefined
  #state: 'connecting' | 'open' | 'blocked' | 'ending' = 'connecting'

  constructor(address: ServerAddress, owner: ConnectionOwner) {
    this.#owner = owner
    const { ca, host, port } = address
    const onread = { buffer: input, callback: (size: number) => this.#receive(size) }
    const options = { host, port, noDelay: true, onread }
    this.#socket = ca === undefined ? connect(options) : connectTls({ ...options, ca })
    this.#socket.on(ca === undefined ? 'connect' : 'secureConnect', () => this.#open())
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure ??= error.code ?? error.message
    })
    this.#socket.on('close', () => owner.onEnd(this.#failure))
  }

  /** Whether it takes a `write` now. */
  get writable(): boolean {
    return this.#state === 'open'
  }

  /**
   * Writes; only when `writable`. Answers whether the bytes are the caller's again: else they must
   * not change, and `onFlushed` tells when it is writable again.
   */
  write(bytes: Buffer): boolean {
    const socket = this.#socket
    socket.write(bytes)
    if (socket.writableLength === 0) return true
    this.#state = 'blocked'
    // `drain` comes only above the socket's own limit: a write of nothing, behind the rest, tells.
    socket.write(nothing, () => this.#flushed())
    return false
  }

  /**
   * Sends the last bytes, which must not change any more. The server is to close first: the port
   * that then rests for a minute is its own, and not one of our few, which many short connections
   * would use up. When it does not, we do.
   */
  end(bytes: Buffer): void {
    this.#state = 'ending'
    const socket = this.#socket
    socket.write(bytes)
    const timer = setTimeout(() => socket.destroy(), closeMsMax)
    socket.once('close', () => clearTimeout(timer))
  }

  /** Cuts it off. */
  destroy(because?: string): void {
    this.#state = 'ending'
    this.#failure ??= because
    this.#socket.destroy()
  }

  #open(): void {
    if (this.#state !== 'connecting') return
    this.#state = 'open'
    this.#owner.onOpen()
  }

  #receive(size: number): boolean {
    this.#owner.onBytes(input, size)
    return true
  }

  #flushed(): void {
    if (this.#state !== 'blocked') return
    this.#state = 'open'
    this.#owner.onFlushed()
  }
}
