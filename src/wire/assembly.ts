const nothing: Buffer = Buffer.alloc(0)

/** Bytes that are allocated at once for a packet whose size is known, however little of it is here. */
const firstCapacityMax = 1024

/**
 * One packet whose bytes come in several chunks. Its buffer grows with what has arrived, never with
 * what was announced: twice what is here, at most the packet's size. Each byte is therefore copied
 * a bounded number of times, and a client pays for the memory it takes with bytes.
 *
 * Invariants: 1. length ≤ bytes.length. 2. size = 0 until the fixed header is whole, length ≤ size
 * from then on. 3. while it is not active, it holds nothing.
 */
export class Assembly {
  isActive = false
  /** Of the whole packet, once its fixed header is here. */
  size = 0
  /** Bytes that are here. */
  length = 0
  bytes = nothing

  get isWhole(): boolean {
    return this.size > 0 && this.length === this.size
  }

  /** Takes from `chunk[at …)` what belongs to the packet; one byte while its size is not known. */
  add(chunk: Buffer, at: number): number {
    const wanted = this.size === 0 ? 1 : this.size - this.length
    const taken = Math.min(wanted, chunk.length - at)
    this.#grow(this.length + taken)
    chunk.copy(this.bytes, this.length, at, at + taken)
    this.length += taken
    return taken
  }

  /** Answers the whole packet and is empty again. */
  take(): Buffer {
    const bytes = this.bytes.length === this.size ? this.bytes : this.bytes.subarray(0, this.size)
    this.clear()
    return bytes
  }

  clear(): void {
    this.isActive = false
    this.size = 0
    this.length = 0
    this.bytes = nothing
  }

  #grow(needed: number): void {
    if (needed <= this.bytes.length) return
    let capacity = 5
    if (this.size > 0) {
      capacity = Math.min(this.size, Math.max(needed, 2 * this.bytes.length, firstCapacityMax))
    }
    const bytes = Buffer.allocUnsafe(capacity)
    this.bytes.copy(bytes, 0, 0, this.length)
    this.bytes = bytes
  }
}
