/** What was read is not what a `ByteWriter` wrote: the bytes are damaged. */
export class DamagedBytes extends Error {
  override name = 'DamagedBytes'
}

/** Reads what a `ByteWriter` wrote. Throws: DamagedBytes, and never reads beyond the end. */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end
  }

  /** Where it is in the bytes. */
  get position(): number {
    return this.#at
  }

  byte(): number {
    if (this.#at >= this.#end) throw new DamagedBytes('they end too early')
    return this.#bytes[this.#at++] as number
  }

  integer(): number {
    let value = 0
    let unit = 1
    for (;;) {
      const byte = this.byte()
      value += (byte & 0x7f) * unit
      if (byte < 0x80) break
      unit *= 0x80
    }
    if (value > Number.MAX_SAFE_INTEGER) throw new DamagedBytes('a number is too large')
    return value
  }

  signed(): number {
    const value = this.integer()
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2
  }

  text(): string {
    const size = this.#size()
    const text = this.#bytes.toString('utf8', this.#at, this.#at + size)
    this.#at += size
    return text
  }

  /** Bytes of their own. */
  bytes(): Buffer {
    const size = this.#size()
    const copy = Buffer.allocUnsafe(size)
    this.#bytes.copy(copy, 0, this.#at, this.#at + size)
    this.#at += size
    return copy
  }

  /** Goes past what `bytes` would read. */
  skipBytes(): void {
    const size = this.#size()
    this.#at += size
  }

  #size(): number {
    const size = this.integer()
    if (size > this.#end - this.#at) throw new DamagedBytes('they end too early')
    return size
  }
}
