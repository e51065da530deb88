import type { Message } from '../mqtt/message.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../mqtt/subscription.ts'
import type { LaneSnapshot, QueuedEntry } from './lane.ts'

/** One slot of the window as data. */
export type SlotSnapshot =
  | {
      readonly phase: 'publish'
      readonly packetId: number
      /** Grows along the window, in the order of first sends. */
      readonly order: number
      readonly message: Message
      readonly qos: QoS
      readonly delivery: Delivery
      /** Whether PUBLISH may have been sent: then DUP is set and it does not expire any more. */
      readonly wasSent: boolean
    }
  | { readonly phase: 'pubrel'; readonly packetId: number; readonly order: number }

/** One entry of the mqueue as data. */
export interface QueuedSnapshot extends QueuedEntry {
  /** The key of its lane. */
  readonly lane: number
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
  /** The sequence that the next message in the mqueue gets; above that of every one the store has. */
  readonly nextSequence: number
  /** In the order of first sends: the order in which they are resent. */
  readonly inflight: readonly SlotSnapshot[]
  /** The lanes of the mqueue in which something waits. */
  readonly lanes: readonly LaneSnapshot[]
  /** What waits in them, by ascending sequence: of each lane all, or nothing where the store has it. */
  readonly mqueue: readonly QueuedSnapshot[]
  /** In the order of arrival, with monotonic ms. */
  readonly awaitingRel: readonly (readonly [packetId: number, receivedAt: number])[]
}

const nothing: readonly never[] = []

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
    subscriptions: nothing,
    nextPacketId: 1,
    nextSequence: 1,
    inflight: nothing,
    lanes: nothing,
    mqueue: nothing,
    awaitingRel: nothing,
  }
}
