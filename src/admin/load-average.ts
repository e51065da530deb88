const minuteMs = 60_000

/** Minutes over which averages go, as in `load/…/1min`. */
export const loadMinutes = [1, 5, 15] as const

/**
 * Exponentially weighted averages of a rate, in events a minute, as mosquitto has them: what
 * happened longer ago than the minutes named counts for less than 37 %.
 */
export class LoadAverage {
  #count: number
  /** By `loadMinutes`. */
  readonly #averages: number[] = loadMinutes.map(() => 0)

  /** `count`: events before it begins. */
  constructor(count: number) {
    this.#count = count
  }

  /** So many events there have been by now, `elapsedMs` after the last time. */
  update(count: number, elapsedMs: number): void {
    if (elapsedMs <= 0) return
    const perMinute = ((count - this.#count) * minuteMs) / elapsedMs
    this.#count = count
    loadMinutes.forEach((minutes, i) => {
      const weight = Math.exp(-elapsedMs / (minutes * minuteMs))
      this.#averages[i] = perMinute + weight * ((this.#averages[i] as number) - perMinute)
    })
  }

  /** In the order of `loadMinutes`. */
  get averages(): readonly number[] {
    return this.#averages
  }
}
