import type { Delivery, QoS, SubscriptionOptions } from '../mqtt/subscription.ts'

/** The deliveries without identifier and group, one each: index 2 × QoS + retain as published. */
const plainDeliveries: readonly Delivery[] = [0, 1, 2, 3, 4, 5].map((i) =>
  Object.freeze({
    qos: (i >> 1) as QoS,
    retainAsPublished: (i & 1) === 1,
    subscriptionIds: undefined,
    shared: undefined,
  }),
)

/** A frozen delivery, always with the same fields; shared where nothing in it is particular. */
export function createDelivery(
  qos: QoS,
  retainAsPublished: boolean,
  subscriptionIds: readonly number[] | undefined,
  shared: string | undefined,
): Delivery {
  if (subscriptionIds === undefined && shared === undefined) {
    return plainDeliveries[2 * qos + (retainAsPublished ? 1 : 0)] as Delivery
  }
  return Object.freeze({ qos, retainAsPublished, subscriptionIds, shared })
}

/** What a subscription alone asks for; `shared` is its full filter when it is in a group. */
export function deliveryOf(options: SubscriptionOptions, shared: string | undefined): Delivery {
  const { qos, retainAsPublished, subscriptionId } = options
  const ids = subscriptionId === undefined ? undefined : Object.freeze([subscriptionId])
  return createDelivery(qos, retainAsPublished, ids, shared)
}

/**
 * The highest QoS, and the retain flag as the subscription with it wants it; of several with it,
 * one that wants the flag kept is enough. All identifiers, in ascending order, one that was given
 * twice twice. [MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4]
 */
export function mergeDeliveries(a: Delivery, b: Delivery): Delivery {
  const qos = Math.max(a.qos, b.qos) as QoS
  const retainAsPublished =
    (a.qos === qos && a.retainAsPublished) || (b.qos === qos && b.retainAsPublished)
  return createDelivery(
    qos,
    retainAsPublished,
    mergeIds(a.subscriptionIds, b.subscriptionIds),
    undefined,
  )
}

function mergeIds(
  a: readonly number[] | undefined,
  b: readonly number[] | undefined,
): readonly number[] | undefined {
  if (a === undefined) return b
  if (b === undefined) return a
  return Object.freeze(a.concat(b).sort((x, y) => x - y))
}
