import type { Broker } from '../broker/broker.ts'
import type { ManagedSession } from '../broker/managed-session.ts'
import { type Page, type PageWish, pageOf } from './page.ts'
import { type PlainNumber, plainNumber, plainTime } from './plain.ts'

/** Which sessions, or their clients, are wanted; without a wish all of them. */
export interface SessionWish extends PageWish {
  /** What the client id begins with. */
  readonly clientIdPrefix?: string | undefined
  /** What the user name begins with; sessions without one do not fit. */
  readonly usernamePrefix?: string | undefined
}

/** A session as it is told, connected or not. */
export interface SessionEntry {
  readonly clientid: string
  readonly username: string | null
  readonly connected: boolean
  readonly zone: string
  /** Whether the store has it too. */
  readonly durable: boolean
  /** Seconds that it outlives its connection. */
  readonly expiry_interval: PlainNumber
  readonly created_at: string | null
  readonly disconnected_at: string | null
  readonly subscriptions_cnt: number
  readonly inflight_cnt: number
  readonly mqueue_len: number
  readonly mqueue_bytes: number
  readonly mqueue_dropped: number
  readonly awaiting_rel_cnt: number
}

/** More of one session: its limits, and what became of its messages since the process has it. */
export interface SessionDetails extends SessionEntry {
  readonly subscriptions_max: PlainNumber
  readonly inflight_max: PlainNumber
  readonly mqueue_max: PlainNumber
  readonly awaiting_rel_max: PlainNumber
  readonly retained_waiting: number
  readonly has_will: boolean
  readonly messages_delivered: number
  readonly messages_acked: number
  readonly messages_enqueued: number
  readonly messages_dropped: number
  readonly messages_expired: number
}

/** Sessions, connected or not, in the order in which they began. */
export function listSessions(broker: Broker, wish: SessionWish): Page<SessionEntry> {
  const { sessions } = broker
  const count = hasFilter(wish) ? undefined : sessions.count
  const fits = (managed: ManagedSession) => isWanted(managed, wish)
  return pageOf({ source: sessions.list(), fits, describe: sessionEntry, count }, wish)
}

/** One session; undefined when the client has none. */
export function showSession(broker: Broker, clientId: string): SessionDetails | undefined {
  const managed = broker.sessions.lookup(clientId)
  if (managed === undefined) return undefined
  const { session } = managed
  const { awaiting_rel_max, inflight_max, mqueue_max, subscriptions_max } = session.attrs()
  const { deliver_stats, enqueue_cnt } = session.stats()
  return {
    ...sessionEntry(managed),
    subscriptions_max: plainNumber(subscriptions_max),
    inflight_max: plainNumber(inflight_max),
    mqueue_max: plainNumber(mqueue_max),
    awaiting_rel_max: plainNumber(awaiting_rel_max),
    retained_waiting: session.retainedLength,
    has_will: managed.will !== undefined,
    messages_delivered: deliver_stats.delivered,
    messages_acked: deliver_stats.acked,
    messages_enqueued: enqueue_cnt,
    messages_dropped: deliver_stats.dropped,
    messages_expired: deliver_stats.expired,
  }
}

/**
 * Disconnects the client (0x98), if it is there, and drops its session with everything that waits
 * in it; its will is published. Answers whether there was one.
 */
export function dropSession(broker: Broker, clientId: string): boolean {
  return broker.sessions.destroy(clientId)
}

/** Whether a session is one of those that are asked for. */
export function isWanted(
  { session, username }: ManagedSession,
  { clientIdPrefix, usernamePrefix }: SessionWish,
): boolean {
  if (clientIdPrefix !== undefined && !session.clientId.startsWith(clientIdPrefix)) return false
  return usernamePrefix === undefined || username?.startsWith(usernamePrefix) === true
}

export function hasFilter({ clientIdPrefix, usernamePrefix }: SessionWish): boolean {
  return clientIdPrefix !== undefined || usernamePrefix !== undefined
}

function sessionEntry(managed: ManagedSession): SessionEntry {
  const { session } = managed
  const stats = session.stats()
  return {
    clientid: session.clientId,
    username: managed.username ?? null,
    connected: managed.owner !== undefined,
    zone: managed.zone.name,
    durable: session.isDurable,
    expiry_interval: plainNumber(managed.expiryInterval),
    created_at: plainTime(session.createdAtWallMs),
    disconnected_at: plainTime(managed.disconnectedAtWallMs),
    subscriptions_cnt: stats.subscriptions_cnt,
    inflight_cnt: stats.inflight_cnt,
    mqueue_len: stats.mqueue_len,
    mqueue_bytes: session.queuedBytes,
    mqueue_dropped: stats.mqueue_dropped,
    awaiting_rel_cnt: stats.awaiting_rel_cnt,
  }
}
