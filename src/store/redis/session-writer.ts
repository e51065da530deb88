import type { SessionKey, SessionState, SessionWriter } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../../mqtt/subscription.ts'
import type { LaneKey, LaneSnapshot } from '../../session/lane.ts'
import { type TimeOffset, writeTime } from '../codec/message-codec.ts'
import {
  writeLane,
  writeOptions,
  writePublishSlot,
  writePubrelSlot,
  writeState,
} from '../codec/state-codec.ts'
import { Field, laneKey, memberOf, type RedisKeys } from './keys.ts'
import { LaneRun } from './lane-run.ts'
import type { OpsWriter } from './ops-writer.ts'
import type { SessionPart } from './sealed-batch.ts'

/** Bytes of what one call writes to a session; what is more goes with another call. */
const partBytesMax = 16 * 1024 * 1024

/** Places of keys: of a session and its first lane among those of its call, of the index in the shared one. */
const Place = { session: 2, firstLane: 3, index: 2 } as const
/** Fates of a session, as `writeSession` has them. */
const Fate = { goesOn: 0, begins: 1, ends: 2 } as const

/** Memory for the run that is written. */
const run = new LaneRun()

/** What batches of one store have in common. */
export interface BatchParts {
  readonly keys: RedisKeys
  readonly offset: TimeOffset
  readonly epoch: number
  /** The number of the last packet id that came to wait for PUBREL, of all sessions. */
  readonly arrivals: { last: number }
}

/**
 * Writes records of one session after another: each becomes a part, which is one call of a script.
 *
 * Pages and snapshots repeat what records have said, all of which Redis has: they are not written.
 */
export class RedisSessionWriter implements SessionWriter {
  /** Records so far. */
  size = 0
  readonly #parts: BatchParts
  readonly #ops: OpsWriter
  readonly #shared: OpsWriter
  readonly #done: SessionPart[] = []
  /** The session that is written now; undefined before the first one. */
  #session: SessionKey | undefined
  #key = ''
  #fate: SessionPart['fate'] = Fate.goesOn
  #lastPacketId = 0
  #sequence = 0
  #lanes: LaneKey[] = []

  /** What belongs to no single session goes to `shared`. */
  constructor(parts: BatchParts, ops: OpsWriter, shared: OpsWriter) {
    this.#parts = parts
    this.#ops = ops
    this.#shared = shared
    run.clear()
  }

