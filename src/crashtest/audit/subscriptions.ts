import type { QoS } from '../../mqtt/subscription.ts'
import { topicMatches } from '../../mqtt/topic.ts'

/**
 * One filter of a session, from the SUBSCRIBE that asked for it. `asked`: nobody knows whether the
 * broker has it; `sure`: SUBACK came; `leaving`: UNSUBSCRIBE was sent, or SUBSCRIBE again; `ended`: the answer came.
 */
export class Subscription {
  readonly filter: string
  /** Ticks of the ledger. */
  readonly askedAt: number
  endedAt = Number.POSITIVE_INFINITY
  state: 'asked' | 'sure' | 'leaving' | 'ended' = 'asked'
  qos: QoS

  constructor(filter: string, qos: QoS, askedAt: number) {
    this.filter = filter
    this.qos = qos
    this.askedAt = askedAt
  }
}

/**
 * The subscriptions of one session, those too that have ended: what was on its way by then may still
 * come.
 */
export class Subscriptions {
  #all: Subscription[] = []

  /** SUBSCRIBE is about to leave; what the filter had before is no longer sure. */
  asked(filter: string, qos: QoS, tick: number): void {
    this.leaving(filter)
    this.#all.push(new Subscription(filter, qos, tick))
  }

  /** SUBACK came. */
  granted(filter: string, qos: QoS, tick: number): void {
    const open = this.#openOf(filter)
    const last = open.pop()
    end(open, tick)
    if (last === undefined) return
    last.state = 'sure'
    last.qos = qos
  }

  /** UNSUBSCRIBE is about to leave. */
  leaving(filter: string): void {
    for (const subscription of this.#openOf(filter)) subscription.state = 'leaving'
  }

  /** UNSUBACK came. */
  ended(filter: string, tick: number): void {
    end(this.#openOf(filter), tick)
  }

  /** What is known of a filter, by its last SUBSCRIBE. */
  stateOf(filter: string): Subscription['state'] {
    return this.#openOf(filter).at(-1)?.state ?? 'ended'
  }

  /** A subscription that the broker surely has and that matches. */
  sure(topic: string): Subscription | undefined {
    return this.#all.find(({ filter, state }) => state === 'sure' && topicMatches(filter, topic))
  }

  /**
   * The highest QoS at which a message may come that was first sent and acknowledged at these
   * ticks; undefined when no subscription can have matched it.
   */
  qosMax(topic: string, sentAt: number, acknowledgedAt: number): QoS | undefined {
    let max: QoS | undefined
    for (const { askedAt, endedAt, filter, qos } of this.#all) {
      if (askedAt > acknowledgedAt || endedAt < sentAt || !topicMatches(filter, topic)) continue
      if (max === undefined || qos > max) max = qos
    }
    return max
  }

  /** Nothing is on its way any more: what has ended counts no longer. */
  forgetEnded(): void {
    this.#all = this.#all.filter(({ state }) => state !== 'ended')
  }

  /** Those asked for since a tick, for a session that began since then. */
  since(tick: number): Subscriptions {
    const newer = new Subscriptions()
    newer.#all = this.#all.filter(({ askedAt }) => askedAt > tick)
    return newer
  }

  #openOf(filter: string): Subscription[] {
    return this.#all.filter((each) => each.filter === filter && each.state !== 'ended')
  }
}

function end(subscriptions: readonly Subscription[], tick: number): void {
  for (const subscription of subscriptions) {
    subscription.state = 'ended'
    subscription.endedAt = tick
  }
}
