import type { Clock } from '../../base/clock.ts'
import type { Database } from './database.ts'

/** Share of the time that it may take. */
const shareMax = 0.1

/**
 * Lets the database give back what was removed, which it does by itself only while more comes: a store
 * that is full would stay so.
 */
export class Reclaimer {
  readonly #database: Database
  readonly #clock: Clock
  /** None, before the first time: an earlier process may have left something. */
  #removed = -1
  #notBefore = Number.NEGATIVE_INFINITY

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** Answers whether there was anything to do, and the time for it. Rejects with what the database says. */
  async reclaim(): Promise<boolean> {
    const { removed } = this.#database
    const startedAt = this.#clock.now()
    if (removed === this.#removed || startedAt < this.#notBefore) return false
    await this.#database.compact()
    this.#removed = removed
    const now = this.#clock.now()
    this.#notBefore = now + (now - startedAt) / shareMax
    return true
  }
}
