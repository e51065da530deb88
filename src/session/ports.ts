import type { Frame } from '../mqtt/frame.ts'
import type { Message } from '../mqtt/message.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../mqtt/subscription.ts'
import type { Rel } from './awaiting-rel.ts'
import type { Lane, LaneKey, LaneSnapshot } from './lane.ts'
import type { Outgoing } from './outgoing.ts'

/** A retained message as it is stored; made a message only when it is sent. */
export interface RetainedItem {
  /** The publisher's client id. */
  readonly from: string
  /** The message on its way to a new subscription, RETAIN set; undefined where it is to be fetched. */
  toMessage(): Message | undefined
  /** The same from wherever it is; undefined when it is not retained any more. Never rejects. */
  fetch(): Promise<Message | undefined>
}

/** Where a session's packets leave: the channel that holds it. A session without one is offline. */
export interface Sink {
  /** False while the socket has enough to do; the channel pumps again when it has drained. */
  readonly writable: boolean
  /**
   * Sends one PUBLISH. `packetId` is 0 at QoS 0. Answers false when the packet is larger than the
   * client takes: then nothing was sent. [MQTT-3.1.2-24] [MQTT-3.1.2-25]
   */
  publish(
    message: Message,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIds: readonly number[] | undefined,
  ): boolean
  /**
   * Sends a run of QoS 0 packets as the bytes that they came in. Answers false when this
   * connection needs other bytes (shape, alias, packet size): then nothing was sent.
   */
  frames(frame: Frame): boolean
  pubrel(packetId: number): void
  /** What the session had to wait for is there: the owner pumps. */
  wake(): void
}

/**
 * Told what of a session changes that must survive the process. It looks at what has become of it
 * when its batch starts: what has ended by then is never written. A session that is not durable is
 * handed `noRecorder`. What is told in one turn forms a batch; a number counts the batches.
 */
export interface Recorder {
  /** Number of the batch that changes join now. */
  readonly openBatch: number
  /** Everything in batches up to this number is safe. */
  readonly committed: number
  /** The entry waits, has a slot, moved on to PUBREL, or ended. */
  entry(entry: Outgoing): void
  /** An entry joined the lane, or left it. */
  lane(lane: Lane): void
  /** A page of the lane is wanted: it is read from the store and comes back through `Session.page`. */
  readOn(lane: Lane): void
  /** A subscription was set or removed. */
  subscription(filter: string): void
  /** A packet id waits for PUBREL, or does no more. */
  rel(rel: Rel): void
}

/** What a batch takes down of one session: one method a record. */
export interface ChangeWriter {
  subscribed(filter: string, options: SubscriptionOptions): void
  unsubscribed(filter: string): void
  /** A message waits in the mqueue; `sequence` grows, over all lanes. */
  queued(lane: LaneKey, sequence: number, message: Message, delivery: Delivery): void
  /**
   * What the lane is now, the `queued` ones of this batch included. Its entries below `head` are
   * gone; one of length 0 is gone with all of it.
   */
  lane(lane: LaneSnapshot): void
  /**
   * Entries of a lane, all of which were `queued`, in this batch or before: when it is safe they
   * leave memory, and `Store.readQueue` must find them from then on.
   */
  page(lane: LaneKey, entries: readonly Outgoing[]): void
  /** A message has a slot of the window; `order` grows along it. Before it was in the mqueue, or nowhere. */
  slot(packetId: number, order: number, qos: QoS, message: Message, delivery: Delivery): void
  /** PUBREC came: the slot waits for PUBCOMP and the message is no longer needed. */
  released(packetId: number, order: number): void
  /** The slot is free again. */
  freed(packetId: number): void
  awaitingRel(packetId: number, receivedAt: number): void
  relReceived(packetId: number): void
}

/** Why a message that was accepted did not reach this client. A closed list, for metrics and hooks. */
export type DropReason =
  | 'queue_full'
  | 'qos0_msg'
  | 'expired'
  | 'no_local'
  | 'too_large'
  | 'session_end'

/** What waits in the mqueues of all sessions together; each mqueue adds and takes away its own. */
export interface QueueAccount {
  messages: number
  bytes: number
}

/** Told what a session does with messages; for metrics, hooks and a rate-limited log. */
export interface SessionObserver {
  readonly queued: QueueAccount
  /**
   * An acknowledgement ended a delivery: PUBACK, PUBCOMP, or a PUBREC that refuses; not one that
   * goes on. The message is undefined when it was gone before the process started.
   */
  acked(clientId: string, message: Message | undefined): void
  dropped(clientId: string, message: Message, reason: DropReason): void
  /** The same of messages that were only in the store, and of which nothing else is known. */
  droppedUnread(clientId: string, count: number, reason: DropReason): void
  /** An awaiting-rel id was forgotten at `awaiting_rel_timeout`. */
  awaitingRelExpired(clientId: string, packetId: number): void
}
