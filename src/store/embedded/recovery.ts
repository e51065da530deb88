import type { SessionKey, SessionState, StoredSession } from '../../broker/ports.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../../mqtt/subscription.ts'
import type { LaneKey, LaneSnapshot } from '../../session/lane.ts'
import { SessionFold } from '../../session/session-fold.ts'
import type { SessionSnapshot } from '../../session/snapshot.ts'
import { ByteReader } from '../codec/byte-reader.ts'
import { type ChangeHandler, type EncodedMessage, readChanges } from '../codec/change-codec.ts'
import { readMessage, type TimeOffset } from '../codec/message-codec.ts'
import type { LogBatch } from './log-format.ts'
import { decodeSession } from './session-record.ts'

/** A session in the database: what batches up to this number have made of it. */
export interface SettledSession {
  readonly number: number
  readonly bytes: Buffer
}

/** What waits, as the log has it. */
export interface LoggedEntry {
  readonly sequence: number
  readonly message: EncodedMessage
  readonly delivery: Delivery
}

/** A retained message as the log has it, undefined where it was cleared, and the batch that says so. */
export interface LoggedRetained {
  readonly number: number
  readonly message: EncodedMessage | undefined
}

/** A session of which the log says more than the database. */
export class LoggedSession {
  readonly key: SessionKey
  state: SessionState
  readonly fold: SessionFold
  /** By lane; undefined while nothing has waited. */
  queued: Map<LaneKey, LoggedEntry[]> | undefined
  /** Whether something ever waited in it. */
  hadQueue = false

  /** `snapshot`: as the database has it. */
  constructor(key: SessionKey, state: SessionState, snapshot?: SessionSnapshot) {
    this.key = key
    this.state = state
    this.fold = new SessionFold(snapshot)
  }

  get stored(): StoredSession {
    const { fold, key, state } = this
    return { key, state, snapshot: fold.snapshot(key, state.createdAtWallMs), isUnsettled: true }
  }
}

/**
 * Makes of what the database has, and of the batches in the log, what there was when the last batch
 * was safe. Of a batch that the database has settled for a session, nothing counts for it any more.
 */
export class Recovery implements ChangeHandler {
  /** What the log says nothing of is left in here. */
  readonly settled: Map<number, SettledSession>
  readonly logged = new Map<number, LoggedSession>()
  /** Sessions that the log says have ended, and whether there may be pages of them. */
  readonly over = new Map<number, boolean>()
  /** By topic; the one that changed last comes last. */
  readonly retained = new Map<string, LoggedRetained>()
  /** The highest generation that the log names. */
  lastGeneration = 0
  readonly #offset: TimeOffset
  #batch = 0
  #generation = 0
  #session: LoggedSession | undefined

  constructor(settled: Map<number, SettledSession>, offset: TimeOffset) {
    this.settled = settled
    this.#offset = offset
  }

  /** Takes in the next batch. Throws: DamagedBytes. */
  apply(batch: LogBatch): void {
    const { bytes, end, number, start } = batch
    this.#batch = number
    this.#session = undefined
    readChanges(bytes, new ByteReader(bytes, start, end), this.#offset, this)
  }

  session(generation: number): void {
    this.#generation = generation
    this.lastGeneration = Math.max(this.lastGeneration, generation)
    this.#session = this.logged.get(generation)
    const settled = this.settled.get(generation)
    if (settled === undefined || settled.number >= this.#batch) return
    const { key, snapshot, state } = decodeSession(generation, settled.bytes, this.#offset)
    this.#session = new LoggedSession(key, state, snapshot)
    this.#session.hadQueue = true
    this.settled.delete(generation)
    this.logged.set(generation, this.#session)
  }

  began(clientId: string, state: SessionState): void {
    const generation = this.#generation
    if (this.settled.has(generation)) return
    this.#session = new LoggedSession({ clientId, generation }, state)
    this.logged.set(generation, this.#session)
  }

  changed(state: SessionState): void {
    if (this.#session !== undefined) this.#session.state = state
  }

  ended(): void {
    const generation = this.#generation
    const hadQueue = this.settled.has(generation) || this.#session?.hadQueue === true
    this.#session = undefined
    this.logged.delete(generation)
    this.settled.delete(generation)
    this.over.set(generation, hadQueue || this.over.get(generation) === true)
  }

  subscribed(filter: string, options: SubscriptionOptions): void {
    this.#session?.fold.apply({ type: 'subscribed', filter, options })
  }

  unsubscribed(filter: string): void {
    this.#session?.fold.apply({ type: 'unsubscribed', filter })
  }

  queued(lane: LaneKey, sequence: number, message: EncodedMessage, delivery: Delivery): void {
    if (this.#session === undefined) return
    this.#session.hadQueue = true
    this.#session.queued ??= new Map()
    const entries = this.#session.queued.get(lane)
    if (entries === undefined) this.#session.queued.set(lane, [{ sequence, message, delivery }])
    else entries.push({ sequence, message, delivery })
  }

  lane(lane: LaneSnapshot): void {
    if (this.#session === undefined) return
    this.#session.fold.apply({ type: 'lane', lane })
    if (lane.length === 0) this.#session.queued?.delete(lane.key)
  }

  slot(
    packetId: number,
    order: number,
    qos: QoS,
    encoded: EncodedMessage,
    delivery: Delivery,
  ): void {
    if (this.#session === undefined) return
    const message = this.decode(encoded)
    this.#session.fold.apply({ type: 'slot', packetId, order, qos, message, delivery })
  }

  released(packetId: number, order: number): void {
    this.#session?.fold.apply({ type: 'released', packetId, order })
  }

  freed(packetId: number): void {
    this.#session?.fold.apply({ type: 'freed', packetId })
  }

  awaitingRel(packetId: number, receivedAt: number): void {
    this.#session?.fold.apply({ type: 'awaitingRel', packetId, receivedAt })
  }

  relReceived(packetId: number): void {
    this.#session?.fold.apply({ type: 'relReceived', packetId })
  }

  retainedSet(message: EncodedMessage): void {
    this.#retain(this.decode(message).topic, message)
  }

  retainedCleared(topic: string): void {
    this.#retain(topic, undefined)
  }

  decode({ bytes, end, start }: EncodedMessage) {
    return readMessage(new ByteReader(bytes, start, end), this.#offset)
  }

  #retain(topic: string, message: EncodedMessage | undefined): void {
    this.retained.delete(topic)
    this.retained.set(topic, { number: this.#batch, message })
  }
}
