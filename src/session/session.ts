import { assert } from '../base/assert.ts'
import type { Message } from '../mqtt/message.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { Delivery, SubscriptionOptions } from '../mqtt/subscription.ts'
import { type Connection, SessionContext } from './context.ts'
import {
  attributesOf,
  infoOf,
  type SessionAttributes,
  type SessionInfo,
  type SessionParts,
  type SessionStats,
  statsOf,
} from './info.ts'
import type { Lane, LaneKey, QueuedEntry } from './lane.ts'
import { Machinery } from './machinery.ts'
import { noRecorder } from './no-recorder.ts'
import type { SessionOptions } from './options.ts'
import type { Undelivered } from './outbound.ts'
import type { Recorder, RetainedItem, SessionObserver, Sink } from './ports.ts'
import { emptySnapshot, type SessionSnapshot } from './snapshot.ts'
import { type SubscriptionMap, Subscriptions } from './subscriptions.ts'

/** Where numbers begin. */
const fresh = { nextPacketId: 1, nextSequence: 1 } as const

export type { Undelivered } from './outbound.ts'

/**
 * A box: messages and acknowledgements go in, packets come out through one door, `next`. It does
 * no I/O and reads no clock; what must survive goes to its recorder, what others want to know to
 * its observer, and a client's faults come back as refusals.
 *
 * Invariants: 1. the window, the lane of PUBRELs and the mqueue keep theirs (`inflight.ts`,
 * `mqueue.ts`). 2. on a connection never more than its receive maximum is sent and unfinished.
 * 3. awaiting-rel ids outlive connections and are never more than `awaitingRelMax` of the options
 * that they came in under. 4. without a connection nothing is sent.
 */
export class Session {
  readonly clientId: string
  /** Grows with every session of this client id; a late record of an older one revives nothing. */
  readonly generation: number
  readonly createdAtWallMs: number
  readonly #context: SessionContext
  readonly #subscriptions = new Subscriptions()
  /** While something is under way. */
  #machinery: Machinery | undefined
  /** What the machinery goes on with. */
  #nextPacketId: number
  #nextSequence: number

  constructor(
    clientId: string,
    generation: number,
    options: SessionOptions,
    recorder: Recorder,
    observer: SessionObserver,
    createdAtWallMs: number,
    from: Pick<SessionSnapshot, 'nextPacketId' | 'nextSequence'> = fresh,
  ) {
    this.clientId = clientId
    this.generation = generation
    this.createdAtWallMs = createdAtWallMs
    this.#context = new SessionContext(clientId, options, recorder, observer)
    this.#nextPacketId = from.nextPacketId
    this.#nextSequence = from.nextSequence
  }

  /** The session that a snapshot was taken of, without a connection. Its state counts as safe. */
  static restore(
    snapshot: SessionSnapshot,
    options: SessionOptions,
    recorder: Recorder,
    observer: SessionObserver,
  ): Session {
    const { clientId, generation, createdAtWallMs } = snapshot
    const session = new Session(
      clientId,
      generation,
      options,
      recorder,
      observer,
      createdAtWallMs,
      snapshot,
    )
    session.#load(snapshot)
    return session
  }

  get options(): SessionOptions {
    return this.#context.options
  }

  /** Other limits, as from another zone; what waits meets them at the next insert. */
  reconfigure(options: SessionOptions): void {
    this.#context.options = options
    this.#machinery?.outbound.usePriorities()
  }

  get recorder(): Recorder {
    return this.#context.recorder
  }

  /** The batch that an answer waits for which says that a change of the session is safe; 0 for none. */
  get answerBatch(): number {
    const { committed, openBatch } = this.recorder
    return committed === Number.POSITIVE_INFINITY ? 0 : openBatch
  }

  get isDurable(): boolean {
    return this.#context.recorder !== noRecorder
  }

  /**
   * From here on changes go to `recorder`, which is told of all there is; QoS 2 packets still to be
   * sent wait for its open batch. Nothing of it may be only in the store.
   */
  recordTo(recorder: Recorder): void {
    assert(!this.hasStored, 'what is only in the store belongs to the recorder that it has')
    this.#context.recorder = recorder
    for (const filter of this.subscriptions.keys()) recorder.subscription(filter)
    this.#machinery?.recordAnew(recorder)
  }

  /** Whether some of its queue is only in the store. */
  get hasStored(): boolean {
    for (const { storedLength } of this.lanes) if (storedLength > 0) return true
    return false
  }

  /** The lanes of its queue, for its recorder. */
  get lanes(): Iterable<Lane> {
    return this.#machinery?.outbound.mqueue?.lanes() ?? []
  }

