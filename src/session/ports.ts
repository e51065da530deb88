import type { Frame } from '../mqtt/frame.ts'
import type { Message } from '../mqtt/message.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../mqtt/subscription.ts'

/** A retained message as it is stored; made a message only when it is sent. */
export interface RetainedItem {
  /** The publisher's client id. */
  readonly from: string
  /** The message on its way to a new subscription, RETAIN set. */
  toMessage(): Message
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
}

/**
 * Takes down what must survive the process: one method a record. A session that is not durable is
 * handed `noRecorder`. Records of one turn form a batch; a number counts the batches.
 */
export interface Recorder {
  /** Number of the batch that records join now. */
  readonly openBatch: number
  /** Everything in batches up to this number is safe. */
  readonly committed: number
  subscribed(filter: string, options: SubscriptionOptions): void
  unsubscribed(filter: string): void
  /** A message joined the mqueue; `sequence` grows by 1 a message, in one order for all classes. */
  queued(sequence: number, priority: number, message: Message, delivery: Delivery): void
  /** A message left the mqueue without a slot: dropped, expired, or sent at QoS 0. */
  unqueued(sequence: number): void
  /** A message took a slot of the window; `sequence` is its place in the mqueue, 0 if it was never there. */
  taken(packetId: number, sequence: number, message: Message, qos: QoS, delivery: Delivery): void
  /** PUBREC came: the slot waits for PUBCOMP and the message is no longer needed. */
  released(packetId: number): void
  /** The slot is free again. */
  freed(packetId: number): void
  awaitingRel(packetId: number, now: number): void
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
  /** An awaiting-rel id was forgotten at `awaiting_rel_timeout`. */
  awaitingRelExpired(clientId: string, packetId: number): void
}
