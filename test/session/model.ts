import assert from 'node:assert/strict'
import type { Message } from '../../src/mqtt/message.ts'
import { AckType } from '../../src/mqtt/packets.ts'
import type { Refusal } from '../../src/mqtt/refusal.ts'
import type { QoS } from '../../src/mqtt/subscription.ts'
import { defaultSessionOptions, type SessionOptions } from '../../src/session/options.ts'
import type { DropReason, SessionObserver } from '../../src/session/ports.ts'
import { Session } from '../../src/session/session.ts'
import {
  emptySnapshot,
  type SessionSnapshot,
  type SlotSnapshot,
} from '../../src/session/snapshot.ts'
import { CollectingRecorder } from '../support/collecting-recorder.ts'
import { at, message } from '../support/session-kit.ts'
import { type Ack, ModelClient } from './model-client.ts'
import { ModelSink } from './model-sink.ts'

/** One step of a history: what happens, and a number that says how. */
export interface Step {
  readonly what: keyof typeof steps
  readonly how: number
}

/** What can happen, and how often in 64. */
export const steps = {
  deliver: 16,
  deliverRun: 1,
  sendRetained: 1,
  clientReads: 9,
  acksArrive: 9,
  wrongAck: 2,
  cut: 3,
  connect: 6,
  commit: 5,
  closeBatch: 1,
  socketFills: 1,
  socketDrains: 2,
  timePasses: 1,
  crash: 1,
  clientPublishes: 3,
  subscribe: 1,
  reconfigure: 2,
} as const

/**
 * A session, a client at the other end of a wire that may be cut, a store that commits when told,
 * and the books: after each step every message is accounted for and no invariant is broken.
 */
export class World implements SessionObserver {
  /** What waits in the mqueue, as the session counts it for the broker. */
  readonly queued = { messages: 0, bytes: 0 }
  readonly client = new ModelClient()
  readonly sink = new ModelSink()
  recorder = new CollectingRecorder()
  session: Session
  #began: SessionSnapshot
  #now = 0
  #acks: Ack[] = []
  /** Handed to the session, less what ended before the last crash. */
  #offered = 0
  #acked = 0
  #dropped = 0
  /** Messages at QoS 1 or 2 that the client must come to see. */
  readonly #owed = new Map<string, QoS>()
  readonly #awaitingRel = new Set<number>()
  #nextText = 0

  /** Whether a step's `deliver` is of a message that expires. */
  static expires(how: number): boolean {
    return (how >> 2) % 8 === 6
  }

