import { SmallMap } from '../base/small-map.ts'
import { nextPacketId } from '../mqtt/packet-id.ts'
import type { SubscriptionOptions } from '../mqtt/subscription.ts'
import type { Change } from './changes.ts'
import type { LaneKey, LaneSnapshot } from './lane.ts'
import {
  emptySnapshot,
  type QueuedSnapshot,
  type SessionSnapshot,
  type SlotSnapshot,
} from './snapshot.ts'

/**
 * A session as its changes make it: what recovery means, said once. A back end may do it in another
 * way, but must come to the same session.
 *
 * Changes are idempotent: folding those of a batch once more changes nothing. Start-up folds many
 * sessions with which nothing happened but subscriptions: they take little memory.
 */
export class SessionFold {
  readonly #from: SessionSnapshot | undefined
  readonly #subscriptions = new SmallMap<string, SubscriptionOptions>()
  #underWay: UnderWay | undefined

  /** `from`: what there was before the first change; nothing, when the session begins. */
  constructor(from?: SessionSnapshot) {
    this.#from = from
    if (from === undefined) return
    for (const [filter, options] of from.subscriptions) this.#subscriptions.set(filter, options)
  }

  apply(change: Change): void {
    switch (change.type) {
      case 'subscribed':
        this.#subscriptions.set(change.filter, change.options)
        break
      case 'unsubscribed':
        this.#subscriptions.delete(change.filter)
        break
      default:
        this.#underWay ??= new UnderWay(this.#from ?? nothing)
        this.#underWay.apply(change)
    }
  }

  /** The sequence below which a lane has nothing; undefined when it has nothing at all. */
  laneHead(key: LaneKey): number | undefined {
    if (this.#underWay !== undefined) return this.#underWay.laneHead(key)
    return this.#from?.lanes.find((lane) => lane.key === key)?.head
  }

  /** What waits, of all lanes, by sequence. */
  waiting(): readonly QueuedSnapshot[] {
    return (this.#underWay?.snapshot() ?? this.#from ?? nothing).mqueue
  }

  snapshot({ clientId, generation }: SessionIdentity, createdAtWallMs: number): SessionSnapshot {
    const subscriptions = this.#subscriptions.entries()
    const { inflight, lanes, mqueue, awaitingRel, nextPacketId, nextSequence } =
      this.#underWay?.snapshot() ?? this.#from ?? nothing
    return {
      clientId,
      generation,
      createdAtWallMs,
      subscriptions,
      nextPacketId,
      nextSequence,
      inflight,
      lanes,
      mqueue,
      awaitingRel,
    }
  }
}

/** Whose snapshot it is. */
interface SessionIdentity {
  readonly clientId: string
  readonly generation: number
}

/** What a session has that has just begun. */
const nothing = emptySnapshot('', 0, 0)

/** What is not a subscription. */
class UnderWay {
  readonly #slots = new SmallMap<number, SlotSnapshot>()
  readonly #lanes = new SmallMap<LaneKey, LaneSnapshot>()
  /** What waits, of all lanes, by sequence; also what a lane has left behind, until `snapshot`. */
  readonly #queued = new SmallMap<number, QueuedSnapshot>()
  readonly #awaitingRel = new SmallMap<number, number>()
  #nextPacketId: number
  #nextSequence: number

  constructor(from: SessionSnapshot) {
    for (const slot of from.inflight) this.#slots.set(slot.packetId, slot)
    for (const lane of from.lanes) this.#lanes.set(lane.key, lane)
    for (const queued of from.mqueue) this.#queued.set(queued.sequence, queued)
    for (const [packetId, at] of from.awaitingRel) this.#awaitingRel.set(packetId, at)
    this.#nextPacketId = from.nextPacketId
    this.#nextSequence = from.nextSequence
  }

  apply(change: Exclude<Change, { type: 'subscribed' | 'unsubscribed' }>): void {
    switch (change.type) {
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

  laneHead(key: LaneKey): number | undefined {
    return this.#lanes.get(key)?.head
  }

  snapshot(): Omit<
    SessionSnapshot,
    'clientId' | 'createdAtWallMs' | 'generation' | 'subscriptions'
  > {
    return {
      nextPacketId: this.#nextPacketId,
      nextSequence: this.#nextSequence,
      inflight: this.#slots.values().sort((a, b) => a.order - b.order),
      lanes: this.#lanes.values(),
      mqueue: this.#waiting().sort((a, b) => a.sequence - b.sequence),
      awaitingRel: this.#awaitingRel.entries(),
    }
  }

  /** A slot counts as sent: whether it was is known only to the process that has gone. */
  #slot(change: Extract<Change, { type: 'slot' }>): void {
    const { packetId, order, qos, message, delivery } = change
    const slot = { phase: 'publish', packetId, order, qos, message, delivery } as const
    this.#slots.set(packetId, { ...slot, wasSent: true })
    this.#nextPacketId = nextPacketId(packetId)
  }

  #waiting(): QueuedSnapshot[] {
    return this.#queued.values().filter(({ lane: key, sequence }) => {
      const lane = this.#lanes.get(key)
      return lane !== undefined && sequence >= lane.head && sequence < lane.tail
    })
  }
}