  /** Entries of a lane that stay in memory where the store has them too. */
  get memoryWindow(): number {
    return this.#context.memoryWindow
  }

  /** Takes in entries of a lane that were asked for (`Recorder.readOn`); the owner pumps afterwards. */
  page(lane: LaneKey, entries: readonly QueuedEntry[]): void {
    this.#machinery?.outbound.loadPage(lane, entries)
  }

  get subscriptions(): SubscriptionMap {
    return this.#subscriptions
  }

  /** Answers whether the subscription is new. Refuses: QuotaExceeded. [MQTT-3.8.4-3] */
  subscribe(filter: string, options: SubscriptionOptions): boolean | Refusal {
    const isNew = this.#subscriptions.subscribe(filter, options, this.options.subscriptionsMax)
    if (!(isNew instanceof Refusal)) this.recorder.subscription(filter)
    return isNew
  }

  /** Answers what the filter was subscribed with; undefined when it was not. */
  unsubscribe(filter: string): SubscriptionOptions | undefined {
    const options = this.#subscriptions.unsubscribe(filter)
    if (options !== undefined) this.recorder.subscription(filter)
    return options
  }

  /**
   * A QoS 2 PUBLISH of the client: `new` ones are to be routed, once; a `duplicate` is not, and is
   * answered again. Refuses: ReceiveMaximumExceeded. [MQTT-4.3.3-8] [MQTT-4.3.3-10]
   */
  receive(packetId: number, now: number): 'new' | 'duplicate' | Refusal {
    return this.#running.inbound.receive(packetId, now)
  }

  /** PUBREC ≥ 0x80 was the answer: the id stands for a new message from now on. [MQTT-4.3.3-9] */
  forget(packetId: number): void {
    this.#machinery?.inbound.release(packetId)
  }

  /** PUBREL of the client; answers false for an id that was not waiting for it. [MQTT-4.3.3-11] */
  pubrel(packetId: number): boolean {
    return this.#machinery?.inbound.release(packetId) === true
  }

  /**
   * Forgets ids that have waited for PUBREL longer than the zone allows. Answers the monotonic ms
   * at which to call again; undefined when never.
   */
  expireAwaitingRel(now: number): number | undefined {
    const timeoutMs = this.options.awaitingRelTimeoutMs
    if (timeoutMs === Number.POSITIVE_INFINITY) return undefined
    return this.#machinery?.inbound.expire(now, timeoutMs) ?? now + timeoutMs
  }

  /**
   * Takes a message that a subscription matched. It is sent, waits for a slot, the socket or the
   * client, or is dropped by a stated limit and told; the publisher never waits for it.
   */
  deliver(message: Message, delivery: Delivery, now: number): void {
    this.#running.outbound.deliver(message, delivery, now)
  }

  /**
   * Takes the retained messages of a new subscription. They are sent before what is
   * in the mqueue, as window and socket allow, and count to no limit of the mqueue.
   */
  sendRetained(items: readonly RetainedItem[], delivery: Delivery): void {
    this.#running.outbound.sendRetained(items, delivery)
  }

  /** Retained messages still to be sent. */
  get retainedLength(): number {
    return this.#machinery?.outbound.retainedLength ?? 0
  }

  /**
   * The door: sends at most one packet. First what the connection has not seen of the window, in
   * the original order with the original ids, PUBREL whatever the quota is; then retained
   * messages; then the mqueue. Answers false when nothing can go: no connection, the socket or the
   * window is full, QoS 2 waits for its commit, or nothing is left.
   */
  next(now: number): boolean {
    const { sink } = this.#context
    const machinery = this.#machinery
    if (sink === undefined || machinery === undefined) return false
    while (sink.writable) {
      let step = machinery.window.sendUnsent(sink, now)
      if (step === 'blocked') step = machinery.outbound.takeOne(sink, now)
      if (step === 'sent') return true
      if (step === 'blocked') return false
    }
    return false
  }

  /** See `Window.puback`. */
  puback(packetId: number, _reasonCode: number, _now: number): Refusal | undefined {
    return this.#running.window.puback(packetId)
  }

  /** See `Window.pubrec`. */
  pubrec(packetId: number, reasonCode: number, now: number): Refusal | undefined {
    return this.#running.window.pubrec(packetId, reasonCode, now)
  }

  /** See `Window.pubcomp`. */
  pubcomp(packetId: number, _reasonCode: number, _now: number): Refusal | undefined {
    return this.#running.window.pubcomp(packetId)
  }

