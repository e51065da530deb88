import type { Clock } from '../base/clock.ts'
import type { Message } from '../mqtt/message.ts'
import type { PortableMessage } from '../mqtt/portable.ts'
import type { Delivery, SubscriptionOptions } from '../mqtt/subscription.ts'
import type { LaneKey, QueuedEntry } from '../session/lane.ts'
import type { ChangeWriter, DropReason } from '../session/ports.ts'
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

/** What the broker delivers to: a session, or a subscriber of this process. */
export interface Receiver extends Subscriber {
  /** Whether what it gets outlives the process, so that who publishes waits for the store. */
  readonly isDurable: boolean
}

/** Names one life of one session in the store. No two sessions have the same generation. */
export interface SessionKey {
  readonly clientId: string
  /** Grows with every session that begins; a late record of an ended one revives nothing. */
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
  /** Monotonic ms; undefined while the client is connected. */
  readonly disconnectedAt: number | undefined
  /** It is over, but for what others may get of it: no client finds it any more. */
  readonly isOver: boolean
}

export interface StoredWill {
  readonly message: Message
  /** Seconds. */
  readonly delay: number
  readonly expiryInterval: number | undefined
}

/** A session as the store gives it back at start; what waits in its lanes stays in the store. */
export interface StoredSession {
  readonly key: SessionKey
  readonly state: SessionState
  readonly snapshot: SessionSnapshot
  /** The store needs records of earlier processes for it, until it gets a snapshot. */
  readonly isUnsettled?: boolean
}

/** Takes down what has become of one session. */
export interface SessionWriter extends ChangeWriter {
  began(state: SessionState): void
  /** Its client came or went, or its expiry interval or will is another one. */
  changed(state: SessionState): void
  /** It is over, with everything in it. */
  ended(): void
  /**
   * Everything of it but what waits, all of which is in pages. What the records of earlier batches
   * said of this session is not needed any more.
   */
  snapshot(state: SessionState, snapshot: SessionSnapshot): void
}

/** The records of one turn of the event loop, or of several: all of them become safe, or none. */
export interface StoreBatch {
  readonly number: number
  /** Records in it. */
  readonly size: number
  /** A writer for the records of a session, until the next one is asked for. */
  session(key: SessionKey): SessionWriter
  retainedSet(message: Message): void
  retainedCleared(topic: string): void
  /**
   * Set last: what batches below this number say of sessions is not needed any more; `-Infinity`
   * while something is needed that earlier processes recorded.
   */
  settledBelow: number
}

/** How much of a lane is wanted; one entry comes however large it is. */
export interface PageLimit {
  readonly length: number
  readonly bytes: number
}

/**
 * What survives the process. Batches are committed one at a time, in order. A rejected commit is
 * a fault of the environment: the same batch is tried again until it succeeds.
 *
 * Times in records are monotonic ms of the clock that was handed to `open`. A store that outlives
 * the process translates them, so that time goes on from where the last process left it: by as
 * much as the wall clock says has passed, and never backwards.
 */
export interface Store {
  /** True when nothing outlives the process: then nothing is recorded and nobody waits. */
  readonly isVolatile: boolean
  /** Before anything else. Rejects when there is something that it cannot or must not open. */
  open(clock: Clock): Promise<void>
  newBatch(number: number): StoreBatch
  commit(batch: StoreBatch): Promise<void>
  /**
   * Sessions with records in batches below this number, and sessions that are unsettled since
   * earlier processes, are wanted as snapshots; `-Infinity` for none.
   */
  readonly snapshotsWantedBelow: number
  /** Bytes that were committed and have not found their place yet; reading pauses when they are many. */
  readonly unsettledBytes: number
  /** It has reached its own limit; what is there may be read and removed. */
  readonly isFull: boolean
  /** After `open`: a session with a generation up to this one may have left something; 0 for none. */
  readonly lastGeneration: number
  /**
   * All sessions, some at a time, those too that a newer one of the same client has followed; once,
   * after `open`.
   */
  sessions(): AsyncIterable<readonly StoredSession[]>
  /** All retained messages; once, after `open`. */
  retained(): AsyncIterable<Message>
  /** The retained message of a topic, as far as it is committed. */
  readRetained(topic: string): Promise<Message | undefined>
  /** Entries of a lane from a sequence on, the oldest first, as far as they are in committed pages. */
  readQueue(
    key: SessionKey,
    lane: LaneKey,
    from: number,
    limit: PageLimit,
  ): Promise<readonly QueuedEntry[]>
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
