import { AckType } from '../mqtt/packets.ts'

/** Bytes of the first buffer; it doubles as long as more is appended before it is taken. */
const firstSize = 512

const nothing: Buffer = Buffer.alloc(0)

/**
 * What one client writes in this turn, in one buffer that is used again and again: it is the
 * caller's to say, with `abandon`, that bytes which were taken are still being written.
 */
export class OutputBuffer {
  #bytes = nothing
  #length = 0

  /** Bytes appended and not taken. */
  get length(): number {
    return this.#length
  }

  append(source: Uint8Array): void {
    this.#reserve(source.length)
    this.#bytes.set(source, this.#length)
    this.#length += source.length
  }

  /** An acknowledgement; a reason code other than 0 is MQTT 5's. */
  ack(type: AckType, packetId: number, code = 0): void {
    // hot: four bytes for most messages.
    this.#reserve(5)
    const bytes = this.#bytes
    const at = this.#length
    bytes[at] = (type << 4) | (type === AckType.Pubrel ? 2 : 0)
    bytes[at + 1] = code === 0 ? 2 : 3
    bytes[at + 2] = packetId >>> 8
    bytes[at + 3] = packetId & 0xff
    if (code !== 0) bytes[at + 4] = code
    this.#length = code === 0 ? at + 4 : at + 5
  }

  /** What was appended, as a view that is good until the next append. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    return taken
  }

  /**
   * What was taken last must not be written over: the next append begins another buffer. What was
   * not taken is forgotten.
   */
  abandon(): void {
    this.#bytes = nothing
    this.#length = 0
  }

  #reserve(size: number): void {
    const needed = this.#length + size
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(firstSize, 2 * this.#bytes.length, needed))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
