import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'

const everyMs = 60_000
/** Keys that are told apart; what comes beyond shares one line a minute. */
const keysMax = 1000

interface Seen {
  /** Monotonic ms from which on the key is logged again. */
  silentUntil: number
  /** How often it happened since it was logged. */
  times: number
}

/**
 * Warnings that a busy broker would repeat thousands of times: each key is logged once a minute,
 * with how often it happened in between. More keys than `keysMax` within a minute share one more.
 */
export class RareLog {
  readonly #clock: Clock
  readonly #log: Logger
  /** The one logged longest ago first. */
  readonly #seen = new Map<string, Seen>()
  readonly #others: Seen = { silentUntil: Number.NEGATIVE_INFINITY, times: 0 }

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  warn(key: string, fields: object, message: string): void {
    const now = this.#clock.now()
    const seen = this.#seen.get(key) ?? this.#admit(key, now)
    if (now < seen.silentUntil) {
      seen.times++
      return
    }
    this.#log.warn({ ...fields, ...(seen.times > 0 && { times: seen.times }) }, message)
    seen.silentUntil = now + everyMs
    seen.times = 0
    if (seen === this.#others) return
    this.#seen.delete(key)
    this.#seen.set(key, seen)
  }

  /** A place for a new key: a free one, one that was logged long ago, or that of all others. */
  #admit(key: string, now: number): Seen {
    if (this.#seen.size >= keysMax) {
      const [oldest, { silentUntil }] = this.#seen.entries().next().value as [string, Seen]
      if (now < silentUntil) return this.#others
      this.#seen.delete(oldest)
    }
    const seen = { silentUntil: now, times: 0 }
    this.#seen.set(key, seen)
    return seen
  }
}
