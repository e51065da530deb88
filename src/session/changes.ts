import type { Message } from '../mqtt/message.ts'
import { nextPacketId } from '../mqtt/packet-id.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../mqtt/subscription.ts'
import type { SessionSnapshot, SlotSnapshot } from './snapshot.ts'

/** The records of `Recorder` as data. */
export type Change =
  | {
      readonly type: 'subscribed'
      readonly filter: string
      readonly options: SubscriptionOptions
    }
  | { readonly type: 'unsubscribed'; readonly filter: string }
  | {
      readonly type: 'queued'
      readonly sequence: number
      readonly priority: number
      readonly message: Message
      readonly delivery: Delivery
    }
  | { readonly type: 'unqueued'; readonly sequence: number }
  | {
      readonly type: 'taken'
      readonly packetId: number
      readonly sequence: number
      readonly message: Message
      readonly qos: QoS
      readonly delivery: Delivery
    }
  | { readonly type: 'released'; readonly packetId: number }
  | { readonly type: 'freed'; readonly packetId: number }
  | { readonly type: 'awaitingRel'; readonly packetId: number; readonly now: number }
  | { readonly type: 'relReceived'; readonly packetId: number }

/**
 * What a session is after one more change: what recovery means, said once. A back end may do it in
 * another way, but must come to the same session.
 */
export function fold(snapshot: SessionSnapshot, change: Change): SessionSnapshot {
  switch (change.type) {
    case 'subscribed':
      return { ...snapshot, subscriptions: subscribed(snapshot, change.filter, change.options) }
    case 'unsubscribed':
      return {
        ...snapshot,
        subscriptions: snapshot.subscriptions.filter(([filter]) => filter !== change.filter),
      }
    case 'queued':
      return queued(snapshot, change)
    case 'unqueued':
      return { ...snapshot, mqueue: without(snapshot, change.sequence) }
    case 'taken':
      return taken(snapshot, change)
    case 'released':
      return { ...snapshot, inflight: released(snapshot, change.packetId) }
    case 'freed':
      return {
        ...snapshot,
        inflight: snapshot.inflight.filter((slot) => slot.packetId !== change.packetId),
      }
    case 'awaitingRel':
      return {
        ...snapshot,
        awaitingRel: [...snapshot.awaitingRel, [change.packetId, change.now]],
      }
    case 'relReceived':
      return {
        ...snapshot,
        awaitingRel: snapshot.awaitingRel.filter(([packetId]) => packetId !== change.packetId),
      }
  }
}

function subscribed(
  snapshot: SessionSnapshot,
  filter: string,
  options: SubscriptionOptions,
): SessionSnapshot['subscriptions'] {
  const subscriptions = new Map(snapshot.subscriptions)
  subscriptions.set(filter, options)
  return [...subscriptions]
}

function queued(
  snapshot: SessionSnapshot,
  change: Extract<Change, { type: 'queued' }>,
): SessionSnapshot {
  const { sequence, priority, message, delivery } = change
  const entry = { sequence, priority, message, delivery }
  return { ...snapshot, nextSequence: sequence + 1, mqueue: [...snapshot.mqueue, entry] }
}

/** A slot counts as sent: whether it was is known only to the process that has gone. */
function taken(
  snapshot: SessionSnapshot,
  change: Extract<Change, { type: 'taken' }>,
): SessionSnapshot {
  const { packetId, message, qos, delivery } = change
  const slot: SlotSnapshot = { phase: 'publish', packetId, message, qos, delivery, wasSent: true }
  return {
    ...snapshot,
    nextPacketId: nextPacketId(packetId),
    inflight: [...snapshot.inflight, slot],
    mqueue: without(snapshot, change.sequence),
  }
}

function released(snapshot: SessionSnapshot, packetId: number): SlotSnapshot[] {
  return snapshot.inflight.map((slot) =>
    slot.packetId === packetId ? { phase: 'pubrel', packetId } : slot,
  )
}

function without(snapshot: SessionSnapshot, sequence: number): SessionSnapshot['mqueue'] {
  return snapshot.mqueue.filter((entry) => entry.sequence !== sequence)
}
