/** Where a connection's turn begins to write: enough for most, small enough for many at once. */
const smallSize = 4096
/** Where it goes on when the small one is full. */
const largeSize = 65536
/** Free buffers that are kept, by count: together at most 8 MB. */
const smallKeptMax = 1024
const largeKeptMax = 64

/**
 * Buffers for writing, shared by all connections, so that a connection with nothing to write holds
 * none. A buffer that is never given back is the garbage collector's; one that is given back twice
 * is taken once.
 */
export class OutputPool {
  readonly #small: Buffer[] = []
  readonly #large: Buffer[] = []
  /** The buffers that are out, by their memory; weak, for some never come back. */
  readonly #lent = new WeakMap<ArrayBufferLike, Buffer>()

  /** A buffer for `size` bytes or more; contents undefined. */
  acquire(size: number): Buffer {
    if (size > largeSize) return Buffer.allocUnsafeSlow(size)
    const isSmall = size <= smallSize
    const free = isSmall ? this.#small : this.#large
    const buffer = free.pop() ?? Buffer.allocUnsafeSlow(isSmall ? smallSize : largeSize)
    this.#lent.set(buffer.buffer, buffer)
    return buffer
  }

  /** Takes back a buffer, or any part of one; what is not the pool's is left alone. */
  release(part: Buffer): void {
    const buffer = this.#lent.get(part.buffer)
    if (buffer === undefined) return
    this.#lent.delete(part.buffer)
    const isSmall = buffer.length === smallSize
    const free = isSmall ? this.#small : this.#large
    if (free.length < (isSmall ? smallKeptMax : largeKeptMax)) free.push(buffer)
  }
}