  /** The next records are of this session. */
  turnTo(session: SessionKey): void {
    if (session.generation === this.#session?.generation) return
    this.#endPart()
    this.#beginPart(session)
  }

  /** Ends the last part. Answers all of them. */
  end(): readonly SessionPart[] {
    this.#endPart()
    this.#session = undefined
    return this.#done
  }

  began(state: SessionState): void {
    this.#fate = Fate.begins
    this.changed(state)
    const { clientId, generation } = this.#session as SessionKey
    this.#shared.command('ZADD', Place.index, 2)
    this.#shared.number(generation)
    this.#shared.text(memberOf(clientId, generation))
  }

  changed(state: SessionState): void {
    this.size++
    this.#set(Field.state, '')
    writeState(this.#ops.bytes, state, this.#parts.offset)
    this.#ops.textEnd()
  }

  /** In a call of its own, behind what else the batch says of the session. */
  ended(): void {
    this.size++
    this.#turnPart()
    this.#fate = Fate.ends
    const { clientId, generation } = this.#session as SessionKey
    this.#shared.command('ZREM', Place.index, 1)
    this.#shared.text(memberOf(clientId, generation))
    this.#turnPart()
  }

  subscribed(filter: string, options: SubscriptionOptions): void {
    this.size++
    this.#set(Field.subscription, filter)
    writeOptions(this.#ops.bytes, options)
    this.#ops.textEnd()
  }

  unsubscribed(filter: string): void {
    this.size++
    this.#remove(Field.subscription, filter)
  }

  queued(lane: LaneKey, sequence: number, message: Message, delivery: Delivery): void {
    this.size++
    if (this.#ops.size > partBytesMax) this.#turnPart()
    if (!run.takes(lane)) this.#endRun()
    run.add(lane, sequence, message, delivery, this.#parts.offset)
  }

  /** Of a lane in which nothing waits only the sequence is kept that all of the session have passed. */
  lane(lane: LaneSnapshot): void {
    this.size++
    this.#endRun()
    this.#sequence = Math.max(this.#sequence, lane.tail)
    const place = this.#placeOf(lane.key)
    if (lane.length === 0) {
      this.#remove(Field.lane, lane.key)
      return this.#ops.single('UNLINK', place, 0)
    }
    this.#set(Field.lane, lane.key)
    writeLane(this.#ops.bytes, lane)
    this.#ops.textEnd()
    this.#ops.single('XTRIM', place, 2)
    this.#ops.text('MINID')
    this.#ops.number(lane.head)
  }

  page(): void {}

  snapshot(): void {}

  // hot: once for each message that is stored.
  slot(packetId: number, order: number, qos: QoS, message: Message, delivery: Delivery): void {
    this.size++
    if (this.#ops.size > partBytesMax) this.#turnPart()
    this.#lastPacketId = packetId
    this.#set(Field.slot, packetId)
    const { offset } = this.#parts
    writePublishSlot(this.#ops.bytes, packetId, order, qos, message, delivery, offset)
    this.#ops.textEnd()
  }

  released(packetId: number, order: number): void {
    this.size++
    this.#set(Field.slot, packetId)
    writePubrelSlot(this.#ops.bytes, packetId, order)
    this.#ops.textEnd()
  }

  freed(packetId: number): void {
    this.size++
    this.#remove(Field.slot, packetId)
  }

  /** A hash has no order: each says when it came, over all owners. */
  awaitingRel(packetId: number, receivedAt: number): void {
    this.size++
    const { arrivals, epoch, offset } = this.#parts
    this.#set(Field.rel, packetId)
    this.#ops.bytes.integer(epoch)
    this.#ops.bytes.integer(++arrivals.last)
    writeTime(this.#ops.bytes, receivedAt, offset)
    this.#ops.textEnd()
  }

  relReceived(packetId: number): void {
    this.size++
    this.#remove(Field.rel, packetId)
  }

  #beginPart(session: SessionKey): void {
    this.#session = session
    this.#key = this.#parts.keys.session(session.clientId, session.generation)
    this.#fate = Fate.goesOn
    this.#lastPacketId = 0
    this.#sequence = 0
    this.#lanes = []
    this.#ops.begin()
  }

  /** What follows of the session goes with another call. */
  #turnPart(): void {
    this.#endPart()
    this.#beginPart(this.#session as SessionKey)
  }

  /** One in which nothing stands is no part. */
  #endPart(): void {
    if (this.#session === undefined) return
    this.#endRun()
    if (this.#lastPacketId > 0) {
      this.#set(Field.packetId, '')
      this.#ops.bytes.digits(this.#lastPacketId)
      this.#ops.textEnd()
    }
    if (this.#ops.isEmpty && this.#fate === Fate.goesOn) return
    const start = this.#ops.end()
    const lanes = this.#lanes.map((lane) => laneKey(this.#key, lane))
    const [key, fate, sequence] = [this.#key, this.#fate, this.#sequence]
    this.#done.push({ key, lanes, fate, sequence, start, end: this.#ops.bytes.length })
  }

  /** The run becomes an entry of the lane's stream, under the sequence of its last message. */
  #endRun(): void {
    if (run.length === 0) return
    this.#ops.single('XADD', this.#placeOf(run.lane), 5)
    this.#ops.number(run.last)
    this.#ops.text('n')
    this.#ops.number(run.length)
    this.#ops.text('r')
    this.#ops.textBegin()
    this.#ops.bytes.raw(run.bytes)
    this.#ops.textEnd()
    run.clear()
  }

  #placeOf(lane: LaneKey): number {
    const place = this.#lanes.indexOf(lane)
    if (place >= 0) return Place.firstLane + place
    return Place.firstLane + this.#lanes.push(lane) - 1
  }

  /** A field whose value is written next; `textEnd` ends it. */
  #set(kind: string, name: string | number): void {
    this.#ops.command('HSET', Place.session, 2)
    this.#field(kind, name)
    this.#ops.textBegin()
  }

  #remove(kind: string, name: string | number): void {
    this.#ops.command('HDEL', Place.session, 1)
    this.#field(kind, name)
  }

  #field(kind: string, name: string | number): void {
    this.#ops.textBegin()
    this.#ops.bytes.rawText(kind)
    if (typeof name === 'number') this.#ops.bytes.digits(name)
    else this.#ops.bytes.rawText(name)
    this.#ops.textEnd()
  }
}
