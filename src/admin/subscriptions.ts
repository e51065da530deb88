import type { Broker } from '../broker/broker.ts'
import type { ManagedSession } from '../broker/managed-session.ts'
import type { SubscriptionOptions } from '../mqtt/subscription.ts'
import { type Page, pageOf } from './page.ts'
import { hasFilter, isWanted, type SessionWish } from './sessions.ts'

/** What one client is subscribed to with one filter; the names are those of MQTT 5. */
export interface SubscriptionEntry {
  readonly clientid: string
  /** The filter; a shared one as `$share/<group>/<filter>`. */
  readonly topic: string
  readonly qos: number
  readonly nl: boolean
  readonly rap: boolean
  readonly rh: number
  readonly subid: number | null
}

export interface SubscriptionWish extends SessionWish {
  /** Of this client only; takes no walk through all sessions. */
  readonly clientId?: string | undefined
}

interface Subscription {
  readonly managed: ManagedSession
  readonly filter: string
  readonly options: SubscriptionOptions
}

/** Subscriptions, by session. Undefined when `clientId` has no session. */
export function listSubscriptions(
  broker: Broker,
  wish: SubscriptionWish,
): Page<SubscriptionEntry> | undefined {
  const { router, sessions } = broker
  const describe = subscriptionEntry
  if (wish.clientId === undefined) {
    const source = subscriptionsOf(sessions.list())
    const count = hasFilter(wish) ? undefined : router.subscriptionCount
    return pageOf({ source, fits: ({ managed }) => isWanted(managed, wish), describe, count }, wish)
  }
  const managed = sessions.lookup(wish.clientId)
  if (managed === undefined) return undefined
  const count = managed.session.subscriptions.size
  return pageOf({ source: subscriptionsOf([managed]), describe, count }, wish)
}

function* subscriptionsOf(sessions: Iterable<ManagedSession>): IterableIterator<Subscription> {
  for (const managed of sessions) {
    for (const [filter, options] of managed.session.subscriptions) {
      yield { managed, filter, options }
    }
  }
}

function subscriptionEntry({ managed, filter, options }: Subscription): SubscriptionEntry {
  return {
    clientid: managed.session.clientId,
    topic: filter,
    qos: options.qos,
    nl: options.noLocal,
    rap: options.retainAsPublished,
    rh: options.retainHandling,
    subid: options.subscriptionId ?? null,
  }
}