  constructor(nextPacketId: number, isDurable: boolean) {
    this.#began = { ...emptySnapshot('client', 1, 0), nextPacketId, inflight: this.#heldSlots() }
    this.#offered = this.#began.inflight.length
    const options = { ...defaultSessionOptions, inflightMax: 4, mqueueLengthMax: 8 }
    if (!isDurable) this.recorder.committed = Number.POSITIVE_INFINITY
    this.session = Session.restore(this.#began, options, this.recorder, this)
  }

  acked(): void {
    this.#acked++
  }

  dropped(_clientId: string, dropped: Message, _reason: DropReason): void {
    this.#dropped += dropped.count
    this.#owed.delete(dropped.payload.toString())
  }

  awaitingRelExpired(): void {}

  run(step: Step): void {
    this[step.what](step.how)
    this.check()
  }

  check(): void {
    this.session.checkInvariants()
    const { inflight_cnt, mqueue_len, deliver_stats } = this.session.stats()
    const held = inflight_cnt + mqueue_len + this.session.retainedLength
    const ended = this.sink.sentQoS0 + this.#acked + this.#dropped
    assert.equal(held + ended, this.#offered, 'every message is accounted for')
    const counted = deliver_stats.acked + deliver_stats.dropped + deliver_stats.expired
    assert.equal(counted, this.#acked + this.#dropped, 'the counters say what was told')
    assert.equal(this.queued.messages, mqueue_len, 'the broker is told what waits')
    assert.equal(this.queued.bytes, this.session.queuedBytes, 'and how many bytes')
    this.#finishWhatEnded()
  }

  /** The session by its records is the session as it is. */
  checkFolded(): void {
    const isSame = 'the folded records are the session'
    assert.deepEqual(plain(this.folded()), plain(this.session.snapshot()), isSame)
  }

  /** The session by the records of its history. */
  folded(): SessionSnapshot {
    return this.recorder.folded(this.#began)
  }

  /** Cuts the connection and makes everything safe: the session is what its records say. */
  part(): void {
    this.cut()
    if (this.recorder.committed < Number.POSITIVE_INFINITY) this.recorder.commit()
  }

  /** Lets everything come to its end over a good connection, and looks who has seen what. */
  settle(): void {
    this.cut()
    this.connect(204)
    for (let i = 0; i < 2000 && this.#isBusy(); i++) {
      this.commit()
      this.clientReads(127)
      this.acksArrive(1)
    }
    this.check()
    assert.equal(this.session.hasWaiting, false, 'nothing waits any more')
    assert.equal(this.session.stats().inflight_cnt, 0, 'nothing is in flight any more')
    for (const [text, qos] of this.#owed) {
      const seen = this.client.seen.get(text) ?? 0
      if (!this.client.refused.has(text)) assert(seen > 0, `${text} came through`)
      if (qos === 2) assert(seen <= 1, `${text} came through once`)
    }
  }

  deliver(how: number): void {
    const published = (how % 3) as QoS
    const text = (how >> 2) % 8 === 7 ? 'large' : 'm'
    const expires = World.expires(how) ? { expiresAt: this.#now + 1 + (how >> 5) } : {}
    this.#offer(this.#message(text, published, { topic: `t${how & 1}`, ...expires }))
  }

  deliverRun(how: number): void {
    const run = message(`m-${this.#nextText++}|`, 0, { topic: 'run', count: 3 })
    this.sink.takesFrames = how % 2 === 0
    this.#offered += 3
    this.sink.writable &&= how % 4 !== 0
    this.session.deliver(run, at(0), this.#now)
    this.#pump()
  }

  sendRetained(how: number): void {
    const qos = (how % 3) as QoS
    const messages = ['m', 'm', 'm'].map((text) =>
      this.#message(text, qos, { topic: 'r', retain: true }).toMessage(),
    )
    this.#offered += 3
    this.session.sendRetained(messages, at(2))
    for (const { payload } of messages) if (qos > 0) this.#owed.set(payload.toString(), qos)
    this.#pump()
  }

  clientReads(how: number): void {
    const count = how === 127 ? this.sink.wire.length : 1 + (how % 3)
    for (const packet of this.sink.wire.splice(0, count)) {
      const ack = this.client.receive(packet, how >> 2 === 13)
      if (ack !== undefined) this.#acks.push(ack)
    }
  }

  /** In any order, for a client may work on several messages at a time. */
  acksArrive(how: number): void {
    if (!this.session.isConnected) return
    const from = this.#acks.length === 0 ? 0 : (how >> 2) % this.#acks.length
    const count = how === 1 ? this.#acks.length : 1 + (how % 3)
    for (const ack of this.#acks.splice(how === 1 ? 0 : from, count)) this.#acknowledge(ack)
    this.#pump()
  }

  /** An acknowledgement that fits nothing in flight is refused and changes nothing. */
  wrongAck(how: number): void {
    const types = [AckType.Puback, AckType.Pubrec, AckType.Pubcomp] as const
    const type = types[how % 3] as AckType
    const slots = this.session.snapshot().inflight
    const slot = slots[(how >> 2) % (slots.length + 1)]
    const packetId = slot?.packetId ?? 40_000
    if (slot?.phase === 'pubrel' && type !== AckType.Puback) return
    if (slot?.phase === 'publish' && type === (slot.qos === 1 ? AckType.Puback : AckType.Pubrec)) {
      return
    }
    const before = plain(this.session.snapshot())
    assert(this.#send({ type, packetId, reasonCode: 0 }) !== undefined, 'it is refused')
    assert.deepEqual(plain(this.session.snapshot()), before, 'it changes nothing')
  }

  cut(): void {
    if (this.session.isConnected) this.session.detach(this.#now)
    this.#acks = []
    this.sink.wire.length = 0
  }

  connect(how: number): void {
    if (this.session.isConnected) return
    const receiveMaximum = 1 + (how % 5)
    this.sink.reconnected(Math.min(this.session.options.inflightMax, receiveMaximum))
    this.session.attach(this.sink, { receiveMaximum, protocolVersion: 5 }, this.#now)
    if (how % 3 === 0) this.session.next(this.#now)
    else this.#pump()
  }

  commit(): void {
    if (this.recorder.committed < Number.POSITIVE_INFINITY) this.recorder.commit()
    this.#pump()
  }

  closeBatch(): void {
    this.recorder.close()
  }

  socketFills(): void {
    this.sink.writable = false
  }

  socketDrains(): void {
    this.sink.writable = true
    this.#pump()
  }

  timePasses(how: number): void {
    this.#now += how
  }

  /** The process is killed: only what was committed comes back. */
  crash(): void {
    this.cut()
    const { recorder } = this
    const isDurable = recorder.committed < Number.POSITIVE_INFINITY
    const kept = recorder.folded(this.#began, recorder.committed)
    this.#began = kept
    this.recorder = new CollectingRecorder()
    if (!isDurable) this.recorder.committed = Number.POSITIVE_INFINITY
    this.#forgetLost(kept)
    this.queued.messages = 0
    this.queued.bytes = 0
    this.session = Session.restore(kept, this.session.options, this.recorder, this)
    this.#offered = kept.inflight.length + kept.mqueue.length
    this.#acked = 0
    this.#dropped = 0
    this.sink.sentQoS0 = 0
  }

  clientPublishes(how: number): void {
    const packetId = 1 + (how % 3)
    const isKnown = this.#awaitingRel.has(packetId)
    if (how % 2 === 0) {
      const expected = isKnown ? 'duplicate' : 'new'
      assert.equal(this.session.receive(packetId, this.#now), expected, 'routed once')
      this.#awaitingRel.add(packetId)
    } else {
      assert.equal(this.session.pubrel(packetId), isKnown, 'PUBREL finds its id')
      this.#awaitingRel.delete(packetId)
    }
  }

  subscribe(how: number): void {
    const qos = (how % 3) as QoS
    const options = { qos, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    if (how % 4 === 0) this.session.unsubscribe(`f${how % 5}`)
    else this.session.subscribe(`f${how % 5}`, { ...options })
  }

  /** As on resume through another zone: while nobody is connected. */
  reconfigure(how: number): void {
    if (this.session.isConnected) return
    const options: SessionOptions = {
      ...this.session.options,
      inflightMax: 1 + (how % 6),
      mqueueLengthMax: 1 + (how >> 3),
      mqueueStoreQoS0: how % 4 !== 0,
      mqueuePriorities: how % 5 === 0 ? new Map([['t1', 1]]) : undefined,
    }
    this.session.reconfigure(options)
  }

  /** Two ids near the wrap that an earlier life left in flight: new ones must go round them. */
  #heldSlots(): SlotSnapshot[] {
    const held = this.#message('m', 1, { topic: 'held' })
    const text = held.payload.toString()
    this.#owed.set(text, 1)
    this.sink.restarted([
      { packetId: 65535, phase: 'publish', text },
      { packetId: 2, phase: 'pubrel', text: undefined },
    ])
    const delivery = at(1)
    return [
      { phase: 'publish', packetId: 65535, message: held, qos: 1, delivery, wasSent: true },
      { phase: 'pubrel', packetId: 2 },
    ]
  }

  #message(text: string, qos: QoS, wish: object): Message {
    return message(`${text}-${this.#nextText++}`, qos, wish)
  }

  #offer(offered: Message): void {
    const text = offered.payload.toString()
    this.#offered++
    if (offered.qos > 0) this.#owed.set(text, offered.qos)
    this.session.deliver(offered, at(2), this.#now)
    this.#pump()
  }

  #isBusy(): boolean {
    const { inflight_cnt } = this.session.stats()
    const isMoving = this.sink.wire.length + this.#acks.length > 0
    return isMoving || inflight_cnt > 0 || this.session.hasWaiting
  }

  #pump(): void {
    while (this.session.next(this.#now));
  }

  /** An acknowledgement by the book. */
  #acknowledge(ack: Ack): void {
    if (ack.type === AckType.Pubrec && ack.reasonCode < 0x80) this.sink.released(ack.packetId)
    this.#send(ack)
    this.#finishWhatEnded()
  }

  #send({ type, packetId, reasonCode }: Ack): Refusal | undefined {
    if (type === AckType.Puback) return this.session.puback(packetId, reasonCode, this.#now)
    if (type === AckType.Pubrec) return this.session.pubrec(packetId, reasonCode, this.#now)
    return this.session.pubcomp(packetId, reasonCode, this.#now)
  }

  /** Tells the wire which ids are free again. */
  #finishWhatEnded(): void {
    this.sink.keepOnly(this.session.info().inflight)
  }

  #forgetLost(kept: SessionSnapshot): void {
    const texts = new Set<string>()
    const slots: { packetId: number; phase: string; text: string | undefined }[] = []
    for (const slot of kept.inflight) {
      const text = slot.phase === 'publish' ? slot.message.payload.toString() : undefined
      if (text !== undefined) texts.add(text)
      slots.push({ packetId: slot.packetId, phase: slot.phase, text })
    }
    for (const entry of kept.mqueue) texts.add(entry.message.payload.toString())
    for (const text of this.#owed.keys()) {
      if (!texts.has(text) && !this.client.seen.has(text)) this.#owed.delete(text)
    }
    this.sink.restarted(slots)
    this.#awaitingRel.clear()
    for (const [packetId] of kept.awaitingRel) this.#awaitingRel.add(packetId)
  }
}

/**
 * A snapshot in a form that compares well. Not in the records, so not in it: whether a slot was
 * sent; and the class of what waits, which the zone's table settles anew.
 */
export function plain(snapshot: SessionSnapshot): object {
  return {
    ...snapshot,
    inflight: snapshot.inflight.map((slot) =>
      slot.phase === 'pubrel'
        ? `${slot.packetId} pubrel`
        : `${slot.packetId} publish ${slot.qos} ${slot.message.payload}`,
    ),
    mqueue: snapshot.mqueue.map((entry) => `${entry.sequence} ${entry.message.payload}`),
  }
}
