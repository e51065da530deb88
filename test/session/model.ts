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
import { at, message, retainedItem } from '../support/session-kit.ts'
import { type Ack, ModelClient } from './model-client.ts'
import { ModelInbound } from './model-inbound.ts'
import { ModelSink } from './model-sink.ts'
import { plain } from './plain.ts'
import type { Step } from './steps.ts'

/**
 * A session, a client at the other end of a wire that may be cut, a store that commits when told,
 * and the books: after each step every message is accounted for and no invariant is broken.
 */
export class World implements SessionObserver {
  /** What waits in the mqueue, as the session counts it for the broker. */
  readonly queued = { messages: 0, bytes: 0 }
  readonly client = new ModelClient()
  readonly sink = new ModelSink()
  recorder: CollectingRecorder
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
  readonly #inbound = new ModelInbound()
  #nextText = 0

  /** Whether a step's `deliver` is of a message that expires. */
  static expires(how: number): boolean {
    return (how >> 2) % 8 === 6
  }

  constructor(nextPacketId: number, isDurable: boolean) {
    this.#began = { ...emptySnapshot('client', 1, 0), nextPacketId, inflight: this.#heldSlots() }
    this.#offered = this.#began.inflight.length
    const options = { ...defaultSessionOptions, inflightMax: 4, mqueueLengthMax: 8 }
    this.recorder = this.#newRecorder()
    if (!isDurable) this.recorder.committed = Number.POSITIVE_INFINITY
    this.session = Session.restore(this.#began, options, this.recorder, this)
  }

  get isDurable(): boolean {
    return this.recorder.committed < Number.POSITIVE_INFINITY
  }

  acked(): void {
    this.#acked++
  }

  droppedUnread(): void {
    assert.fail('a session that goes on reads what it drops')
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
    let surplus = 0
    for (const lane of this.session.lanes) surplus += lane.surplus
    const held = inflight_cnt + mqueue_len + surplus + this.session.retainedLength
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
    this.part()
    const kept = this.folded()
    const inMemory = new Set(this.session.snapshot().mqueue.map(({ sequence }) => sequence))
    const isSame = 'the folded records are the session'
    assert.deepEqual(
      plain({ ...kept, mqueue: kept.mqueue.filter(({ sequence }) => inMemory.has(sequence)) }),
      plain(this.session.snapshot()),
      isSame,
    )
    for (const { key, length } of kept.lanes) {
      const found = kept.mqueue.filter(({ lane }) => lane === key).length
      assert.equal(found, length, 'a lane has as many entries as it says')
    }
  }

  /** The session by the records of its history. */
  folded(): SessionSnapshot {
    return this.recorder.folded()
  }

  /** Cuts the connection and makes everything safe: the session is what its records say. */
  part(): void {
    this.cut()
    if (!this.isDurable) return this.recorder.close()
    this.recorder.commit()
    while (this.recorder.isReading) this.recorder.readPages()
    this.recorder.commit()
  }

  /** Lets everything come to its end over a good connection, and looks who has seen what. */
  settle(): void {
    this.cut()
    this.connect(204)
    for (let i = 0; i < 2000 && this.#isBusy(); i++) {
      this.commit()
      this.pagesCome(127)
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
      this.#message(text, qos, { topic: 'r', retain: true }),
    )
    this.#offered += 3
    const items = messages.map((message) => retainedItem(message))
    this.session.sendRetained(items, at(2))
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
    if (this.isDurable) this.recorder.commit()
    this.#pump()
  }

  closeBatch(): void {
    this.recorder.close()
  }

  /** What waits is in the store as well: from the next commit on it may leave memory. */
  pageOut(): void {
    if (!this.isDurable) return
    this.recorder.close()
    this.recorder.pageAll()
  }

  pagesCome(how: number): void {
    this.recorder.readPages(1 + (how % 4))
    this.#pump()
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
    const { isDurable } = this
    if (!isDurable) this.recorder.close()
    const kept = this.recorder.folded(this.recorder.committed)
    this.#began = kept
    this.recorder = this.#newRecorder()
    if (!isDurable) this.recorder.committed = Number.POSITIVE_INFINITY
    this.#forgetLost(kept)
    this.queued.messages = 0
    this.queued.bytes = 0
    const restored = isDurable ? { ...kept, mqueue: [] } : kept
    this.session = Session.restore(restored, this.session.options, this.recorder, this)
    this.#offered = kept.inflight.length + kept.mqueue.length
    this.#acked = 0
    this.#dropped = 0
    this.sink.sentQoS0 = 0
  }

  clientPublishes(how: number): void {
    this.#inbound.publishes(this.session, how, this.#now)
  }

  subscribe(how: number): void {
    this.#inbound.subscribes(this.session, how)
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

  #newRecorder(): CollectingRecorder {
    return new CollectingRecorder(() => this.session, this.#began)
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
      {
        phase: 'publish',
        packetId: 65535,
        order: 1,
        message: held,
        qos: 1,
        delivery,
        wasSent: true,
      },
      { phase: 'pubrel', packetId: 2, order: 2 },
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
    this.#inbound.restarted(kept)
  }
}
