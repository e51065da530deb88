import type { Delivery, SubscriptionOptions } from '../mqtt/subscription.ts'
import { deliveryOf, mergeDeliveries } from './delivery.ts'
import type { Subscriber } from './ports.ts'
import type { SharedGroup } from './shared-group.ts'

/**
 * How a topic goes to one subscriber. Immutable: cached matches share it. One that came from a
 * single filter is the subscription itself, as the router keeps it.
 */
export class Target<S extends Subscriber> {
  readonly subscriber: S
  /** What matches, merged into one copy. */
  readonly delivery: Delivery
  /**
   * The same without the subscriptions that have No Local: what the publisher itself gets when it
   * is the subscriber. Undefined: nothing. [MQTT-3.8.3-3]
   */
  readonly ownDelivery: Delivery | undefined

  constructor(subscriber: S, delivery: Delivery, ownDelivery: Delivery | undefined) {
    this.subscriber = subscriber
    this.delivery = delivery
    this.ownDelivery = ownDelivery
  }
}

/** Everything that a topic goes to. The groups are live: members come and go without a new match. */
export class Match<S extends Subscriber> {
  readonly targets: readonly Target<S>[]
  readonly groups: readonly SharedGroup<S>[]

  constructor(targets: readonly Target<S>[], groups: readonly SharedGroup<S>[]) {
    this.targets = targets
    this.groups = groups
  }
}

/** One subscription as the router keeps it. */
export function targetOf<S extends Subscriber>(
  subscriber: S,
  options: SubscriptionOptions,
): Target<S> {
  const delivery = deliveryOf(options, undefined)
  return new Target(subscriber, delivery, options.noLocal ? undefined : delivery)
}

/** Whether two subscriptions of one subscriber ask for the same, so that replacing changes nothing. */
export function isSameTarget<S extends Subscriber>(a: Target<S>, b: Target<S>): boolean {
  return (
    a.delivery.qos === b.delivery.qos &&
    a.delivery.retainAsPublished === b.delivery.retainAsPublished &&
    a.delivery.subscriptionIds?.[0] === b.delivery.subscriptionIds?.[0] &&
    (a.ownDelivery === undefined) === (b.ownDelivery === undefined)
  )
}

/** Overlapping subscriptions of one subscriber, made one copy. [MQTT-3.3.4-2] */
export function mergeTargets<S extends Subscriber>(a: Target<S>, b: Target<S>): Target<S> {
  const delivery = mergeDeliveries(a.delivery, b.delivery)
  if (a.ownDelivery === a.delivery && b.ownDelivery === b.delivery) {
    return new Target(a.subscriber, delivery, delivery)
  }
  return new Target(a.subscriber, delivery, mergeOwn(a.ownDelivery, b.ownDelivery))
}

function mergeOwn(a: Delivery | undefined, b: Delivery | undefined): Delivery | undefined {
  if (a === undefined) return b
  return b === undefined ? a : mergeDeliveries(a, b)
}
