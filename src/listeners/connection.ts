import type { Deadline } from '../base/deadlines.ts'
import { type Admission, Channel } from '../channel/channel.ts'
import type { Agreement, Peer, Services, Transport } from '../channel/ports.ts'
import type { Frame } from '../mqtt/frame.ts'
import type { Message } from '../mqtt/message.ts'
import type { AckType, ProtocolVersion, ServerPacket } from '../mqtt/packets.ts'
import type { ReasonCode } from '../mqtt/reason-code.ts'
import type { QoS } from '../mqtt/subscription.ts'
import { PacketDecoder } from '../wire/decoder.ts'
import { PacketEncoder } from '../wire/encoder.ts'
import { Output } from '../wire/output.ts'
import type { OutputPool } from '../wire/output-pool.ts'
import type { ByteStream, StreamReceiver } from './byte-stream.ts'
import type { Flushable, OutputFlusher } from './output-flusher.ts'

/** What all connections share. */
export interface ConnectionParts {
  readonly services: Services
  readonly numbering: { last: number }
  readonly flusher: OutputFlusher
  readonly pool: OutputPool
  readonly traffic: Traffic
}

/** Who accepted a connection. */
export interface ConnectionHost {
  /** Called once, when the connection is over. */
  onClosed(connection: Connection): void
}

/** Bytes in and out, of all connections. */
export interface Traffic {
  bytesReceived: number
  bytesSent: number
}

/**
 * Unread output, in high watermarks, at which we stop reading too: messages wait at one, so above
 * it grow only answers, of a client that asks and asks and does not read them.
 */
const unreadWatermarksMax = 2
/** How long a closing connection may take to read what was written before it is cut off. */
const lingerMs = 5000

/**
 * One duplex stream ⇄ codec ⇄ channel, for every kind of socket.
 *
 * Invariants: 1. it is in the flusher's list exactly while `#isDirty`. 2. reading is paused exactly
 * while the channel does not accept or the client does not read its answers. 3. while the bytes in
 * output and stream are above the high watermark the channel sees `writable` false, and leaves
 * messages in its queue. 4. nothing is thrown at who calls it from outside: a bug that shows itself
 * in here, or in what is called from here, ends this connection only (`Channel.fail`).
 */
export class Connection implements Transport, StreamReceiver, Flushable {
  readonly channel: Channel
  readonly peer: Peer
  readonly #parts: ConnectionParts
  readonly #host: ConnectionHost
  readonly #stream: ByteStream
  readonly #output: Output
  readonly #encoder: PacketEncoder
  readonly #decoder: PacketDecoder
  readonly #highWatermark: number
  #isDirty = false
  #isPaused = false
  #isCongested = false
  #isUnread = false
  #isClosing = false
  #isClosed = false
  #linger: Deadline | undefined
  #closed: Promise<void> | undefined
  #onClosed: (() => void) | undefined

  constructor(
    parts: ConnectionParts,
    host: ConnectionHost,
    stream: ByteStream,
    peer: Peer,
    admission: Admission,
    highWatermark: number,
  ) {
    this.#parts = parts
    this.#host = host
    this.#stream = stream
    this.peer = peer
    this.#highWatermark = highWatermark
    this.#output = new Output(parts.pool)
    this.#encoder = new PacketEncoder(this.#output)
    this.channel = new Channel(parts.services, this, admission)
    this.#decoder = new PacketDecoder(this.channel, parts.numbering, admission.zone.channel)
  }

  // What the stream calls.

