import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'

const everyMs = 60_000
const keysMax = 1000

/**
 * Warnings that a busy broker would repeat thousands of times: each key is logged once a minute,
 * with how often it happened in between.
 */
export class RareLog {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #seen = new Map<string, { loggedAt: number; since: number }>()

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  warn(key: string, fields: object, message: string): void {
    const now = this.#clock.now()
    const seen = this.#seen.get(key)
    if (seen !== undefined && now - seen.loggedAt < everyMs) {
      seen.since++
      return
    }
    this.#log.warn(
      { ...fields, ...(seen !== undefined && seen.since > 0 && { times: seen.since }) },
      message,
    )
    if (this.#seen.size >= keysMax) this.#seen.clear()
    this.#seen.set(key, { loggedAt: now, since: 0 })
  }
}
