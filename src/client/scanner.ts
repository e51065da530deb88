import type { AckType } from '../mqtt/packets.ts'
import { readVarint, varintCut, varintIllFormed, varintSize } from '../mqtt/varint.ts'
import type { ClientVersion } from './fields.ts'
import type { ServerPacketHandler } from './ports.ts'
import { skipProperties } from './skip-properties.ts'
import { scanConnack, scanDisconnect, scanSuback, scanUnsuback } from './slow-packets.ts'

/** Bytes of a whole packet; what announces more is ill-formed to us. */
const packetSizeMaxDefault = 16 * 1024 * 1024
/** Up to here the buffer for packets cut in two is kept for the next one. */
const keptSizeMax = 64 * 1024

const nothing: Buffer = Buffer.alloc(0)

/**
 * Cuts what a server sends into packets and hands them on within `push`. Nothing is allocated for a
 * PUBLISH or an acknowledgement that arrives in one piece.
 *
 * Invariants: 1. Of a packet that is not whole, its bytes so far are in `#partial[0 … #partialLength)`,
 * and its size, once its header is whole, in `#partialSize`. 2. After `stop`, or ill-formed bytes,
 * no handler is called.
 */
export class PacketScanner {
  readonly #handler: ServerPacketHandler
  readonly #version: ClientVersion
  readonly #packetSizeMax: number
  #state: 'scanning' | 'stopped' = 'scanning'
  /** Set by `#measure`: where the packet's body begins. */
  #bodyAt = 0
  #partial = nothing
  #partialLength = 0
  #partialSize = 0

  constructor(
    handler: ServerPacketHandler,
    version: ClientVersion,
    packetSizeMax: number = packetSizeMaxDefault,
  ) {
    this.#handler = handler
    this.#version = version
    this.#packetSizeMax = packetSizeMax
  }

