import type { SessionContext } from './context.ts'
import type { Machinery } from './machinery.ts'
import type { SubscriptionMap, Subscriptions } from './subscriptions.ts'

/** Everything that a session tells of itself; the names are those of the admin API. */
export interface SessionInfo extends SessionAttributes, SessionStats {
  readonly subscriptions: SubscriptionMap
  /** Packet ids and what they wait for, in the order of first sends. */
  readonly inflight: readonly (readonly [packetId: number, phase: string])[]
  readonly awaiting_rel: readonly (readonly [packetId: number, receivedAt: number])[]
}

/** What stays as it is until the session is reconfigured. `Infinity` stands for no limit. */
export interface SessionAttributes {
  readonly subscriptions_max: number
  readonly upgrade_qos: boolean
  readonly inflight_max: number
  /** ms; 0 never retries. */
  readonly retry_interval: number
  readonly mqueue_max: number
  readonly awaiting_rel_max: number
  /** ms. */
  readonly awaiting_rel_timeout: number
  /** Wall-clock ms. */
  readonly created_at: number
}

/** What counts. */
export interface SessionStats {
  readonly subscriptions_cnt: number
  readonly inflight_cnt: number
  readonly mqueue_len: number
  readonly mqueue_dropped: number
  readonly next_pkt_id: number
  readonly awaiting_rel_cnt: number
  /** Messages that joined the mqueue. */
  readonly enqueue_cnt: number
  readonly deliver_stats: {
    readonly delivered: number
    readonly acked: number
    readonly dropped: number
    readonly expired: number
  }
}

/** The parts of a session, to read from. */
export interface SessionParts {
  readonly context: SessionContext
  readonly subscriptions: Subscriptions
  /** Undefined while nothing is under way. */
  readonly machinery: Machinery | undefined
  readonly nextPacketId: number
}

export function infoOf(parts: SessionParts, createdAtWallMs: number): SessionInfo {
  return {
    ...attributesOf(parts.context, createdAtWallMs),
    ...statsOf(parts),
    subscriptions: parts.subscriptions,
    inflight: (parts.machinery?.window.snapshot() ?? []).map((slot) => [slot.packetId, slot.phase]),
    awaiting_rel: parts.machinery?.inbound.awaitingRel.toArray() ?? [],
  }
}

export function attributesOf(context: SessionContext, createdAtWallMs: number): SessionAttributes {
  const { options } = context
  return {
    subscriptions_max: options.subscriptionsMax,
    upgrade_qos: options.upgradeQoS,
    inflight_max: options.inflightMax,
    retry_interval: options.retryIntervalMs,
    mqueue_max: options.mqueueLengthMax,
    awaiting_rel_max: options.awaitingRelMax,
    awaiting_rel_timeout: options.awaitingRelTimeoutMs,
    created_at: createdAtWallMs,
  }
}

export function statsOf(parts: SessionParts): SessionStats {
  const { delivered, acked, dropped, mqueueDropped, expired, enqueued } = parts.context.stats
  return {
    subscriptions_cnt: parts.subscriptions.size,
    inflight_cnt: parts.machinery?.window.inflight.size ?? 0,
    mqueue_len: parts.machinery?.outbound.mqueue?.length ?? 0,
    mqueue_dropped: mqueueDropped,
    next_pkt_id: parts.nextPacketId,
    awaiting_rel_cnt: parts.machinery?.inbound.awaitingRel.size ?? 0,
    enqueue_cnt: enqueued,
    deliver_stats: { delivered, acked, dropped, expired },
  }
}