  /** See `Window.retry`. */
  retry(now: number): number | undefined {
    return this.#machinery?.window.retry(now)
  }

  /** A connection has come; its quota is whole. [MQTT-4.9.0-1] */
  attach(sink: Sink, connection: Connection, _now: number): void {
    assert(this.#context.sink === undefined, 'a session has one connection at a time')
    this.#context.sink = sink
    this.#context.receiveMaximum = connection.receiveMaximum
    this.#context.protocolVersion = connection.protocolVersion
    this.#machinery?.outbound.beginRound()
    this.#machinery?.outbound.readOn()
  }

  /** The connection has gone; all in flight is unsent again and waits for the next one. */
  detach(_now: number): void {
    this.#context.sink = undefined
    this.#machinery?.detach()
    if (this.#machinery?.isIdle === true) this.#rest(this.#machinery)
  }

  get isConnected(): boolean {
    return this.#context.sink !== undefined
  }

  /** Has a connection whose socket takes more. */
  get isWritable(): boolean {
    return this.#context.sink?.writable === true
  }

  /** Whether there is something that `next` might send. */
  get hasWaiting(): boolean {
    if (this.#machinery === undefined) return false
    const { outbound, window } = this.#machinery
    return outbound.hasWaiting || window.inflight.unsentPubrel !== undefined
  }

  /** Whether its next packet waits for a commit: to be pumped when that is done. */
  get waitsForCommit(): boolean {
    return this.#machinery?.window.waitsForCommit === true
  }

  /** Bytes that wait in the mqueue. */
  get queuedBytes(): number {
    return this.#machinery?.outbound.mqueue?.bytes ?? 0
  }

  /**
   * At the session's end: QoS 1 in flight in the order of first sends, then the mqueue. What came
   * over a shared subscription goes to other members; the caller counts the rest as `session_end`.
   * QoS 2 in flight never moves and is counted here. Where `hasStored`, `drainOn` has more when a
   * page has come; what came over no shared subscription is not worth reading. [MQTT-4.8.2-5]
   */
  drain(): Undelivered[] {
    return this.#machinery?.drain() ?? []
  }

  /** What has been read since `drain`. */
  drainOn(): Undelivered[] {
    return this.#machinery?.outbound.drain() ?? []
  }

  /** Forgets what waits: nothing of it is wanted any more. */
  clear(): void {
    this.#machinery?.outbound.clear()
  }

  snapshot(): SessionSnapshot {
    const { clientId, createdAtWallMs, generation } = this
    const nothing = emptySnapshot(clientId, generation, createdAtWallMs)
    const subscriptions = this.#subscriptions.entries()
    if (this.#machinery !== undefined)
      return { ...nothing, subscriptions, ...this.#machinery.snapshot() }
    return {
      ...nothing,
      subscriptions,
      nextPacketId: this.#nextPacketId,
      nextSequence: this.#nextSequence,
    }
  }

  /** Everything that it tells of itself. */
  info(): SessionInfo {
    return infoOf(this.#parts(), this.createdAtWallMs)
  }

  /** What stays as it is. */
  attrs(): SessionAttributes {
    return attributesOf(this.#context, this.createdAtWallMs)
  }

  /** What counts. */
  stats(): SessionStats {
    return statsOf(this.#parts())
  }

  /** Throws: AssertionError, when an invariant of the header does not hold. */
  checkInvariants(): void {
    this.#machinery?.checkInvariants()
    assert(this.isConnected || !this.isWritable, 'nothing is sent without a connection')
  }

  #load(snapshot: SessionSnapshot): void {
    for (const [filter, options] of snapshot.subscriptions) {
      this.#subscriptions.set(filter, options)
    }
    const { awaitingRel, inflight, lanes } = snapshot
    if (awaitingRel.length + inflight.length + lanes.length === 0) return
    this.#running.load(snapshot)
  }

  /** The machinery, set up when it was not. */
  get #running(): Machinery {
    if (this.#machinery !== undefined) return this.#machinery
    this.#machinery = new Machinery(this.#context, this.#nextPacketId, this.#nextSequence)
    return this.#machinery
  }

  #rest({ outbound, window }: Machinery): void {
    this.#nextPacketId = window.inflight.nextPacketId
    this.#nextSequence = outbound.nextSequence
    this.#machinery = undefined
  }

  #parts(): SessionParts {
    return {
      context: this.#context,
      subscriptions: this.#subscriptions,
      machinery: this.#machinery,
      nextPacketId: this.#machinery?.window.inflight.nextPacketId ?? this.#nextPacketId,
    }
  }
}