  // hot:
  onData(chunk: Buffer): void {
    if (this.#isClosing) return
    const now = this.#parts.services.clock.now()
    this.#parts.traffic.bytesReceived += chunk.length
    try {
      this.channel.beginChunk(now, chunk.length)
      this.#decoder.push(chunk, now)
    } catch (error) {
      return this.channel.fail(error)
    }
    if (!this.writable && this.#unreadSize > unreadWatermarksMax * this.#highWatermark) {
      this.#isUnread = true
    }
    this.#followChannel()
  }

  onDrain(): void {
    if (!this.#isCongested || this.#isClosing) return
    this.#isCongested = false
    try {
      this.channel.drained(this.#parts.services.clock.now())
    } catch (error) {
      return this.channel.fail(error)
    }
    if (!this.#isUnread) return
    this.#isUnread = false
    this.#followChannel()
  }

  onClose(because: string | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#isClosing = true
    try {
      this.channel.lost(because ?? 'the client closed the network connection')
    } catch (error) {
      this.channel.fail(error)
    }
    this.#parts.services.deadlines.cancel(this.#linger)
    this.#host.onClosed(this)
    this.#onClosed?.()
  }

  // What the channel calls.

  get protocolVersion(): ProtocolVersion | undefined {
    return this.#decoder.protocolVersion
  }

  get writable(): boolean {
    if (this.#isCongested) return false
    if (this.#unreadSize < this.#highWatermark) return true
    this.#isCongested = true
    return false
  }

  // hot:
  publish(
    message: Message,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIds: readonly number[] | undefined,
  ): boolean {
    // Only an expiry asks what time it is; the channel only knows when its own client last spoke.
    const expires = message.expiresAt !== Number.POSITIVE_INFINITY
    const now = expires ? this.#parts.services.clock.now() : 0
    const sent = this.#encoder.publish(message, qos, retain, dup, packetId, subscriptionIds, now)
    if (sent && !this.#isDirty) this.#markDirty()
    return sent
  }

  // hot:
  frames(frame: Frame): boolean {
    const sent = this.#encoder.frames(frame)
    if (sent && !this.#isDirty) this.#markDirty()
    return sent
  }

  // hot:
  ack(type: AckType, packetId: number, reasonCode: ReasonCode, reasonString?: string): boolean {
    const sent = this.#encoder.ack(type, packetId, reasonCode, reasonString)
    if (sent && !this.#isDirty) this.#markDirty()
    return sent
  }

  pingresp(): void {
    this.#encoder.pingresp()
    if (!this.#isDirty) this.#markDirty()
  }

  send(packet: ServerPacket): boolean {
    const sent = this.#encoder.packet(packet)
    if (sent && !this.#isDirty) this.#markDirty()
    return sent
  }

  agree(agreement: Agreement): void {
    this.#encoder.configure({
      protocolVersion: agreement.protocolVersion,
      maximumPacketSize: agreement.maximumPacketSize,
      topicAliasMaximum: agreement.topicAliasMaximumOut,
      requestProblemInformation: agreement.requestProblemInformation,
    })
    this.#decoder.configure({
      clientId: agreement.clientId,
      topicAliasMaximum: agreement.topicAliasMaximumIn,
    })
  }

  resume(): void {
    if (this.#isClosing) return
    const now = this.#parts.services.clock.now()
    this.channel.now = now
    try {
      this.#decoder.resume(now)
    } catch (error) {
      return this.channel.fail(error)
    }
    this.#followChannel()
  }

  close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#decoder.stop()
    if (this.#isPaused) this.#stream.resume()
    const { clock, deadlines } = this.#parts.services
    this.#linger = deadlines.set(clock.now() + lingerMs, () => this.#stream.destroy())
    this.flush()
    this.#stream.end()
  }

  /** Closes at once; what was not written is lost. */
  destroy(): void {
    this.#stream.destroy()
  }

  /** Resolves when the connection is over. */
  closed(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#closed ??= new Promise((resolve) => {
      this.#onClosed = resolve
    })
    return this.#closed
  }

  /** Writes what this turn collected. */
  // hot:
  flush(): void {
    this.#isDirty = false
    const { size } = this.#output
    if (size === 0 || this.#isClosed) return
    this.#parts.traffic.bytesSent += size
    const ranges = this.#output.take()
    try {
      this.#stream.write(ranges)
    } catch (error) {
      return this.channel.fail(error)
    }
    if (this.#stream.writableLength !== 0) return
    this.#output.release(ranges)
    this.onDrain()
  }

  /** Bytes that the client has not taken yet. */
  get #unreadSize(): number {
    return this.#output.size + this.#stream.writableLength
  }

  #markDirty(): void {
    this.#isDirty = true
    this.#parts.flusher.add(this)
  }

  /** Reads while the channel accepts and the client reads, so that TCP holds the client back. */
  #followChannel(): void {
    const isPaused = !this.channel.accepting || this.#isUnread
    if (isPaused === this.#isPaused || this.#isClosing) return
    this.#isPaused = isPaused
    if (isPaused) this.#stream.pause()
    else this.#stream.resume()
  }
}
