/** Buckets in each power of two: the error is below 1 / 128. */
const bits = 7
const perPower = 1 << bits
const bucketCount = (32 - bits + 1) * perPower

/**
 * Latencies in whole µs below 2³¹, in buckets whose width grows with the number, as HdrHistogram
 * has them: as exact at 50 µs as at 50 s, and an addition costs no search.
 */
export class LatencyHistogram {
  #count = 0
  #max = 0
  readonly #buckets = new Float64Array(bucketCount)

  get count(): number {
    return this.#count
  }

  get max(): number {
    return this.#max
  }

  add(value: number): void {
    // hot: once a message.
    const whole = Math.min(Math.max(0, value), 0x7fffffff) | 0
    const power = Math.max(0, 31 - Math.clz32(whole) - bits)
    const index = power * perPower + (whole >>> power)
    this.#buckets[index] = (this.#buckets[index] as number) + 1
    this.#count++
    if (whole > this.#max) this.#max = whole
  }

  /** The value below which the share `q` (0 … 1) of all lies; 0 when there are none. */
  quantile(q: number): number {
    const wanted = Math.max(1, Math.ceil(q * this.#count))
    let seen = 0
    for (let index = 0; index < bucketCount; index++) {
      seen += this.#buckets[index] as number
      if (seen >= wanted) return Math.min(middleOf(index), this.#max)
    }
    return this.#max
  }
}

function middleOf(index: number): number {
  const power = Math.max(0, Math.floor(index / perPower) - 1)
  const low = (index - power * perPower) * 2 ** power
  return low + (2 ** power - 1) / 2
}
