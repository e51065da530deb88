import { Ring } from '../../base/ring.ts'
import type { SealedBatch } from './sealed-batch.ts'

/** So many bytes, and milliseconds, of what was committed last are kept. */
const bytesMax = 32 * 1024 * 1024
const ageMsMax = 60_000

interface Kept {
  readonly batch: SealedBatch
  readonly at: number
}

/**
 * What was committed last, for a Redis that comes back without it: one that syncs its file every second
 * and lost its machine, or a replica that had not got it yet when it took over.
 *
 * Invariants: 1. the numbers of the batches follow one another. 2. `#bytes` is the sum of their sizes.
 */
export class RecentBatches {
  readonly #kept = new Ring<Kept>()
  #bytes = 0

  /** The batch is safe, as far as Redis says. */
  add(batch: SealedBatch, now: number): void {
    this.#kept.push({ batch, at: now })
    this.#bytes += batch.size
    for (let oldest = this.#kept.peek(); oldest !== undefined; oldest = this.#kept.peek()) {
      if (this.#bytes <= bytesMax && oldest.at >= now - ageMsMax) return
      this.#bytes -= oldest.batch.size
      this.#kept.shift()
    }
  }

  /** All batches behind that number, the oldest first; undefined where one of them is not kept any more. */
  after(number: number): SealedBatch[] | undefined {
    const oldest = this.#kept.peek()?.batch.number
    if (oldest === undefined || oldest > number + 1) return undefined
    const batches: SealedBatch[] = []
    for (const { batch } of this.#kept) if (batch.number > number) batches.push(batch)
    return batches
  }
}
