import { assert } from '../base/assert.ts'
import { Ring } from '../base/ring.ts'
import { AckType, type ProtocolVersion } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import { readVarint, varintCut, varintSize } from '../mqtt/varint.ts'
import { readAck } from './ack-reader.ts'
import { Assembly } from './assembly.ts'
import { decodeControl } from './control-codec.ts'
import { firstBytes, PacketType, refuseFirstByte } from './first-byte.ts'
import type { PacketHandler } from './ports.ts'
import { type MessageNumbering, PublishReader } from './publish-reader.ts'
import { malformed } from './refuse.ts'
import { InboundAliases } from './topic-alias.ts'
import { announcedVersion } from './well-formed-connect.ts'

export type { MessageNumbering } from './publish-reader.ts'

export interface DecoderOptions {
  /** Bytes of a whole packet, fixed header included. [MQTT-3.2.2-15] */
  readonly maximumPacketSize: number
  readonly topicLevelsMax: number
  /** Whether control characters and non-characters in texts are refused. */
  readonly strictMode: boolean
}

/** What is known of a connection once its CONNECT is accepted. */
export interface DecoderConnection {
  readonly clientId: string
  /** Announced in CONNACK; 0 allows no alias. */
  readonly topicAliasMaximum: number
  /** The longest that a message may live; also for those that name no expiry. */
  readonly messageExpiryMs?: number | undefined
}

const nothing: Buffer = Buffer.alloc(0)

/**
 * Cuts one connection's bytes into packets, checks them to the letter and hands them on within
 * `push`. It learns the protocol version from CONNECT, so that what is pipelined behind it is read
 * rightly.
 *
 * Invariants: 1. `#at` is behind the packet before its handler is called, so that the handler may
 * call `push`, `resume` and `stop`. 2. Of a packet that is not whole, only what arrived is kept.
 * 3. After a refusal or `stop`, nothing is kept and nothing decoded. 4. A chunk is held no longer
 * than bytes of it wait.
 */
export class PacketDecoder {
  readonly #handler: PacketHandler
  readonly #options: DecoderOptions
  readonly #numbering: MessageNumbering
  readonly #publishes: PublishReader
  readonly #assembly = new Assembly()
  #firstBytes = firstBytes(undefined)
  #version: ProtocolVersion | undefined
  #isBridge = false
  #state: 'idle' | 'decoding' | 'stopped' = 'idle'
  #chunk = nothing
  #at = 0
  /** Never empty: chunks that came while the handler did not accept, or from within it. */
  #waiting: Ring<Buffer> | undefined
  /** Set by `#measure`: where the packet's body begins, and bytes of the whole packet. */
  #bodyAt = 0
  #size = 0

  constructor(handler: PacketHandler, numbering: MessageNumbering, options: DecoderOptions) {
    this.#handler = handler
    this.#numbering = numbering
    this.#options = options
    this.#publishes = new PublishReader(numbering, options.topicLevelsMax, options.strictMode)
  }

  /**
   * The version to answer in: CONNECT's, also when the rest of it was refused; the nearest we speak
   * when it asked for another; undefined when there was no CONNECT to read it from.
   */
  get protocolVersion(): ProtocolVersion | undefined {
    return this.#version
  }

