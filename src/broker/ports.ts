import type { Message } from '../mqtt/message.ts'
import type { PortableMessage } from '../mqtt/portable.ts'
import type { Delivery, SubscriptionOptions } from '../mqtt/subscription.ts'
import type { Change } from '../session/changes.ts'
import type { DropReason } from '../session/ports.ts'
import type { Session } from '../session/session.ts'
import type { SessionSnapshot } from '../session/snapshot.ts'

/** What the router sends messages to; a session is one. */
export interface Subscriber {
  readonly clientId: string
  /** Has a connection now. */
  readonly isConnected: boolean
  /** Has a connection now whose socket takes more. */
  readonly isWritable: boolean
  deliver(message: Message, delivery: Delivery, now: number): void
}

/** Names one life of one session in the store; a late record of an earlier life revives nothing. */
export interface SessionKey {
  readonly clientId: string
  readonly generation: number
}

/** What the store knows of a session besides what is in it. */
export interface SessionState {
  readonly username: string | undefined
  readonly zone: string
  /** Seconds; `Infinity` never ends. */
  readonly expiryInterval: number
  readonly will: StoredWill | undefined
  readonly createdAtWallMs: number
}

export interface StoredWill {
  readonly message: Message
  /** Seconds. */
  readonly delay: number
  readonly expiryInterval: number | undefined
}

/** A session as the store gives it back at start. */
export interface StoredSession {
  readonly key: SessionKey
  readonly state: SessionState
  readonly snapshot: SessionSnapshot
}

/** The records of one turn of the event loop: all of them become safe, or none. */
export interface StoreBatch {
  /** Records in it. */
  readonly size: number
  sessionBegan(key: SessionKey, state: SessionState): void
  /** Connected anew: its expiry interval and will are these now. */
  sessionChanged(key: SessionKey, state: SessionState): void
  sessionEnded(key: SessionKey): void
  /** Everything the session holds, when a zone without durability gave way to one with. */
  sessionSnapshot(key: SessionKey, snapshot: SessionSnapshot): void
  change(key: SessionKey, change: Change): void
  retainedSet(message: Message): void
  retainedCleared(topic: string): void
}

/**
 * What survives the process. Batches are committed one at a time, in order. A rejected commit is
 * a fault of the environment: the same batch is tried again until it succeeds.
 */
export interface Store {
  /** True when nothing outlives the process: then nothing is recorded and nobody waits. */
  readonly isVolatile: boolean
  newBatch(): StoreBatch
  commit(batch: StoreBatch): Promise<void>
  sessions(): AsyncIterable<StoredSession>
  retained(): AsyncIterable<Message>
  close(): Promise<void>
}

/** Told how sessions fare; for hooks, metrics and logs. Each method is one of the session's fates. */
export interface SessionEvents {
  sessionCreated?(session: Session): void
  sessionResumed?(session: Session): void
  sessionTakenover?(session: Session): void
  sessionDiscarded?(session: Session): void
  sessionTerminated?(session: Session): void
  sessionSubscribed?(
    session: Session,
    filter: string,
    options: SubscriptionOptions,
    isNew: boolean,
  ): void
  sessionUnsubscribed?(session: Session, filter: string): void
}

/** Told what becomes of messages on their way to a session; for hooks. */
export interface MessageEvents {
  /** `clientId` is the one that does not get it. */
  messageDropped?(clientId: string, message: PortableMessage, reason: DropReason): void
  /** PUBACK or PUBCOMP; of a QoS 2 message that PUBREC has already released only the client is known. */
  messageAcked?(clientId: string, message: PortableMessage | undefined): void
}

/** Limits for the whole broker; `Infinity` for none. */
export interface BrokerLimits {
  readonly sessionsMax: number
  /** Bytes waiting in all sessions' queues together. */
  readonly queuedBytesMax: number
}

/** Takes down what must survive the process of the retained messages. */
export interface RetainedRecorder {
  /** In place of the topic's earlier one. Whoever keeps the message past this turn calls `keep`. */
  retainedSet(message: Message): void
  /** Removed by an empty payload, by a person, or because it expired. */
  retainedCleared(topic: string): void
}
