import type { SeededRandom } from '../../src/base/random.ts'
import type { Scheduler } from './scheduler.ts'

/** How a link carries bytes. */
export interface Weather {
  /** Milliseconds that a portion takes at most. */
  readonly delayMsMax: number
  /** How often, of a hundred, only a part of the bytes arrives at once. */
  readonly splitPercent: number
  /** Bytes that the system takes before a writer sees them waiting. */
  readonly systemBytes: number
}

export const fairWeather: Weather = { delayMsMax: 2, splitPercent: 0, systemBytes: 1_000_000 }

const nothing: Buffer = Buffer.alloc(0)

/** One direction of a link: bytes arrive in order, late, split and joined anywhere. */
export class Pipe {
  readonly #scheduler: Scheduler
  readonly #random: SeededRandom
  readonly #weather: () => Weather
  readonly #arrive: (chunk: Buffer) => void
  readonly #arriveEnd: () => void
  #bytes = nothing
  #isScheduled = false
  #isHeld = false
  #isEnding = false
  #isStopped = false

  constructor(
    scheduler: Scheduler,
    random: SeededRandom,
    weather: () => Weather,
    arrive: (chunk: Buffer) => void,
    arriveEnd: () => void,
  ) {
    this.#scheduler = scheduler
    this.#random = random
    this.#weather = weather
    this.#arrive = arrive
    this.#arriveEnd = arriveEnd
  }

  /** Bytes on their way. */
  get length(): number {
    return this.#bytes.length
  }

  /** Copies the bytes: they are the writer's again. */
  write(...ranges: readonly Buffer[]): void {
    if (this.#isStopped) return
    this.#bytes = Buffer.concat([this.#bytes, ...ranges])
    this.#schedule()
  }

  /** The end arrives behind everything written. */
  end(): void {
    this.#isEnding = true
    this.#schedule()
  }

  /** Nothing arrives until `release`. */
  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
    this.#schedule()
  }

  /** Nothing arrives any more; what is on its way is lost. */
  stop(): void {
    this.#isStopped = true
    this.#bytes = nothing
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isHeld || this.#isStopped) return
    if (this.#bytes.length === 0 && !this.#isEnding) return
    this.#isScheduled = true
    this.#scheduler.after(this.#random.below(this.#weather().delayMsMax + 1), () => this.#step())
  }

  #step(): void {
    this.#isScheduled = false
    if (this.#isHeld || this.#isStopped) return
    const { length } = this.#bytes
    const isSplit = this.#random.below(100) < this.#weather().splitPercent
    const portion = isSplit ? 1 + this.#random.below(length) : length
    const chunk = this.#bytes.subarray(0, portion)
    this.#bytes = this.#bytes.subarray(portion)
    if (chunk.length > 0) this.#arrive(chunk)
    if (this.#isStopped) return
    if (this.#bytes.length === 0 && this.#isEnding && !this.#isHeld) {
      this.#isStopped = true
      this.#arriveEnd()
    } else this.#schedule()
  }
}
