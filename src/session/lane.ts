import { assert } from '../base/assert.ts'
import type { Message } from '../mqtt/message.ts'
import type { Delivery, QoS } from '../mqtt/subscription.ts'
import { Outgoing, OutgoingList, Recorded } from './outgoing.ts'
import type { QueueAccount } from './ports.ts'

/** A lane as the store knows it: everything below `head` is gone, everything from `tail` on is new. */
export interface LaneSnapshot {
  readonly key: LaneKey
  readonly head: number
  readonly tail: number
  /** Messages and bytes between the two; the sequences of a lane have gaps. */
  readonly length: number
  readonly bytes: number
  /** Whether something in it came over a shared subscription. */
  readonly isShared: boolean
  /** Names the table of priorities that chose its class (`priorityTableOf`). */
  readonly table: number
}

/** An entry of the mqueue as data. */
export interface QueuedEntry {
  readonly sequence: number
  readonly message: Message
  readonly delivery: Delivery
}

/**
 * Names a lane within its session: its class of priority, whether it holds the messages of QoS 0,
 * and the era, which grows when the table of priorities changes while something waits.
 */
export type LaneKey = number

const prioritiesMax = 512

export function laneKeyOf(era: number, priority: number, isQoS0: boolean): LaneKey {
  return (era * prioritiesMax + priority) * 2 + (isQoS0 ? 1 : 0)
}

export function eraOf(key: LaneKey): number {
  return Math.floor(key / (2 * prioritiesMax))
}

export function priorityOfKey(key: LaneKey): number {
  return (key >> 1) % prioritiesMax
}

export function isQoS0Key(key: LaneKey): boolean {
  return (key & 1) === 1
}

/**
 * A part of the mqueue that is first in, first out: the messages of one class, at QoS 0 or with an
 * identifier. Of a durable session only its ends are in memory, the rest is in the store.
 *
 *     oldest ─► front (memory) │ stored │ back (memory) ◄─ newest
 *
 * Invariants: 1. sequences grow along the lane. 2. while nothing is stored, `back` is empty. 3. what
 * is below `readableBelow` can be read from the store; what is stored, and what is before it, is.
 * 4. `surplus` are the oldest of what is stored, and at the back: they were dropped and wait to be
 * read so that they can be told of. `length` does not count them.
 */
export class Lane {
  readonly key: LaneKey
  readonly table: number
  readonly front = new OutgoingList()
  readonly back = new OutgoingList()
  /** Entries that are only in the store, and the sequence from which on to read them. */
  storedLength = 0
  storedFrom = 0
  surplus = 0
  /** One past the sequence of the newest entry. */
  tail = 0
  readableBelow = 0
  /** Whether something came over a shared subscription since the lane was empty. */
  isShared = false
  /** Entries, of the newest, that no page holds, and the first of them. */
  unpagedLength = 0
  unpagedBytes = 0
  firstUnpaged: Outgoing | undefined
  /** Owned by the recorder: whether the store knows of it, and whether that is about to change. */
  isKnown = false
  isTouched = false
  /** Whether the next page was asked for. */
  isReading = false
  /** From where the page that was asked for begins. */
  #readFrom = 0
  readonly #account: QueueAccount
  #memoryBytes = 0
  #storedBytes = 0
  /** What the surplus costs, as far as that can be said without having read it. */
  #surplusBytes = 0

  /** `account` sums up the lanes of a session. */
  constructor(key: LaneKey, table: number, account: QueueAccount) {
    this.key = key
    this.table = table
    this.#account = account
  }

  get length(): number {
    return this.memoryLength + this.storedLength - this.surplus
  }

  get memoryLength(): number {
    return this.front.length + this.back.length
  }

  /** The oldest entry; undefined when there is none, or when it must be read first. */
  get first(): Outgoing | undefined {
    return this.front.first
  }

  /** The sequence of the oldest entry, at least. */
  get head(): number {
    if (this.front.first !== undefined) return this.front.first.sequence
    return this.storedLength > 0 ? this.storedFrom : this.tail
  }

  push(entry: Outgoing): void {
    const list = this.storedLength > 0 ? this.back : this.front
    list.push(entry)
    entry.laneKey = this.key
    if (this.memoryLength + this.storedLength === 1) this.isShared = false
    if (entry.delivery.shared !== undefined) this.isShared = true
    this.tail = entry.sequence + 1
    this.#memoryBytes += entry.cost
    if (this.firstUnpaged === undefined) this.firstUnpaged = entry
    this.unpagedLength++
    this.unpagedBytes += entry.cost
    this.#count(1, entry.cost)
  }

