import type { Message } from '../mqtt/message.ts'
import type { Delivery, QoS } from '../mqtt/subscription.ts'
import type { SessionContext } from './context.ts'
import { effectiveQoS, mustRetain } from './delivery.ts'
import type { Lane, LaneKey, LaneSnapshot, QueuedEntry } from './lane.ts'
import { MQueue, priorityOf } from './mqueue.ts'
import { Outgoing, Recorded } from './outgoing.ts'
import type { RetainedItem, Sink } from './ports.ts'
import { RetainedFeed } from './retained-feed.ts'
import type { QueuedSnapshot } from './snapshot.ts'
import type { Step, Window } from './window.ts'

/** What a session's end leaves to give to other members of a shared subscription. */
export interface Undelivered {
  readonly message: Message
  readonly qos: QoS
  readonly delivery: Delivery
}

/**
 * Broker → client: what waits, and how it gets to the window or straight to the socket.
 *
 *     deliver ─┬────────────────────────► window ─┐
 *              └─► mqueue ─┐              ▲       ├─► next ─► sink
 *     sendRetained ─► feed ┴──────────────┴─ QoS 0 ┘
 */
export class Outbound {
  readonly #context: SessionContext
  readonly #window: Window
  #mqueue: MQueue | undefined
  #feed: RetainedFeed | undefined
  #nextSequence: number
  #isDraining = false

  constructor(context: SessionContext, window: Window, firstSequence: number) {
    this.#context = context
    this.#window = window
    this.#nextSequence = firstSequence
  }

  get nextSequence(): number {
    return this.#nextSequence
  }

  /** What waits in the mqueue; undefined when nothing does. */
  get mqueue(): MQueue | undefined {
    return this.#mqueue
  }

  /** Retained messages of new subscriptions that are still to be sent. */
  get retainedLength(): number {
    return this.#feed === undefined ? 0 : this.#feed.length
  }