  /** Hands on what `bytes[0 … end)` completes. The bytes are the caller's again afterwards. */
  push(bytes: Buffer, end: number): void {
    let at = 0
    if (this.#partialLength > 0) at = this.#complete(bytes, end)
    // hot: the size of a short packet is one byte; everything else takes the general way.
    while (end - at >= 2 && this.#state === 'scanning') {
      let bodyAt = at + 2
      let packetEnd = bodyAt + (bytes[at + 1] as number)
      if (packetEnd - bodyAt > 0x7f) {
        const size = this.#measure(bytes, at, end)
        if (size <= 0) break
        packetEnd = at + size
        bodyAt = this.#bodyAt
      }
      if (packetEnd > end) break
      this.#packet(bytes, at, bodyAt, packetEnd)
      at = packetEnd
    }
    if (at < end && this.#state === 'scanning') this.#keep(bytes, at, end)
  }

  /** No handler is called any more. */
  stop(): void {
    this.#state = 'stopped'
    this.#partial = nothing
    this.#partialLength = 0
  }

  #packet(bytes: Buffer, at: number, bodyAt: number, end: number): void {
    const first = bytes[at] as number
    const type = first >> 4
    let because: string | undefined
    if (type === 3) because = this.#publish(bytes, first, bodyAt, end)
    else if (type >= 4 && type <= 7) because = this.#ack(bytes, first, bodyAt, end)
    else because = this.#other(bytes, first, bodyAt, end)
    if (because !== undefined) this.#fail(because)
  }

  #publish(bytes: Buffer, first: number, bodyAt: number, end: number): string | undefined {
    const qos = (first >> 1) & 3
    if (qos === 3 || (first & 0x0e) === 0x08) return 'a PUBLISH with wrong flags'
    const topicAt = bodyAt + 2
    if (topicAt > end) return 'a PUBLISH without a topic'
    const topicEnd = topicAt + (((bytes[bodyAt] as number) << 8) | (bytes[bodyAt + 1] as number))
    let at = qos === 0 ? topicEnd : topicEnd + 2
    if (at > end) return 'a PUBLISH that ends in its topic'
    const packetId = qos === 0 ? 0 : ((bytes[at - 2] as number) << 8) | (bytes[at - 1] as number)
    if (qos > 0 && packetId === 0) return 'a PUBLISH with the identifier 0'
    if (this.#version === 5) at = skipProperties(bytes, at, end)
    if (at < 0) return 'a PUBLISH with ill-formed properties'
    this.#handler.onPublish(bytes, topicAt, topicEnd, at, end, packetId, first & 0x0f)
    return undefined
  }

  #ack(bytes: Buffer, first: number, bodyAt: number, end: number): string | undefined {
    if ((first & 0x0f) !== (first >> 4 === 6 ? 2 : 0)) return 'an acknowledgement with wrong flags'
    const size = end - bodyAt
    if (size < 2 || (size > 2 && this.#version < 5)) return 'an acknowledgement of a wrong size'
    const packetId = ((bytes[bodyAt] as number) << 8) | (bytes[bodyAt + 1] as number)
    if (packetId === 0) return 'an acknowledgement with the identifier 0'
    if (size > 3 && skipProperties(bytes, bodyAt + 3, end) !== end) {
      return 'an acknowledgement with ill-formed properties'
    }
    const code = size > 2 ? (bytes[bodyAt + 2] as number) : 0
    this.#handler.onAck((first >> 4) as AckType, packetId, code)
    return undefined
  }

  #other(bytes: Buffer, first: number, bodyAt: number, end: number): string | undefined {
    switch (first) {
      case 0x20:
        return scanConnack(this.#handler, this.#version, bytes, bodyAt, end)
      case 0x90:
        return scanSuback(this.#handler, this.#version, bytes, bodyAt, end)
      case 0xb0:
        return scanUnsuback(this.#handler, this.#version, bytes, bodyAt, end)
      case 0xd0:
        if (end > bodyAt) return 'a PINGRESP with a body'
        this.#handler.onPingresp()
        return undefined
      case 0xe0:
        return scanDisconnect(this.#handler, this.#version, bytes, bodyAt, end)
      default:
        return `a packet that no server sends (0x${first.toString(16).padStart(2, '0')})`
    }
  }

  /**
   * Reads a fixed header: sets `#bodyAt` and answers the whole packet's size; 0 while the header is
   * not whole; −1 when it is ill-formed, which is reported.
   */
  #measure(bytes: Buffer, at: number, end: number): number {
    const remaining = readVarint(bytes, at + 1, end)
    if (remaining === varintCut) return 0
    if (remaining === varintIllFormed) return this.#fail('an ill-formed remaining length')
    this.#bodyAt = at + 1 + varintSize(remaining)
    const size = this.#bodyAt - at + remaining
    if (size <= this.#packetSizeMax) return size
    return this.#fail(`a packet of ${size} bytes, the limit is ${this.#packetSizeMax}`)
  }

  /** Keeps the beginning of a packet. */
  #keep(bytes: Buffer, at: number, end: number): void {
    const size = this.#measure(bytes, at, end)
    if (size < 0) return
    this.#reserve(Math.max(size, 5))
    bytes.copy(this.#partial, 0, at, end)
    this.#partialLength = end - at
    this.#partialSize = size
  }

  /** Adds to the packet that has begun, and hands it on when it is whole. Answers where it ended. */
  #complete(bytes: Buffer, end: number): number {
    let at = 0
    while (this.#partialSize === 0 && at < end) {
      this.#partial[this.#partialLength++] = bytes[at++] as number
      const size = this.#measure(this.#partial, 0, this.#partialLength)
      if (size < 0) return end
      this.#partialSize = size
      this.#reserve(size)
    }
    const size = this.#partialSize
    const stop = Math.min(end, at + size - this.#partialLength)
    if (size > 0) bytes.copy(this.#partial, this.#partialLength, at, stop)
    this.#partialLength += Math.max(0, stop - at)
    if (size === 0 || this.#partialLength < size) return end
    const whole = this.#partial
    this.#partialLength = 0
    if (whole.length > keptSizeMax) this.#partial = nothing
    this.#measure(whole, 0, size)
    this.#packet(whole, 0, this.#bodyAt, size)
    return stop
  }

  #reserve(size: number): void {
    if (this.#partial.length >= size) return
    const larger = Buffer.allocUnsafe(Math.max(256, size))
    this.#partial.copy(larger, 0, 0, this.#partialLength)
    this.#partial = larger
  }

  #fail(because: string): -1 {
    if (this.#state === 'stopped') return -1
    this.stop()
    this.#handler.onIllFormed(because)
    return -1
  }
}