  /** Takes the oldest entry out, which is in memory. */
  shift(): Outgoing {
    const entry = this.front.first
    assert(entry !== undefined, 'only what is there is taken')
    this.#remove(entry, this.front)
    this.#count(-1, -entry.cost)
    return entry
  }

  /**
   * Drops the oldest entry and answers it; undefined when it, or one before it, must be read first:
   * then it is surplus.
   */
  dropOldest(): Outgoing | undefined {
    if (this.storedLength === 0 || this.front.length > 0) return this.shift()
    const cost = this.#costOfSurplus()
    this.surplus++
    this.#surplusBytes += cost
    this.#count(-1, -cost)
    return undefined
  }

  /** The newest entries, which no page holds yet, are in one from now on. */
  pageAll(): Outgoing[] {
    const entries: Outgoing[] = []
    for (let entry = this.firstUnpaged; entry !== undefined; entry = entry.next) entries.push(entry)
    this.firstUnpaged = undefined
    this.unpagedLength = 0
    this.unpagedBytes = 0
    return entries
  }

  /** Leaves to the store what it can be asked for again, but for the oldest `kept`. */
  evict(kept: number): void {
    if (this.storedLength === 0) this.#open(kept)
    else this.#evictFront(kept)
    for (let entry = this.back.first; entry !== undefined; entry = this.back.first) {
      if (entry.sequence >= this.readableBelow) break
      this.back.remove(entry)
      this.storedLength++
      this.#leave(entry)
    }
    if (this.storedLength === 0) this.#close()
  }

  /** The page that was asked for is read now. Answers from which sequence on. */
  beginReading(): number {
    this.#readFrom = this.storedFrom
    return this.storedFrom
  }

  /**
   * Whether entries were left to the store since the reading began that are before what was read:
   * then it is of no use.
   */
  get isReadStale(): boolean {
    return this.#readFrom > this.storedFrom
  }

  /** Takes in what was read from `storedFrom` on. Answers the entries that are surplus. */
  load(entries: readonly QueuedEntry[], qosOf: (entry: QueuedEntry) => QoS): Outgoing[] {
    const surplus: Outgoing[] = []
    for (const queued of entries) {
      if (this.storedLength === 0) break
      if (queued.sequence < this.storedFrom) continue
      const entry = restored(queued, qosOf(queued))
      const cost = this.storedLength === 1 ? this.#storedBytes : entry.cost
      this.storedLength--
      this.#storedBytes -= cost
      this.storedFrom = entry.sequence + 1
      if (this.surplus > 0) {
        this.#endSurplus(cost)
        surplus.push(entry)
      } else {
        this.front.push(entry)
        this.#memoryBytes += entry.cost
        this.#count(0, entry.cost - cost)
      }
    }
    if (this.storedLength === 0) this.#close()
    for (let entry = this.front.first; this.surplus > 0; entry = this.front.first) {
      if (entry === undefined || this.storedLength > 0) break
      this.#remove(entry, this.front)
      this.#endSurplus(entry.cost)
      surplus.push(entry)
    }
    return surplus
  }

  /** What was to be read is not there: forgets it. Answers how many entries are lost. */
  loseStored(): number {
    const lost = this.storedLength - this.surplus
    this.#count(-lost, this.#surplusBytes - this.#storedBytes)
    this.storedLength = 0
    this.surplus = 0
    this.#storedBytes = 0
    this.#surplusBytes = 0
    this.#close()
    return Math.max(0, lost)
  }

  /** Fills an empty lane out of a snapshot: with `entries` when they are all there is, else they are in the store. */
  restore(snapshot: LaneSnapshot, entries: readonly Outgoing[]): void {
    const { head, tail, length, bytes } = snapshot
    assert(entries.length === 0 || entries.length === length, 'a lane is whole or stored')
    this.tail = tail
    this.isKnown = length > 0
    this.isShared = snapshot.isShared
    if (entries.length === 0) {
      this.storedLength = length
      this.storedFrom = head
      this.#storedBytes = bytes
      this.readableBelow = tail
      this.#count(length, bytes)
    }
    for (const entry of entries) this.push(entry)
  }

