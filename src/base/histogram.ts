/**
 * Counts values in buckets, the upper bounds of which grow by a factor: about as exact as the
 * factor, at the price of a few additions. Bounds are inclusive, as Prometheus has them.
 */
export class Histogram {
  readonly bounds: readonly number[]
  /** Values in each bucket; the last one has those above all bounds. */
  readonly counts: Float64Array
  sum = 0
  count = 0
  max = 0

  /** `bounds` ascend. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  record(value: number): void {
    let bucket = 0
    while (bucket < this.bounds.length && value > (this.bounds[bucket] as number)) bucket++
    ;(this.counts[bucket] as number)++
    this.sum += value
    this.count++
    if (value > this.max) this.max = value
  }

  /** The bound that a share of the values, 0 … 1, does not exceed; the maximum above all bounds. */
  quantile(share: number): number {
    let left = share * this.count
    for (let i = 0; i < this.bounds.length; i++) {
      left -= this.counts[i] as number
      if (left <= 0) return Math.min(this.bounds[i] as number, this.max)
    }
    return this.max
  }
}
