import type { Message } from '../mqtt/message.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../mqtt/subscription.ts'

/** One slot of the window as data. */
export type SlotSnapshot =
  | {
      readonly phase: 'publish'
      readonly packetId: number
      readonly message: Message
      readonly qos: QoS
      readonly delivery: Delivery
      /** Whether PUBLISH may have been sent: then DUP is set and it does not expire any more. */
      readonly wasSent: boolean
    }
  | { readonly phase: 'pubrel'; readonly packetId: number }

/** One entry of the mqueue as data. */
export interface QueuedSnapshot {
  readonly sequence: number
  /** The class it was in; when it is restored the zone's table decides anew. */
  readonly priority: number
  readonly message: Message
  readonly delivery: Delivery
}

/**
 * What a session is made of, as plain data: what a store keeps and a takeover may carry. Counters,
 * the connection, and retained messages on their way are not in it.
 */
export interface SessionSnapshot {
  readonly clientId: string
  readonly generation: number
  readonly createdAtWallMs: number
  readonly subscriptions: readonly (readonly [filter: string, options: SubscriptionOptions])[]
  readonly nextPacketId: number
  /** The sequence that the next message in the mqueue gets. */
  readonly nextSequence: number
  /** In the order of first sends: the order in which they are resent. */
  readonly inflight: readonly SlotSnapshot[]
  /** By ascending sequence. */
  readonly mqueue: readonly QueuedSnapshot[]
  /** In the order of arrival, with monotonic ms. */
  readonly awaitingRel: readonly (readonly [packetId: number, receivedAt: number])[]
}

/** The snapshot of a session that has just begun. */
export function emptySnapshot(
  clientId: string,
  generation: number,
  createdAtWallMs: number,
): SessionSnapshot {
  return {
    clientId,
    generation,
    createdAtWallMs,
    subscriptions: [],
    nextPacketId: 1,
    nextSequence: 1,
    inflight: [],
    mqueue: [],
    awaitingRel: [],
  }
}
