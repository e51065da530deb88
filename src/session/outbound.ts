import type { Message } from '../mqtt/message.ts'
import type { Delivery, QoS } from '../mqtt/subscription.ts'
import type { SessionContext } from './context.ts'
import { effectiveQoS, mustRetain } from './delivery.ts'
import { MQueue, priorityOf } from './mqueue.ts'
import { Outgoing } from './outgoing.ts'
import type { RetainedItem, Sink } from './ports.ts'
import { RetainedFeed } from './retained-feed.ts'
import type { QueuedSnapshot } from './snapshot.ts'
import type { Step, Window } from './window.ts'

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

  /** Gives back what empty queues cost. */
  compact(): void {
    if (this.#mqueue?.length === 0) this.#mqueue = undefined
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
    const qos = effectiveQoS(message.qos, delivery.qos, options.upgradeQoS)
    if (message.count > 1) this.#deliverRun(message, delivery, qos, now)
    else if (qos === 0) this.#deliverQoS0(message, delivery)
    else this.#deliverWithId(new Outgoing(message.keep(), delivery, qos), now)
  }

  sendRetained(items: readonly RetainedItem[], delivery: Delivery): void {
    if (this.#feed === undefined) this.#feed = new RetainedFeed()
    this.#feed.push(items, delivery)
  }

  /** The mqueue as data, by ascending sequence. */
  snapshot(): QueuedSnapshot[] {
    const queued: QueuedSnapshot[] = []
    for (const entry of this.#mqueue ?? []) {
      const { sequence, priority, delivery } = entry
      queued.push({ sequence, priority, message: entry.message as Message, delivery })
    }
    return queued.sort((a, b) => a.sequence - b.sequence)
  }

  /** Fills an empty mqueue with what a snapshot holds, whatever the limits are now. */
  load(queued: readonly QueuedSnapshot[]): void {
    const { upgradeQoS } = this.#context.options
    for (const { sequence, message, delivery } of queued) {
      const qos = effectiveQoS(message.qos, delivery.qos, upgradeQoS)
      const entry = new Outgoing(message, delivery, qos)
      entry.sequence = sequence
      this.#push(entry)
    }
  }

  /**
   * The zone's table of priorities may be another one: what waits moves to the classes that it
   * says now, else a new message of a topic could pass an older one in another class.
   */
  reclassify(): void {
    const queued = [...(this.#mqueue ?? [])].sort((a, b) => a.sequence - b.sequence)
    this.#mqueue?.clear()
    for (const entry of queued) {
      entry.unlink()
      this.#push(entry)
    }
  }

  /** Takes the next message out of the feed or the mqueue: to the window, or at QoS 0 to the socket. */
  takeOne(sink: Sink, now: number): Step {
    if (this.#feed !== undefined && this.#feed.length > 0) {
      return this.#takeRetained(this.#feed, sink, now)
    }
    if (this.#mqueue === undefined) return 'blocked'
    const entry = this.#mqueue.first()
    if (entry === undefined) return 'blocked'
    return this.#takeQueued(this.#mqueue, entry, sink, now)
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
    const message = entry.message as Message
    const mqueue = this.#openQueue()
    entry.priority = priorityOf(message.topic, options)
    if (!this.#makeRoom(mqueue, entry)) return
    entry.sequence = this.#nextSequence++
    mqueue.push(entry)
    stats.enqueued++
    recorder.queued(entry.sequence, entry.priority, message, entry.delivery)
  }

  #makeRoom(mqueue: MQueue, entry: Outgoing): boolean {
    const { options, recorder } = this.#context
    for (;;) {
      const victim = mqueue.victimFor(entry, options)
      if (victim === undefined) return true
      if (victim !== entry) {
        mqueue.remove(victim)
        recorder.unqueued(victim.sequence)
      }
      victim.phase = 'ended'
      this.#context.drop(victim.message as Message, 'queue_full')
      if (victim === entry) return false
    }
  }

  #push(entry: Outgoing): void {
    entry.priority = priorityOf((entry.message as Message).topic, this.#context.options)
    this.#openQueue().push(entry)
  }

  #openQueue(): MQueue {
    if (this.#mqueue === undefined) this.#mqueue = new MQueue(this.#context.observer.queued)
    return this.#mqueue
  }

  #takeRetained(feed: RetainedFeed, sink: Sink, now: number): Step {
    const { message, delivery } = feed
    if (message.isExpired(now)) {
      feed.advance()
      this.#context.drop(message, 'expired')
      return 'moved'
    }
    const qos = effectiveQoS(message.qos, delivery.qos, this.#context.options.upgradeQoS)
    if (!this.#mayLeave(qos)) return 'blocked'
    feed.advance()
    if (qos === 0) return this.#sendQoS0(message, delivery, sink)
    this.#window.take(new Outgoing(message.keep(), delivery, qos))
    return 'moved'
  }

  #takeQueued(mqueue: MQueue, entry: Outgoing, sink: Sink, now: number): Step {
    const message = entry.message as Message
    const isExpired = message.isExpired(now)
    if (!isExpired && !this.#mayLeave(entry.qos)) return 'blocked'
    mqueue.takeFirst()
    if (!isExpired && entry.qos > 0) {
      this.#window.take(entry)
      return 'moved'
    }
    entry.phase = 'ended'
    this.#context.recorder.unqueued(entry.sequence)
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
