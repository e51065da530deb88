export type QoS = 0 | 1 | 2

/** When retained messages are sent on SUBSCRIBE: always, only for a new subscription, never. [MQTT-3.3.1-9…11] */
export type RetainHandling = 0 | 1 | 2

/** What a client asked for with one topic filter. Frozen once it is in a session. */
export interface SubscriptionOptions {
  readonly qos: QoS
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: RetainHandling
  /** Subscription Identifier, 1 … 268,435,455; undefined when the client gave none. */
  readonly subscriptionId?: number | undefined
}

const withoutId: (SubscriptionOptions | undefined)[] = []

/** Frozen options; those without an identifier, which are most, exist once each. */
export function subscriptionOptions(
  qos: QoS,
  noLocal: boolean,
  retainAsPublished: boolean,
  retainHandling: RetainHandling,
  subscriptionId?: number,
): SubscriptionOptions {
  const options = { qos, noLocal, retainAsPublished, retainHandling }
  if (subscriptionId !== undefined) return Object.freeze({ ...options, subscriptionId })
  const place = qos + 3 * retainHandling + (noLocal ? 9 : 0) + (retainAsPublished ? 18 : 0)
  withoutId[place] ??= Object.freeze(options)
  return withoutId[place]
}

/**
 * How one message goes to one session: its subscriptions that match, made one. Highest QoS, all
 * identifiers in ascending order. Computed once per topic and session by the router. [MQTT-3.3.4-2…4]
 */
export interface Delivery {
  readonly qos: QoS
  readonly retainAsPublished: boolean
  /** Undefined when no matching subscription has one. */
  readonly subscriptionIds: readonly number[] | undefined
  /** The full `$share/{name}/{filter}` when it goes to a member of a group, for redispatching. */
  readonly shared?: string | undefined
}
