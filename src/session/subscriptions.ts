import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { SubscriptionOptions } from '../mqtt/subscription.ts'

const none: ReadonlyMap<string, SubscriptionOptions> = new Map()

/**
 * What a client is subscribed to, by topic filter; a shared one under its full `$share/…` name.
 * All sessions without subscriptions share one empty map.
 */
export class Subscriptions {
  #filters: Map<string, SubscriptionOptions> | undefined

  get size(): number {
    return this.#filters === undefined ? 0 : this.#filters.size
  }

  get map(): ReadonlyMap<string, SubscriptionOptions> {
    return this.#filters ?? none
  }

  /**
   * Sets what a filter is subscribed with; the options of an existing subscription are replaced.
   * Answers whether it is new. Refuses: QuotaExceeded, a new one beyond `countMax`. [MQTT-3.8.4-3]
   */
  set(filter: string, options: SubscriptionOptions, countMax: number): boolean | Refusal {
    const isNew = this.#filters?.has(filter) !== true
    if (isNew && this.size >= countMax) {
      return new Refusal(
        ReasonCode.QuotaExceeded,
        `more than ${countMax} subscriptions in one session`,
      )
    }
    if (this.#filters === undefined) this.#filters = new Map()
    this.#filters.set(filter, Object.freeze(options))
    return isNew
  }

  /** Answers what it was subscribed with; undefined when it was not. [MQTT-3.10.4-1] */
  remove(filter: string): SubscriptionOptions | undefined {
    const options = this.#filters?.get(filter)
    if (options === undefined) return undefined
    this.#filters?.delete(filter)
    if (this.size === 0) this.#filters = undefined
    return options
  }
}