  /** The store does not know of it any more: nothing of it can be read. */
  forget(): void {
    this.isKnown = false
    this.isTouched = false
    this.readableBelow = 0
    this.firstUnpaged = this.front.first
    this.unpagedLength = this.front.length
    this.unpagedBytes = this.#memoryBytes
  }

  /** All of it, surplus included: what the store has to know. */
  snapshot(): LaneSnapshot {
    const { key, head, tail, isShared, table } = this
    const length = this.memoryLength + this.storedLength
    const bytes = this.#memoryBytes + this.#storedBytes
    return { key, head, tail, length, bytes, isShared, table }
  }

  /** Forgets everything: the session is over. */
  clear(): void {
    this.#count(-this.length, this.#surplusBytes - this.#memoryBytes - this.#storedBytes)
    this.storedLength = 0
    this.surplus = 0
    this.#storedBytes = 0
    this.#surplusBytes = 0
    this.#memoryBytes = 0
  }

  *[Symbol.iterator](): IterableIterator<Outgoing> {
    yield* this.front
    yield* this.back
  }

  checkInvariants(): void {
    let sequence = 0
    let bytes = 0
    let unpaged = 0
    for (const entry of this) {
      assert(entry.phase === 'queued', 'what waits is queued')
      assert(entry.sequence > sequence, 'sequences grow along a lane')
      assert((entry.qos === 0) === isQoS0Key(this.key), 'a lane holds one kind of message')
      sequence = entry.sequence
      bytes += entry.cost
      if (entry === this.firstUnpaged || unpaged > 0) unpaged++
    }
    assert(sequence < this.tail || sequence === 0, 'the tail is behind the newest')
    assert(bytes === this.#memoryBytes, 'the bytes are those of the entries')
    assert(unpaged === this.unpagedLength, 'the unpaged ones are the newest')
    assert(this.storedLength > 0 || this.back.length === 0, 'without a gap all are in front')
    const last = this.storedLength + this.back.length
    assert(this.surplus <= last, 'only what is stored, or behind it, is surplus')
  }

  #remove(entry: Outgoing, list: OutgoingList): void {
    if (entry === this.firstUnpaged) {
      this.firstUnpaged = entry.next
      this.unpagedLength--
      this.unpagedBytes -= entry.cost
    }
    list.remove(entry)
    this.#memoryBytes -= entry.cost
  }

  /** What the next surplus entry costs: exactly, or what the stored ones cost on average. */
  #costOfSurplus(): number {
    const unread = this.storedLength - this.surplus
    if (unread > 0) return Math.floor((this.#storedBytes - this.#surplusBytes) / unread)
    let entry = this.back.first
    for (let i = unread; i < 0 && entry !== undefined; i++) entry = entry.next
    assert(entry !== undefined, 'there is one to drop')
    return entry.cost
  }

  /** Nothing is stored yet: all but the oldest `kept` move to the back. */
  #open(kept: number): void {
    let entry = this.front.first
    for (let i = 0; i < kept && entry !== undefined; i++) entry = entry.next
    if (entry === undefined) return
    this.storedFrom = entry.sequence
    this.front.moveFrom(entry, this.front.length - Math.min(kept, this.front.length), this.back)
  }

  #evictFront(kept: number): void {
    while (this.front.length > kept) {
      const entry = this.front.last as Outgoing
      this.front.remove(entry)
      this.storedLength++
      this.storedFrom = entry.sequence
      this.#leave(entry)
    }
  }

  #leave(entry: Outgoing): void {
    this.#memoryBytes -= entry.cost
    this.#storedBytes += entry.cost
  }

  /** Nothing is stored any more: the back is the front's end. */
  #close(): void {
    if (this.back.first !== undefined) {
      this.back.moveFrom(this.back.first, this.back.length, this.front)
    }
  }

  #endSurplus(cost: number): void {
    const estimate = Math.floor(this.#surplusBytes / this.surplus)
    this.surplus--
    this.#surplusBytes -= estimate
    this.#count(0, estimate - cost)
  }

  #count(messages: number, bytes: number): void {
    this.#account.messages += messages
    this.#account.bytes += bytes
  }
}

function restored({ sequence, message, delivery }: QueuedEntry, qos: QoS): Outgoing {
  const entry = new Outgoing(message, delivery, qos)
  entry.sequence = sequence
  entry.recorded = Recorded.Queued
  return entry
}
