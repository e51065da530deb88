import { assert } from '../base/assert.ts'
import type { Message } from '../mqtt/message.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../mqtt/subscription.ts'
import { AwaitingRel } from './awaiting-rel.ts'
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
import { noRecorder } from './no-recorder.ts'
import type { SessionOptions } from './options.ts'
import { Outbound } from './outbound.ts'
import type { Recorder, RetainedItem, SessionObserver, Sink } from './ports.ts'
import { emptySnapshot, type SessionSnapshot } from './snapshot.ts'
import { Subscriptions } from './subscriptions.ts'
import { Window } from './window.ts'

/** What a session's end leaves to give to other members of a shared subscription. */
export interface Undelivered {
  readonly message: Message
  readonly qos: QoS
  readonly delivery: Delivery
}

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
  readonly #window: Window
  readonly #outbound: Outbound
  readonly #subscriptions = new Subscriptions()
  readonly #awaitingRel = new AwaitingRel()

  constructor(
    clientId: string,
    generation: number,
    options: SessionOptions,
    recorder: Recorder,
    observer: SessionObserver,
    createdAtWallMs: number,
    from: SessionSnapshot = emptySnapshot(clientId, generation, createdAtWallMs),
  ) {
    this.clientId = clientId
    this.generation = generation
    this.createdAtWallMs = createdAtWallMs
    this.#context = new SessionContext(clientId, options, recorder, observer)
    this.#window = new Window(this.#context, from.nextPacketId)
    this.#outbound = new Outbound(this.#context, this.#window, from.nextSequence)
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
    const before = this.#context.options
    this.#context.options = options
    const isSameTable =
      before.mqueuePriorities === options.mqueuePriorities &&
      before.mqueueDefaultPriority === options.mqueueDefaultPriority
    if (!isSameTable) this.#outbound.reclassify()
  }

  get recorder(): Recorder {
    return this.#context.recorder
  }

  get isDurable(): boolean {
    return this.#context.recorder !== noRecorder
  }

  /** From here on changes go to `recorder`; QoS 2 packets still to be sent wait for its open batch. */
  recordTo(recorder: Recorder): void {
    this.#context.recorder = recorder
    this.#window.inflight.rebatch(recorder.openBatch)
  }

  get subscriptions(): ReadonlyMap<string, SubscriptionOptions> {
    return this.#subscriptions.map
  }

  /** Answers whether the subscription is new. Refuses: QuotaExceeded. [MQTT-3.8.4-3] */
  subscribe(filter: string, options: SubscriptionOptions): boolean | Refusal {
    const isNew = this.#subscriptions.set(filter, options, this.options.subscriptionsMax)
    if (!(isNew instanceof Refusal)) this.recorder.subscribed(filter, options)
    return isNew
  }

  /** Answers what the filter was subscribed with; undefined when it was not. */
  unsubscribe(filter: string): SubscriptionOptions | undefined {
    const options = this.#subscriptions.remove(filter)
    if (options !== undefined) this.recorder.unsubscribed(filter)
    return options
  }

  /**
   * A QoS 2 PUBLISH of the client: `new` ones are to be routed, once; a `duplicate` is not, and is
   * answered again. Refuses: ReceiveMaximumExceeded. [MQTT-4.3.3-8] [MQTT-4.3.3-10]
   */
  receive(packetId: number, now: number): 'new' | 'duplicate' | Refusal {
    if (this.#awaitingRel.has(packetId)) return 'duplicate'
    if (this.#awaitingRel.size >= this.options.awaitingRelMax) {
      const because = `more than ${this.options.awaitingRelMax} QoS 2 messages wait for PUBREL`
      return new Refusal(ReasonCode.ReceiveMaximumExceeded, because)
    }
    this.#awaitingRel.add(packetId, now)
    this.recorder.awaitingRel(packetId, now)
    return 'new'
  }

  /** PUBREC ≥ 0x80 was the answer: the id stands for a new message from now on. [MQTT-4.3.3-9] */
  forget(packetId: number): void {
    if (this.#awaitingRel.remove(packetId)) this.recorder.relReceived(packetId)
  }

  /** PUBREL of the client; answers false for an id that was not waiting for it. [MQTT-4.3.3-11] */
  pubrel(packetId: number): boolean {
    const wasWaiting = this.#awaitingRel.remove(packetId)
    if (wasWaiting) this.recorder.relReceived(packetId)
    return wasWaiting
  }

  /**
   * Forgets ids that have waited for PUBREL longer than the zone allows. Answers the monotonic ms
   * at which to call again; undefined when never.
   */
  expireAwaitingRel(now: number): number | undefined {
    const timeoutMs = this.options.awaitingRelTimeoutMs
    if (timeoutMs === Number.POSITIVE_INFINITY) return undefined
    for (;;) {
      const oldest = this.#awaitingRel.oldest()
      if (oldest === undefined) return now + timeoutMs
      const [packetId, receivedAt] = oldest
      if (receivedAt + timeoutMs > now) return receivedAt + timeoutMs
      this.forget(packetId)
      this.#context.observer.awaitingRelExpired(this.clientId, packetId)
    }
  }

  /**
   * Takes a message that a subscription matched. It is sent, waits for a slot, the socket or the
   * client, or is dropped by a stated limit and told; the publisher never waits for it.
   */
  deliver(message: Message, delivery: Delivery, now: number): void {
    this.#outbound.deliver(message, delivery, now)
  }

  /**
   * Takes the retained messages of a new subscription. They are sent before what is
   * in the mqueue, as window and socket allow, and count to no limit of the mqueue.
   */
  sendRetained(items: readonly RetainedItem[], delivery: Delivery): void {
    this.#outbound.sendRetained(items, delivery)
  }

  /** Retained messages still to be sent. */
  get retainedLength(): number {
    return this.#outbound.retainedLength
  }

  /**
   * The door: sends at most one packet. First what the connection has not seen of the window, in
   * the original order with the original ids, PUBREL whatever the quota is; then retained
   * messages; then the mqueue. Answers false when nothing can go: no connection, the socket or the
   * window is full, QoS 2 waits for its commit, or nothing is left.
   */
  next(now: number): boolean {
    const { sink } = this.#context
    if (sink === undefined) return false
    while (sink.writable) {
      let step = this.#window.sendUnsent(sink, now)
      if (step === 'blocked') step = this.#outbound.takeOne(sink, now)
      if (step === 'sent') return true
      if (step === 'blocked') return false
    }
    return false
  }

  /** See `Window.puback`. */
  puback(packetId: number, _reasonCode: number, _now: number): Refusal | undefined {
    return this.#window.puback(packetId)
  }

  /** See `Window.pubrec`. */
  pubrec(packetId: number, reasonCode: number, now: number): Refusal | undefined {
    return this.#window.pubrec(packetId, reasonCode, now)
  }

  /** See `Window.pubcomp`. */
  pubcomp(packetId: number, _reasonCode: number, _now: number): Refusal | undefined {
    return this.#window.pubcomp(packetId)
  }

  /** See `Window.retry`. */
  retry(now: number): number | undefined {
    return this.#window.retry(now)
  }

  /** A connection has come; its quota is whole. [MQTT-4.9.0-1] */
  attach(sink: Sink, connection: Connection, _now: number): void {
    assert(this.#context.sink === undefined, 'a session has one connection at a time')
    this.#context.sink = sink
    this.#context.receiveMaximum = connection.receiveMaximum
    this.#context.protocolVersion = connection.protocolVersion
    this.#outbound.beginRound()
  }

  /** The connection has gone; all in flight is unsent again and waits for the next one. */
  detach(_now: number): void {
    this.#context.sink = undefined
    this.#window.inflight.rewind()
    this.#outbound.compact()
    this.#awaitingRel.compact()
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
    return this.#outbound.hasWaiting || this.#window.inflight.unsentPubrel !== undefined
  }

  /** Whether its next packet waits for a commit: to be pumped when that is done. */
  get waitsForCommit(): boolean {
    return this.#window.waitsForCommit
  }

  /** Bytes that wait in the mqueue. */
  get queuedBytes(): number {
    return this.#outbound.mqueue?.bytes ?? 0
  }

  /**
   * At the session's end: QoS 1 in flight in the order of first sends, then the mqueue. What came
   * over a shared subscription goes to other members; the caller counts the rest as `session_end`.
   * QoS 2 in flight never moves and is counted here. The session is not used afterwards. [MQTT-4.8.2-5]
   */
  drainForRedispatch(): Undelivered[] {
    const undelivered: Undelivered[] = []
    for (let slot = this.#window.inflight.first; slot !== undefined; slot = slot.next) {
      const { message, qos, delivery } = slot
      if (message === undefined || slot.phase === 'pubrel') continue
      if (qos === 1) undelivered.push({ message, qos, delivery })
      else this.#context.drop(message, 'session_end')
    }
    for (const { message, qos, delivery } of this.#outbound.mqueue ?? []) {
      undelivered.push({ message: message as Message, qos, delivery })
    }
    this.#outbound.clear()
    return undelivered
  }

  snapshot(): SessionSnapshot {
    return {
      clientId: this.clientId,
      generation: this.generation,
      createdAtWallMs: this.createdAtWallMs,
      subscriptions: [...this.subscriptions],
      nextPacketId: this.#window.inflight.nextPacketId,
      nextSequence: this.#outbound.nextSequence,
      inflight: this.#window.snapshot(),
      mqueue: this.#outbound.snapshot(),
      awaitingRel: this.#awaitingRel.toArray(),
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
    const { inflight } = this.#window
    inflight.checkInvariants()
    this.#outbound.mqueue?.checkInvariants()
    assert(inflight.quotaUsed <= this.#context.receiveMaximum, 'the receive maximum is kept')
    assert(this.isConnected || !this.isWritable, 'nothing is sent without a connection')
  }

  #load(snapshot: SessionSnapshot): void {
    for (const [filter, options] of snapshot.subscriptions) {
      this.#subscriptions.set(filter, options, Number.POSITIVE_INFINITY)
    }
    this.#window.load(snapshot.inflight)
    this.#outbound.load(snapshot.mqueue)
    for (const [packetId, receivedAt] of snapshot.awaitingRel) {
      this.#awaitingRel.add(packetId, receivedAt)
    }
  }

  #parts(): SessionParts {
    return {
      context: this.#context,
      window: this.#window,
      outbound: this.#outbound,
      subscriptions: this.#subscriptions,
      awaitingRel: this.#awaitingRel,
    }
  }
}
