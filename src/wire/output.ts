import type { Frame } from '../mqtt/frame.ts'
import { writeVarint } from '../mqtt/varint.ts'
import type { OutputPool } from './output-pool.ts'

/** Ranges of this size and more are passed on by reference instead of being copied. */
export const referenceSizeMin = 4096
/** Up to here a loop copies faster than a call does. */
const loopSizeMax = 48

const nothing: Buffer = Buffer.alloc(0)

/**
 * What one connection writes in this turn: bytes are appended, `take` answers them for one write to
 * the socket. Between turns it holds no buffer.
 *
 * Invariants: 1. `#bytes[#from … #at)` follows upon `#segments`. 2. what is in `#segments` is never
 * written to again. 3. `reserve(n)` makes n bytes contiguous.
 */
export class Output {
  readonly #pool: OutputPool
  #segments: Buffer[] = []
  #segmentsSize = 0
  #bytes = nothing
  #from = 0
  #at = 0

  constructor(pool: OutputPool) {
    this.#pool = pool
  }

  /** Bytes appended and not taken. */
  get size(): number {
    return this.#segmentsSize + this.#at - this.#from
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  /** Two bytes, the higher first. */
  twoBytes(value: number): void {
    this.#reserve(2)
    this.#bytes[this.#at++] = value >>> 8
    this.#bytes[this.#at++] = value & 0xff
  }

  fourBytes(value: number): void {
    this.twoBytes(value >>> 16)
    this.twoBytes(value & 0xffff)
  }

  /** Four bytes at once: an acknowledgement, for one. */
  small(first: number, second: number, lastTwo: number): void {
    // hot: the whole of a PUBACK.
    this.#reserve(4)
    const bytes = this.#bytes
    const at = this.#at
    bytes[at] = first
    bytes[at + 1] = second
    bytes[at + 2] = lastTwo >>> 8
    bytes[at + 3] = lastTwo & 0xff
    this.#at = at + 4
  }

  varint(value: number): void {
    this.#reserve(4)
    this.#at = writeVarint(this.#bytes, this.#at, value)
  }

  /** `bytes[start … end)`; by reference where that is cheaper, so they must not change any more. */
  range(bytes: Buffer, start: number, end: number): void {
    const size = end - start
    if (size >= referenceSizeMin) return this.#refer(bytes, start, end)
    this.#reserve(size)
    this.#copy(bytes, start, end)
  }

  /** A PUBLISH with another first byte and, where it has an identifier, another identifier. */
  patched(frame: Frame, first: number, packetId: number): void {
    // hot: one copy and three stores for what most subscribers get.
    const { bytes, start, end, idAt } = frame
    if (end - start >= referenceSizeMin) return this.#patchedLarge(frame, first, packetId)
    this.#reserve(end - start)
    const at = this.#at
    this.#copy(bytes, start, end)
    const own = this.#bytes
    own[at] = first
    if (idAt < 0) return
    own[at + idAt - start] = packetId >>> 8
    own[at + idAt - start + 1] = packetId & 0xff
  }

  /** What to write, in order; the output is empty afterwards. Give it back with `release`. */
  take(): Buffer[] {
    this.#seal()
    const taken = this.#segments
    this.#segments = []
    this.#segmentsSize = 0
    this.#bytes = nothing
    this.#from = 0
    this.#at = 0
    return taken
  }

  /** What `take` answered was written and nobody reads it any more. */
  release(buffers: readonly Buffer[]): void {
    for (let i = 0; i < buffers.length; i++) this.#pool.release(buffers[i] as Buffer)
  }

  #patchedLarge(frame: Frame, first: number, packetId: number): void {
    const { bytes, start, end, idAt } = frame
    if (idAt < 0 && bytes[start] === first) return this.range(bytes, start, end)
    this.byte(first)
    if (idAt < 0) return this.range(bytes, start + 1, end)
    this.range(bytes, start + 1, idAt)
    this.twoBytes(packetId)
    this.range(bytes, idAt + 2, end)
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    const at = this.#at
    const size = end - start
    if (size <= loopSizeMax) {
      const own = this.#bytes
      for (let i = 0; i < size; i++) own[at + i] = bytes[start + i] as number
    } else if (size === bytes.length) {
      this.#bytes.set(bytes, at)
    } else {
      bytes.copy(this.#bytes, at, start, end)
    }
    this.#at = at + size
  }

  #refer(bytes: Buffer, start: number, end: number): void {
    this.#seal()
    this.#segments.push(bytes.subarray(start, end))
    this.#segmentsSize += end - start
  }

  /** Ends the segment that is being written; its buffer may take another one behind it. */
  #seal(): void {
    if (this.#at === this.#from) return
    this.#segments.push(this.#bytes.subarray(this.#from, this.#at))
    this.#segmentsSize += this.#at - this.#from
    this.#from = this.#at
  }

  #reserve(size: number): void {
    if (this.#at + size > this.#bytes.length) this.#grow(size)
  }

  /**
   * Makes room: the first buffer moves into a larger one, for a single write costs less than the
   * copy does; a full large one becomes a segment.
   */
  #grow(size: number): void {
    const old = this.#bytes
    const begun = this.#at - this.#from
    const isFirst = this.#from === 0 && old.length < 2 * referenceSizeMin
    if (old.length > 0 && !isFirst) this.#seal()
    const kept = isFirst ? begun : 0
    this.#bytes = this.#pool.acquire(
      old.length === 0 ? size : Math.max(size + kept, 2 * referenceSizeMin),
    )
    if (kept > 0) {
      old.copy(this.#bytes, 0, 0, kept)
      this.#pool.release(old)
    }
    this.#from = 0
    this.#at = kept
  }
}
