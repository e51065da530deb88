/** Texts up to here are written character by character, which is faster than a call. */
const loopLengthMax = 32

/**
 * Bytes that are appended one after another. Integers are written in as few bytes as they need,
 * seven bits in each, the lowest first.
 */
export class ByteWriter {
  #bytes: Buffer
  #length = 0

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** What was written so far, as a view; valid until more is written. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** What was written from `start` on, in memory of its own. */
  copyFrom(start: number): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.#length - start)
    this.#bytes.copy(copy, 0, start, this.#length)
    return copy
  }

  /** Forgets what was written; memory beyond `capacityMax` is given back. */
  reset(capacityMax: number): void {
    this.#length = 0
    if (this.#bytes.length > capacityMax) this.#bytes = Buffer.allocUnsafeSlow(capacityMax)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  /** A whole number, 0 … 2^53 − 1. */
  integer(value: number): void {
    this.#reserve(8)
    const bytes = this.#bytes
    let rest = value
    let at = this.#length
    while (rest > 0x7f) {
      // Bit operations see 32 bits only.
      bytes[at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    bytes[at++] = rest
    this.#length = at
  }

  /** A whole number, −2^52 … 2^52. */
  signed(value: number): void {
    this.integer(value < 0 ? -2 * value - 1 : 2 * value)
  }

  /** A whole number in decimal digits, 0 … 2^53 − 1, and nothing that says how many. */
  digits(value: number): void {
    this.#reserve(16)
    let count = 1
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) count++
    let rest = value
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      this.#bytes[at] = 0x30 + (rest % 10)
      rest = Math.floor(rest / 10)
    }
    this.#length += count
  }

  text(text: string): void {
    const { length } = text
    if (length > loopLengthMax) return this.#longText(text)
    this.#reserve(length + 1)
    const bytes = this.#bytes
    const at = this.#length + 1
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) return this.#longText(text)
      bytes[at + i] = code
    }
    bytes[at - 1] = length
    this.#length = at + length
  }

  /** Their number, and `bytes[start … end)`. */
  bytes(bytes: Buffer, start = 0, end = bytes.length): void {
    this.integer(end - start)
    this.raw(bytes, start, end)
  }

  /** `bytes[start … end)` and nothing that says how many. */
  raw(bytes: Buffer, start = 0, end = bytes.length): void {
    this.#reserve(end - start)
    bytes.copy(this.#bytes, this.#length, start, end)
    this.#length += end - start
  }

  /** A text's characters and nothing that says how many. */
  rawText(text: string): void {
    const { length } = text
    this.#reserve(3 * length)
    if (length > loopLengthMax) {
      this.#length += this.#bytes.write(text, this.#length)
      return
    }
    const at = this.#length
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) {
        this.#length += this.#bytes.write(text, at)
        return
      }
      this.#bytes[at + i] = code
    }
    this.#length += length
  }

  /** Room for `size` bytes that are filled in later, by way of `written` or `setUint32`. */
  skip(size: number): void {
    this.#reserve(size)
    this.#length += size
  }

  /** Fills in four bytes that were written before, the highest first. */
  setUint32(at: number, value: number): void {
    this.#bytes[at] = value >>> 24
    this.#bytes[at + 1] = value >>> 16
    this.#bytes[at + 2] = value >>> 8
    this.#bytes[at + 3] = value
  }

  #longText(text: string): void {
    const size = Buffer.byteLength(text)
    this.integer(size)
    this.#reserve(size)
    this.#length += this.#bytes.write(text, this.#length)
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const bytes = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#length + size))
    this.#bytes.copy(bytes, 0, 0, this.#length)
    this.#bytes = bytes
  }
}
