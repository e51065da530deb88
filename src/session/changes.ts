import type { Message } from '../mqtt/message.ts'
import { nextPacketId } from '../mqtt/packet-id.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../mqtt/subscription.ts'
import type { LaneKey, LaneSnapshot } from './lane.ts'
import type { ChangeWriter } from './ports.ts'
import type { QueuedSnapshot, SessionSnapshot, SlotSnapshot } from './snapshot.ts'

/** The calls of `ChangeWriter` as data. */
export type Change =
  | {
      readonly type: 'subscribed'
      readonly filter: string
      readonly options: SubscriptionOptions
    }
  | { readonly type: 'unsubscribed'; readonly filter: string }
  | ({ readonly type: 'queued' } & QueuedSnapshot)
  | { readonly type: 'lane'; readonly lane: LaneSnapshot }
  | {
      readonly type: 'slot'
      readonly packetId: number
      readonly order: number
      readonly qos: QoS
      readonly message: Message
      readonly delivery: Delivery
    }
  | { readonly type: 'released'; readonly packetId: number; readonly order: number }
  | { readonly type: 'freed'; readonly packetId: number }
  | { readonly type: 'awaitingRel'; readonly packetId: number; readonly receivedAt: number }
  | { readonly type: 'relReceived'; readonly packetId: number }

/**
 * A session as its changes make it: what recovery means, said once. A back end may do it in another
 * way, but must come to the same session.
 *
 * Changes are idempotent: folding those of a batch once more changes nothing.
 */
export class SessionFold {
  readonly #from: SessionSnapshot
  readonly #subscriptions: Map<string, SubscriptionOptions>
  readonly #slots = new Map<number, SlotSnapshot>()
  readonly #lanes = new Map<LaneKey, LaneSnapshot>()
  /** What waits, of all lanes, by sequence; also what a lane has left behind, until `snapshot`. */
  readonly #queued = new Map<number, QueuedSnapshot>()
  readonly #awaitingRel: Map<number, number>
  #nextPacketId: number
  #nextSequence: number

  constructor(from: SessionSnapshot) {
    this.#from = from
    this.#subscriptions = new Map(from.subscriptions)
    for (const slot of from.inflight) this.#slots.set(slot.packetId, slot)
    for (const lane of from.lanes) this.#lanes.set(lane.key, lane)
    for (const queued of from.mqueue) this.#queued.set(queued.sequence, queued)
    this.#awaitingRel = new Map(from.awaitingRel)
    this.#nextPacketId = from.nextPacketId
    this.#nextSequence = from.nextSequence
  }

  apply(change: Change): void {
    switch (change.type) {
      case 'subscribed':
        this.#subscriptions.set(change.filter, change.options)
        break
      case 'unsubscribed':
        this.#subscriptions.delete(change.filter)
        break
      case 'queued': {
        const { sequence, lane, message, delivery } = change
        this.#queued.set(sequence, { sequence, lane, message, delivery })
        break
      }
      case 'lane':
        this.#nextSequence = Math.max(this.#nextSequence, change.lane.tail)
        if (change.lane.length > 0) this.#lanes.set(change.lane.key, change.lane)
        else this.#lanes.delete(change.lane.key)
        break
      case 'slot':
        this.#slot(change)
        break
      case 'released': {
        const { packetId, order } = change
        this.#slots.set(packetId, { phase: 'pubrel', packetId, order })
        break
      }
      case 'freed':
        this.#slots.delete(change.packetId)
        break
      case 'awaitingRel':
        this.#awaitingRel.delete(change.packetId)
        this.#awaitingRel.set(change.packetId, change.receivedAt)
        break
      case 'relReceived':
        this.#awaitingRel.delete(change.packetId)
    }
  }

  /** The sequence below which a lane has nothing; undefined when it has nothing at all. */
  laneHead(key: LaneKey): number | undefined {
    return this.#lanes.get(key)?.head
  }

  snapshot(): SessionSnapshot {
    const { clientId, generation, createdAtWallMs } = this.#from
    return {
      clientId,
      generation,
      createdAtWallMs,
      subscriptions: [...this.#subscriptions],
      nextPacketId: this.#nextPacketId,
      nextSequence: this.#nextSequence,
      inflight: [...this.#slots.values()].sort((a, b) => a.order - b.order),
      lanes: [...this.#lanes.values()],
      mqueue: [...this.#waiting()].sort((a, b) => a.sequence - b.sequence),
      awaitingRel: [...this.#awaitingRel],
    }
  }

  /** A slot counts as sent: whether it was is known only to the process that has gone. */
  #slot(change: Extract<Change, { type: 'slot' }>): void {
    const { packetId, order, qos, message, delivery } = change
    const slot = { phase: 'publish', packetId, order, qos, message, delivery } as const
    this.#slots.set(packetId, { ...slot, wasSent: true })
    this.#nextPacketId = nextPacketId(packetId)
  }

  *#waiting(): IterableIterator<QueuedSnapshot> {
    for (const queued of this.#queued.values()) {
      const lane = this.#lanes.get(queued.lane)
      if (lane !== undefined && queued.sequence >= lane.head && queued.sequence < lane.tail) {
        yield queued
      }
    }
  }
}

/** Takes changes down as data; a store may have records of other kinds among them. */
export class ChangeList<R extends object = Change> implements ChangeWriter {
  readonly records: (Change | R)[] = []

  subscribed(filter: string, options: SubscriptionOptions): void {
    this.records.push({ type: 'subscribed', filter, options })
  }

  unsubscribed(filter: string): void {
    this.records.push({ type: 'unsubscribed', filter })
  }

  queued(lane: LaneKey, sequence: number, message: Message, delivery: Delivery): void {
    this.records.push({ type: 'queued', lane, sequence, message, delivery })
  }

  lane(lane: LaneSnapshot): void {
    this.records.push({ type: 'lane', lane })
  }

  slot(packetId: number, order: number, qos: QoS, message: Message, delivery: Delivery): void {
    this.records.push({ type: 'slot', packetId, order, qos, message, delivery })
  }

  released(packetId: number, order: number): void {
    this.records.push({ type: 'released', packetId, order })
  }

  freed(packetId: number): void {
    this.records.push({ type: 'freed', packetId })
  }

  awaitingRel(packetId: number, receivedAt: number): void {
    this.records.push({ type: 'awaitingRel', packetId, receivedAt })
  }

  relReceived(packetId: number): void {
    this.records.push({ type: 'relReceived', packetId })
  }

  /** Pages repeat what was told as `queued`. */
  page(): void {}
}