  /** Bytes that are kept: of an incomplete packet, and what waits for `resume`. */
  get pendingBytes(): number {
    let bytes = this.#assembly.length + this.#chunk.length - this.#at
    for (const chunk of this.#waiting ?? []) bytes += chunk.length
    return bytes
  }

  /** Whether a packet has begun whose end has not come. */
  get hasPartialPacket(): boolean {
    return this.#assembly.isActive
  }

  /** The CONNECT was accepted: what follows belongs to `clientId`. */
  configure(connection: DecoderConnection): void {
    this.#publishes.from = connection.clientId
    this.#publishes.aliases = new InboundAliases(connection.topicAliasMaximum)
    this.#publishes.messageExpiryMs = connection.messageExpiryMs ?? Number.POSITIVE_INFINITY
  }

  /** Decodes what a chunk completes. The chunk must not be written to afterwards. */
  push(chunk: Buffer, now: number): void {
    if (this.#state === 'stopped' || chunk.length === 0) return
    if (this.#at === this.#chunk.length && this.#waiting === undefined) {
      this.#chunk = chunk
      this.#at = 0
    } else {
      this.#waiting ??= new Ring()
      this.#waiting.push(chunk)
    }
    this.#decode(now)
  }

  /** Goes on where the handler stopped accepting. Harmless at any time. */
  resume(now: number): void {
    this.#decode(now)
  }

  /** Forgets what is kept; nothing more is decoded. */
  stop(): void {
    this.#state = 'stopped'
    this.#chunk = nothing
    this.#at = 0
    this.#waiting = undefined
    this.#assembly.clear()
  }

  #decode(now: number): void {
    if (this.#state !== 'idle') return
    this.#state = 'decoding'
    try {
      while (this.#isDecoding && this.#handler.accepting && this.#hasBytes()) {
        if (this.#assembly.isActive) this.#assemble(now)
        else this.#next(now)
      }
    } finally {
      if (this.#isDecoding) this.#state = 'idle'
    }
  }

  /** The state as it is after a call that may have changed it. */
  get #isDecoding(): boolean {
    return this.#state === 'decoding'
  }

  /** Whether bytes are left; takes the next chunk, or lets go of the last. */
  #hasBytes(): boolean {
    if (this.#at < this.#chunk.length) return true
    this.#at = 0
    this.#chunk = this.#waiting?.shift() ?? nothing
    if (this.#waiting?.isEmpty) this.#waiting = undefined
    return this.#chunk.length > 0
  }

  /** Decodes the packet that begins at `#at`, or begins to assemble it. */
  #next(now: number): void {
    const chunk = this.#chunk
    const start = this.#at
    const refusal = this.#measure(chunk, start, chunk.length)
    if (refusal !== undefined) return this.#refuse(refusal)
    const end = start + this.#size
    if (this.#size === 0 || end > chunk.length) {
      this.#assembly.isActive = true
      return
    }
    this.#at = end
    this.#packet(chunk, start, this.#bodyAt, end, chunk.length, false, now)
  }

  #assemble(now: number): void {
    const assembly = this.#assembly
    this.#at += assembly.add(this.#chunk, this.#at)
    if (assembly.size === 0) {
      const refusal = this.#measure(assembly.bytes, 0, assembly.length)
      if (refusal !== undefined) return this.#refuse(refusal)
      assembly.size = this.#size
    }
    if (!assembly.isWhole) return
    const bytes = assembly.take()
    this.#measure(bytes, 0, bytes.length)
    this.#packet(bytes, 0, this.#bodyAt, bytes.length, bytes.length, true, now)
  }

  /**
   * Reads a fixed header into `#bodyAt` and `#size`; the size is 0 while its end is not here.
   * Refuses what cannot begin a packet, and what announces too much, before anything is kept.
   */
  #measure(bytes: Buffer, start: number, limit: number): Refusal | undefined {
    const first = bytes[start] as number
    if (this.#firstBytes[first] === 0) return refuseFirstByte(first, this.#version)
    // hot: most packets are short; the general reader costs 10 ns more.
    let remaining = start + 1 < limit ? (bytes[start + 1] as number) : varintCut
    this.#bodyAt = start + 2
    if (remaining > 0x7f) {
      remaining = readVarint(bytes, start + 1, limit)
      this.#bodyAt = start + 1 + varintSize(remaining)
    }
    this.#size = 0
    if (remaining === varintCut) return undefined
    if (remaining < 0) return malformed('an ill-formed remaining length')
    this.#size = this.#bodyAt - start + remaining
    if (this.#size <= this.#options.maximumPacketSize) return undefined
    const because = `a packet of ${this.#size} bytes, the limit is ${this.#options.maximumPacketSize}`
    return new Refusal(ReasonCode.PacketTooLarge, because)
  }

  #packet(
    bytes: Buffer,
    start: number,
    bodyAt: number,
    end: number,
    limit: number,
    owned: boolean,
    now: number,
  ): void {
    const type = (bytes[start] as number) >> 4
    switch (type) {
      case PacketType.Publish: {
        const message = this.#publishes.read(bytes, start, bodyAt, end, limit, owned, now)
        if (message instanceof Refusal) return this.#refuse(message)
        if (!owned) this.#at = this.#publishes.end
        const dup = ((bytes[start] as number) & 0x08) !== 0
        return this.#handler.onPublish(message, this.#publishes.packetId, dup)
      }
      case AckType.Puback:
      case AckType.Pubrec:
      case AckType.Pubrel:
      case AckType.Pubcomp:
        return this.#ack(bytes, bodyAt, end, type)
      case PacketType.Pingreq:
        if (end !== bodyAt) return this.#refuse(malformed('a PINGREQ with a body'))
        return this.#handler.onPingreq()
      default:
        return this.#control(bytes, start, bodyAt, end, now)
    }
  }

  #ack(bytes: Buffer, bodyAt: number, end: number, type: AckType): void {
    const strict = this.#options.strictMode
    const code = readAck(bytes, bodyAt, end, type, this.#version === 5, strict)
    if (code instanceof Refusal) return this.#refuse(code)
    const packetId = ((bytes[bodyAt] as number) << 8) | (bytes[bodyAt + 1] as number)
    this.#handler.onAck(type, packetId, code)
  }

  #control(bytes: Buffer, start: number, bodyAt: number, end: number, now: number): void {
    const isConnect = this.#version === undefined
    if (isConnect) this.#version = announcedVersion(bytes, bodyAt, end)
    const packet = decodeControl(bytes.subarray(start, end), bodyAt - start, {
      version: this.#version ?? 4,
      isBridge: this.#isBridge,
      isStrict: this.#options.strictMode,
      topicLevelsMax: this.#options.topicLevelsMax,
      numbering: this.#numbering,
      now,
    })
    if (packet instanceof Refusal) return this.#refuse(packet)
    if (packet.type === 'connect') this.#begin(packet.protocolVersion, packet.isBridge)
    this.#handler.onPacket(packet)
  }

  #begin(version: ProtocolVersion, isBridge: boolean): void {
    assert(this.#version === version, 'CONNECT has one protocol version')
    this.#isBridge = isBridge
    this.#firstBytes = firstBytes(version)
    this.#publishes.shape = version === 5 ? 5 : 3
  }

  #refuse(refusal: Refusal): void {
    this.stop()
    this.#handler.onRefused(refusal)
  }
}