  /** Whether a message waits: one delivered now must not pass it by. */
  get hasWaiting(): boolean {
    if (this.#window.inflight.unsent !== undefined) return true
    return (this.#mqueue !== undefined && this.#mqueue.length > 0) || this.retainedLength > 0
  }

  /** A connection begins: the classes of the mqueue have their turns anew. */
  beginRound(): void {
    this.#mqueue?.newRound()
  }

  /** The connection has gone: gives back what empty queues cost, and what the store has as well. */
  compact(): void {
    for (const lane of this.#mqueue?.lanes() ?? []) if (lane.readableBelow > 0) lane.evict(0)
    if (this.#mqueue?.isForgettable === true) this.#mqueue = undefined
    if (this.retainedLength === 0) this.#feed = undefined
  }

  /** Forgets what waits: the session is over. */
  clear(): void {
    this.#mqueue?.clear()
    this.#mqueue = undefined
    this.#feed = undefined
  }

  deliver(message: Message, delivery: Delivery, now: number): void {
    const { options } = this.#context
    if (options.ignoreLoopDeliver && this.#isLoop(message)) {
      this.#context.drop(message, 'no_local')
      return
    }
    const qos = this.#qosOf(message, delivery)
    if (message.count > 1) this.#deliverRun(message, delivery, qos, now)
    else if (qos === 0) this.#deliverQoS0(message, delivery)
    else this.#deliverWithId(new Outgoing(message.keep(), delivery, qos), now)
  }

  sendRetained(items: readonly RetainedItem[], delivery: Delivery): void {
    if (this.#feed === undefined) this.#feed = new RetainedFeed()
    this.#feed.push(items, delivery)
  }

  /** The lanes in which something waits, as data. */
  lanes(): LaneSnapshot[] {
    const lanes: LaneSnapshot[] = []
    for (const lane of this.#mqueue?.lanes() ?? []) {
      const snapshot = lane.snapshot()
      if (snapshot.length > 0) lanes.push(snapshot)
    }
    return lanes
  }

  /** What waits in memory as data, by ascending sequence. */
  snapshot(): QueuedSnapshot[] {
    const queued: QueuedSnapshot[] = []
    for (const { sequence, laneKey, message, delivery } of this.#mqueue ?? []) {
      queued.push({ sequence, lane: laneKey, message: message as Message, delivery })
    }
    return queued.sort((a, b) => a.sequence - b.sequence)
  }

  /** Fills an empty mqueue with what a snapshot holds, whatever the limits are now. */
  load(lanes: readonly LaneSnapshot[], queued: readonly QueuedSnapshot[]): void {
    if (lanes.length === 0) return
    const mqueue = this.#openQueue()
    mqueue.restore(lanes, (key) =>
      queued.filter(({ lane }) => lane === key).map((entry) => this.#restored(entry)),
    )
  }

  /** The zone's table of priorities may be another one. */
  usePriorities(): void {
    this.#mqueue?.useTable(this.#context.options)
  }

  /** Takes in a page of a lane; what was dropped before it was read is told now. */
  loadPage(key: LaneKey, entries: readonly QueuedEntry[]): void {
    const lane = this.#mqueue?.lane(key)
    if (lane === undefined) return
    lane.isReading = false
    if (this.#context.sink === undefined && lane.surplus === 0 && !this.#isDraining) return
    if (lane.isReadStale) return this.#readOn(lane)
    const surplus = lane.load(entries, ({ message, delivery }) => this.#qosOf(message, delivery))
    if (surplus.length > 0) this.#context.recorder.lane(lane)
    for (const entry of surplus) this.#context.drop(entry.message as Message, 'queue_full')
    if (lane.surplus > 0) this.#readOn(lane)
  }

  /**
   * The session is over: takes out what waits in memory, lane by lane, and reads on where the store
   * has more that may belong to others. What the store has of the others is dropped unread.
   */
  drain(): Undelivered[] {
    this.#isDraining = true
    const undelivered: Undelivered[] = []
    for (const lane of this.#mqueue?.lanes() ?? []) {
      if (!lane.isShared) this.#context.dropUnread(lane.loseStored(), 'session_end')
      while (lane.first !== undefined) {
        const entry = lane.shift()
        entry.phase = 'ended'
        const { message, qos, delivery } = entry
        undelivered.push({ message: message as Message, qos, delivery })
      }
      this.#context.recorder.lane(lane)
      if (lane.storedLength > 0) this.#readOn(lane)
    }
    return undelivered
  }

  /** Reads on what a lane of the store lacks; asked when a client is back. */
  readOn(): void {
    for (const lane of this.#mqueue?.lanes() ?? []) this.#readAhead(lane)
  }

  /** Takes the next message out of the feed or the mqueue: to the window, or at QoS 0 to the socket. */
  takeOne(sink: Sink, now: number): Step {
    if (this.#feed !== undefined && this.#feed.length > 0) {
      return this.#takeRetained(this.#feed, sink, now)
    }
    const lane = this.#mqueue?.turn()
    if (this.#mqueue === undefined || lane === undefined) return 'blocked'
    const { first } = lane
    if (first !== undefined) return this.#takeQueued(this.#mqueue, lane, first, sink, now)
    this.#readOn(lane)
    return 'blocked'
  }

  /** A run passes whole where every byte of it is what this client needs, else message by message. */
  #deliverRun(run: Message, delivery: Delivery, qos: QoS, now: number): void {
    const { sink, stats } = this.#context
    const isPlain = qos === 0 && delivery.subscriptionIds === undefined && !run.retain
    if (isPlain && run.expiresAt === Number.POSITIVE_INFINITY) {
      if (sink?.writable === true && !this.hasWaiting && sink.frames(run.frame)) {
        stats.delivered += run.count
        return
      }
    }
    for (const message of run.split()) this.deliver(message, delivery, now)
  }

  #deliverQoS0(message: Message, delivery: Delivery): void {
    const { sink, options } = this.#context
    const canSend = sink?.writable === true
    if (canSend && !this.hasWaiting) {
      this.#sendQoS0(message, delivery, sink)
    } else if (options.mqueueStoreQoS0 || (canSend && this.#mqueue?.hasQoS0 === true)) {
      this.#enqueue(new Outgoing(message.keep(), delivery, 0))
    } else if (canSend) {
      // It may overtake QoS 1 and 2, but no QoS 0 that waits since the zone still stored it.
      this.#sendQoS0(message, delivery, sink)
    } else {
      this.#context.drop(message, 'qos0_msg')
    }
  }

  #deliverWithId(entry: Outgoing, now: number): void {
    const { sink } = this.#context
    const isNext =
      this.retainedLength === 0 && (this.#mqueue === undefined || this.#mqueue.length === 0)
    if (sink?.writable !== true || !isNext || !this.#window.hasRoom) {
      this.#enqueue(entry)
      return
    }
    this.#window.take(entry)
    this.#window.sendTaken(entry, sink, now)
  }

  /** Joins the mqueue, which may cost another entry its place, or `entry` its own. */
  #enqueue(entry: Outgoing): void {
    const { options, recorder, stats } = this.#context
    const mqueue = this.#openQueue()
    const priority = priorityOf((entry.message as Message).topic, options)
    if (!this.#makeRoom(mqueue, entry, priority)) return
    entry.sequence = this.#nextSequence++
    const lane = mqueue.push(entry, priority)
    stats.enqueued++
    recorder.entry(entry)
    recorder.lane(lane)
  }

  #makeRoom(mqueue: MQueue, entry: Outgoing, priority: number): boolean {
    for (;;) {
      const crowded = mqueue.crowdedBy(entry, priority, this.#context.options)
      if (crowded === undefined) return true
      if (crowded === 'entry') {
        this.#dropFull(entry)
        return false
      }
      const oldest = crowded.dropOldest()
      if (oldest === undefined) this.#readOn(crowded)
      else {
        this.#context.recorder.lane(crowded)
        this.#dropFull(oldest)
      }
    }
  }

  #dropFull(entry: Outgoing): void {
    entry.phase = 'ended'
    this.#context.drop(entry.message as Message, 'queue_full')
  }

  #restored({ sequence, message, delivery }: QueuedEntry): Outgoing {
    const entry = new Outgoing(message, delivery, this.#qosOf(message, delivery))
    entry.sequence = sequence
    entry.recorded = Recorded.Queued
    return entry
  }

  #qosOf(message: Message, delivery: Delivery): QoS {
    return effectiveQoS(message.qos, delivery.qos, this.#context.options.upgradeQoS)
  }

  #readOn(lane: Lane): void {
    if (lane.isReading) return
    lane.isReading = true
    this.#context.recorder.readOn(lane)
  }

  /** Asks for the next page before the last one is used up. */
  #readAhead(lane: Lane): void {
    const { sink, memoryWindow } = this.#context
    if (sink === undefined || lane.storedLength === 0) return
    if (lane.front.length * 2 <= memoryWindow) this.#readOn(lane)
  }

  #openQueue(): MQueue {
    const { observer, options } = this.#context
    if (this.#mqueue === undefined) this.#mqueue = new MQueue(options, observer.queued)
    return this.#mqueue
  }

  #takeRetained(feed: RetainedFeed, sink: Sink, now: number): Step {
    const { message } = feed
    if (message === undefined) {
      if (feed.length === 0) return 'moved'
      feed.fetch(() => this.#context.sink?.wake())
      return 'blocked'
    }
    const { delivery } = feed
    if (message.isExpired(now)) {
      feed.advance()
      this.#context.drop(message, 'expired')
      return 'moved'
    }
    const qos = this.#qosOf(message, delivery)
    if (!this.#mayLeave(qos)) return 'blocked'
    feed.advance()
    if (qos === 0) return this.#sendQoS0(message, delivery, sink)
    this.#window.take(new Outgoing(message.keep(), delivery, qos))
    return 'moved'
  }

  #takeQueued(mqueue: MQueue, lane: Lane, entry: Outgoing, sink: Sink, now: number): Step {
    const message = entry.message as Message
    const isExpired = message.isExpired(now)
    if (!isExpired && !this.#mayLeave(entry.qos)) return 'blocked'
    mqueue.takeFrom(lane)
    this.#context.recorder.lane(lane)
    if (lane.storedLength > 0) this.#readAhead(lane)
    if (!isExpired && entry.qos > 0) {
      this.#window.take(entry)
      return 'moved'
    }
    entry.phase = 'ended'
    if (!isExpired) return this.#sendQoS0(message, entry.delivery, sink)
    this.#context.drop(message, 'expired')
    return 'moved'
  }

  /** QoS 1 and 2 want a slot; QoS 0 wants nothing in the window to be before it. */
  #mayLeave(qos: QoS): boolean {
    return qos === 0 ? this.#window.inflight.unsent === undefined : this.#window.hasRoom
  }

  #sendQoS0(message: Message, delivery: Delivery, sink: Sink): Step {
    const retain = mustRetain(message, delivery)
    if (!sink.publish(message, 0, retain, false, 0, delivery.subscriptionIds)) {
      this.#context.drop(message, 'too_large')
      return 'moved'
    }
    this.#context.stats.delivered++
    return 'sent'
  }

  /** An MQTT 3.x client does not get its own messages back: it has no No Local to ask for it. */
  #isLoop(message: Message): boolean {
    return this.#context.protocolVersion < 5 && message.from === this.#context.clientId
  }
}
