import type { SessionKey, SessionWriter } from '../../broker/ports.ts'
import { Frame } from '../../mqtt/frame.ts'
import { Message } from '../../mqtt/message.ts'
import { packetIdMax } from '../../mqtt/packet-id.ts'
import type { Delivery, SubscriptionOptions } from '../../mqtt/subscription.ts'
import type { LaneSnapshot, QueuedEntry } from '../../session/lane.ts'
import { Outgoing } from '../../session/outgoing.ts'
import { emptySnapshot, type SessionSnapshot, type SlotSnapshot } from '../../session/snapshot.ts'
import type { LaneLine, SessionLine } from './read-lines.ts'

/** What a page of a queue holds at most: the broker reads queues page by page. */
const pageLength = 128
const pageBytes = 64 * 1024

const plainDelivery: Delivery = { qos: 2, retainAsPublished: false, subscriptionIds: undefined }

/**
 * A session that is written as its lines come: what waits in it goes into pages and is forgotten, the
 * rest is kept for the snapshots with which its parts end.
 */
export class ImportedSession {
  readonly #line: SessionLine
  readonly #subscriptions: [string, SubscriptionOptions][] = []
  readonly #inflight: SlotSnapshot[] = []
  readonly #awaitingRel: [number, number][] = []
  /** Lanes that are whole. */
  readonly #lanes: LaneSnapshot[] = []
  #lane: LaneLine | undefined
  #length = 0
  #bytes = 0
  /** Of the lane, the tail of what came so far; and what is in no page yet. */
  #tail = 0
  #page: Outgoing[] = []
  #pageBytes = 0
  #unwritten: Outgoing[][] = []

  constructor(line: SessionLine) {
    this.#line = line
  }

  get key(): SessionKey {
    return this.#line.key
  }

  subscription(to: SessionWriter, filter: string, options: SubscriptionOptions): void {
    to.subscribed(filter, options)
    this.#subscriptions.push([filter, options])
  }

  slot(to: SessionWriter, slot: SlotSnapshot): void {
    const { order, packetId } = slot
    if (slot.phase === 'pubrel') to.released(packetId, order)
    else to.slot(packetId, order, slot.qos, slot.message, slot.delivery)
    this.#inflight.push(slot)
  }

  awaitingRel(to: SessionWriter, packetId: number, receivedAt: number): void {
    to.awaitingRel(packetId, receivedAt)
    this.#awaitingRel.push([packetId, receivedAt])
  }

  lane(to: SessionWriter, line: LaneLine): void {
    this.#endLane(to)
    this.#lane = line
    this.#tail = line.head
    this.#length = 0
    this.#bytes = 0
  }

  queued(to: SessionWriter, { delivery, message, sequence }: QueuedEntry): void {
    const { key } = this.#lane as LaneLine
    to.queued(key, sequence, message, delivery)
    const entry = new Outgoing(message, delivery, delivery.qos)
    entry.sequence = sequence
    this.#tail = sequence + 1
    this.#length++
    this.#bytes += entry.cost
    this.#page.push(entry)
    this.#pageBytes += entry.cost
    if (this.#page.length >= pageLength || this.#pageBytes >= pageBytes) this.#turnPage()
  }

  /** The batch is full: says what is in it of the lane that goes on in the next one. */
  endBatch(to: SessionWriter): void {
    if (this.#lane !== undefined) this.#writeLane(to, this.#soFar(this.#lane, this.#tail))
  }

  /** Nothing comes any more. */
  end(to: SessionWriter): void {
    this.#endLane(to)
    this.#sayNextSequence(to)
    this.#sayNextPacketId(to)
    this.snapshot(to)
  }

  /** Everything so far, all of which that waits is in pages: behind `endBatch`, or at the end. */
  snapshot(to: SessionWriter): void {
    const lane = this.#lane && this.#soFar(this.#lane, this.#tail)
    const lanes = lane === undefined || lane.length === 0 ? this.#lanes : [...this.#lanes, lane]
    to.snapshot(this.#line.state, this.#snapshot(lanes))
  }

  #endLane(to: SessionWriter): void {
    if (this.#lane === undefined) return
    const whole = this.#soFar(this.#lane, this.#lane.tail)
    this.#writeLane(to, whole)
    if (whole.length > 0) this.#lanes.push(whole)
    this.#lane = undefined
  }

  /** In a lane in which nothing waits, as one says that has run empty. */
  #sayNextSequence(to: SessionWriter): void {
    const { nextSequence } = this.#line
    if (nextSequence === 1) return
    let key = 0
    while (this.#lanes.some((lane) => lane.key === key)) key++
    const ends = { head: nextSequence, tail: nextSequence }
    to.lane({ key, ...ends, length: 0, bytes: 0, isShared: false, table: 0 })
  }

  /** It follows on the id of the last slot that was recorded: the one that is meant is recorded again. */
  #sayNextPacketId(to: SessionWriter): void {
    const { nextPacketId } = this.#line
    const packetId = nextPacketId === 1 ? packetIdMax : nextPacketId - 1
    const slot = this.#inflight.find((candidate) => candidate.packetId === packetId)
    if (slot?.phase === 'publish') {
      return to.slot(packetId, slot.order, slot.qos, slot.message, slot.delivery)
    }
    if (nextPacketId === 1 && this.#inflight.length === 0) return
    to.slot(packetId, slot?.order ?? 0, 2, placeholder(), plainDelivery)
    if (slot === undefined) to.freed(packetId)
    else to.released(packetId, slot.order)
  }

  #soFar({ head, isShared, key, table }: LaneLine, tail: number): LaneSnapshot {
    return { key, head, tail, length: this.#length, bytes: this.#bytes, isShared, table }
  }

  #writeLane(to: SessionWriter, lane: LaneSnapshot): void {
    to.lane(lane)
    this.#turnPage()
    for (const page of this.#unwritten) to.page(lane.key, page)
    this.#unwritten = []
  }

  #turnPage(): void {
    if (this.#page.length > 0) this.#unwritten.push(this.#page)
    this.#page = []
    this.#pageBytes = 0
  }

  #snapshot(lanes: readonly LaneSnapshot[]): SessionSnapshot {
    const { key, nextPacketId, nextSequence, state } = this.#line
    return {
      ...emptySnapshot(key.clientId, key.generation, state.createdAtWallMs),
      subscriptions: this.#subscriptions,
      nextPacketId,
      nextSequence,
      inflight: this.#inflight,
      lanes,
      awaitingRel: this.#awaitingRel,
    }
  }
}

/** A message that is gone again with the batch in which it comes. */
function placeholder(): Message {
  const frame = new Frame(5, Buffer.alloc(0), 0, 0, 1, -1, 0, 0, 0, true)
  return new Message('-', 2, false, '', 0, Number.POSITIVE_INFINITY, false, frame, 0)
}
