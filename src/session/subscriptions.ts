import { SmallMap } from '../base/small-map.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { SubscriptionOptions } from '../mqtt/subscription.ts'

/** To look at. */
export type SubscriptionMap = Pick<
  Subscriptions,
  'entries' | 'get' | 'has' | 'keys' | 'size' | typeof Symbol.iterator
>

/** What a client is subscribed to, by topic filter; a shared one under its full `$share/…` name. */
export class Subscriptions extends SmallMap<string, SubscriptionOptions> {
  /**
   * Sets what a filter is subscribed with; the options of an existing subscription are replaced.
   * Answers whether it is new. Refuses: QuotaExceeded, a new one beyond `countMax`. [MQTT-3.8.4-3]
   */
  subscribe(filter: string, options: SubscriptionOptions, countMax: number): boolean | Refusal {
    const isNew = !this.has(filter)
    if (isNew && this.size >= countMax) {
      return new Refusal(
        ReasonCode.QuotaExceeded,
        `more than ${countMax} subscriptions in one session`,
      )
    }
    this.set(filter, Object.freeze(options))
    return isNew
  }

  /** Answers what it was subscribed with; undefined when it was not. [MQTT-3.10.4-1] */
  unsubscribe(filter: string): SubscriptionOptions | undefined {
    const options = this.get(filter)
    if (options !== undefined) this.delete(filter)
    return options
  }
}
