const newline = 0x0a

/** Cuts bytes into lines, as they come in. Of a line that is not finished it keeps what has come. */
export class LineSplitter {
  readonly #bytesMax: number
  #parts: Buffer[] = []
  #size = 0

  /** `bytesMax`: of one line, without its end. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Whether a line has begun that is longer than it may be: nothing more is to be pushed. */
  get isTooLong(): boolean {
    return this.#size > this.#bytesMax
  }

  /**
   * The lines that end in these bytes, without their ends; views where a line is all in them. The
   * last one may be followed by one that is too long.
   */
  push(bytes: Buffer): Buffer[] {
    const lines: Buffer[] = []
    let from = 0
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
      this.#add(bytes.subarray(from, at))
      if (this.isTooLong) return lines
      lines.push(this.#take())
      from = at + 1
    }
    this.#add(bytes.subarray(from))
    return lines
  }

  /** What stands behind the last line's end; undefined for nothing. */
  rest(): Buffer | undefined {
    return this.#size === 0 ? undefined : this.#take()
  }

  #add(part: Buffer): void {
    if (part.length > 0) this.#parts.push(part)
    this.#size += part.length
  }

  #take(): Buffer {
    const [first] = this.#parts
    const line = this.#parts.length === 1 ? (first as Buffer) : Buffer.concat(this.#parts)
    this.#parts = []
    this.#size = 0
    return line
  }
}
