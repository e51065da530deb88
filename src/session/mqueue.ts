import { assert } from '../base/assert.ts'
import {
  eraOf,
  isQoS0Key,
  type Lane,
  type LaneKey,
  type LaneSnapshot,
  priorityOfKey,
} from './lane.ts'
import type { SessionOptions } from './options.ts'
import type { Outgoing } from './outgoing.ts'
import type { QueueAccount } from './ports.ts'
import { PriorityClass } from './priority-class.ts'

/** Above every class that a table can name (1 … 255). */
const highestPriority = 256

/**
 * What waits for a free slot of the window, or for the client to come back: a queue per priority
 * class, first in, first out in each.
 *
 * The highest class goes first, but after (priority + 1) × 10 messages of one class the next
 * lower one has its turn; when all have had theirs, a new round begins. A class that runs empty
 * keeps what is left of its turn, so that one that is refilled all the time starves nobody.
 *
 * When the table of priorities changes while something waits, a new era begins: what waits goes
 * before everything that comes, else a new message of a topic could pass an older one.
 *
 * Invariants: 1. `messages` and `bytes` are the sums over the lanes. 2. classes are sorted: older
 * eras first, then the higher priority.
 */
export class MQueue implements QueueAccount {
  readonly #account: QueueAccount
  #classes: PriorityClass[] = []
  #era = 0
  #table: number
  #messages = 0
  #bytes = 0

  /** `account` sums up the queues of all sessions. */
  constructor(options: SessionOptions, account: QueueAccount) {
    this.#account = account
    this.#table = priorityTableOf(options)
  }

  get length(): number {
    return this.#messages
  }

  get messages(): number {
    return this.#messages
  }

  set messages(messages: number) {
    this.#account.messages += messages - this.#messages
    this.#messages = messages
  }

  get bytes(): number {
    return this.#bytes
  }

  set bytes(bytes: number) {
    this.#account.bytes += bytes - this.#bytes
    this.#bytes = bytes
  }

  /** Whether a QoS 0 message waits. */
  get hasQoS0(): boolean {
    for (const own of this.#classes) if (own.hasQoS0) return true
    return false
  }

  /** Whether it holds nothing, and the store knows that it does. */
  get isForgettable(): boolean {
    if (this.#messages > 0) return false
    for (const { isKnown, isTouched, storedLength } of this.lanes()) {
      if (isKnown || isTouched || storedLength > 0) return false
    }
    return true
  }

  /**
   * Says whose oldest entry must go before `entry` may join: its class's (a QoS 0 one first) when
   * the class is full, the lowest class's when the bytes are; `entry` itself when it would be the
   * one. Undefined when there is room. The caller drops it and asks again.
   */
  crowdedBy(
    entry: Outgoing,
    priority: number,
    options: SessionOptions,
  ): Lane | 'entry' | undefined {
    const own = this.#classOf(priority)
    if (own !== undefined && own.length >= options.mqueueLengthMax) {
      return own.laneToDropFrom(entry, true)
    }
    if (this.#bytes + entry.cost <= options.mqueueBytesMax) return undefined
    const lowest = this.#lowest()
    const isHopeless = entry.cost > options.mqueueBytesMax
    if (isHopeless || lowest === undefined || lowest.priority > priority) return 'entry'
    return lowest.laneToDropFrom(entry, lowest === own)
  }

  /** Takes an entry in; answers the lane that it joined. */
  push(entry: Outgoing, priority: number): Lane {
    const own = this.#classOf(priority) ?? this.#addClass(this.#era, priority, this.#table)
    const lane = own.laneFor(entry.qos === 0)
    lane.push(entry)
    return lane
  }

  /** The lane whose oldest entry has its turn; undefined when nothing waits. */
  turn(): Lane | undefined {
    return this.#turn()?.oldestLane
  }

  /** Takes out the oldest entry of the lane that has its turn. */
  takeFrom(lane: Lane): Outgoing {
    const own = this.#turn()
    if (own !== undefined) own.turnLeft--
    return lane.shift()
  }

  /** Begins a new round of turns; each connection does. */
  newRound(): void {
    for (const own of this.#classes) own.newTurn()
  }

  /** The zone may be another one: with another table of priorities a new era begins. */
  useTable(options: SessionOptions): void {
    this.#table = priorityTableOf(options)
    this.#beginEra()
  }

  lane(key: LaneKey): Lane | undefined {
    for (const lane of this.lanes()) if (lane.key === key) return lane
    return undefined
  }

  /** Forgets everything. */
  clear(): void {
    for (const lane of this.lanes()) lane.clear()
    this.#classes = []
  }

  /** Fills an empty queue; `entriesOf` answers the entries of a lane that are in memory. */
  restore(lanes: readonly LaneSnapshot[], entriesOf: (key: LaneKey) => readonly Outgoing[]): void {
    for (const snapshot of lanes) {
      const { key, table } = snapshot
      const era = eraOf(key)
      const priority = priorityOfKey(key)
      const own = this.#find(era, priority) ?? this.#addClass(era, priority, table)
      own.addLane(key, isQoS0Key(key)).restore(snapshot, entriesOf(key))
    }
    this.#beginEra()
  }

  *lanes(): IterableIterator<Lane> {
    for (const own of this.#classes) yield* own.lanes
  }

  /** All entries in memory, highest class first, lane by lane. */
  *[Symbol.iterator](): IterableIterator<Outgoing> {
    for (const lane of this.lanes()) yield* lane
  }

  checkInvariants(): void {
    let messages = 0
    let before: PriorityClass | undefined
    for (const own of this.#classes) {
      assert(before === undefined || isBefore(before, own), 'classes are sorted')
      before = own
      for (const lane of own.lanes) lane.checkInvariants()
      messages += own.length
    }
    assert(messages === this.#messages, 'the length is that of the lanes')
  }

  /** Goes on with the newest era of which something waits, if it has the same table. */
  #beginEra(): void {
    let newest: PriorityClass | undefined
    for (const own of this.#classes) if (own.length > 0) newest = own
    if (newest !== undefined) this.#era = newest.era + (newest.table === this.#table ? 0 : 1)
  }

  #turn(): PriorityClass | undefined {
    if (this.#messages === 0) return undefined
    const oldest = this.#oldestEra()
    for (const own of this.#classes) {
      if (own.era === oldest && own.length > 0 && own.turnLeft > 0) return own
    }
    this.newRound()
    for (const own of this.#classes) if (own.length > 0) return own
    return undefined
  }

  /** The first of the eras of which something waits. */
  #oldestEra(): number {
    for (const own of this.#classes) if (own.length > 0) return own.era
    return this.#era
  }

  #lowest(): PriorityClass | undefined {
    let lowest: PriorityClass | undefined
    for (const own of this.#classes) {
      if (own.length > 0 && (lowest === undefined || own.priority < lowest.priority)) lowest = own
    }
    return lowest
  }

  #classOf(priority: number): PriorityClass | undefined {
    const own = this.#find(this.#era, priority)
    return own?.table === this.#table ? own : undefined
  }

  #find(era: number, priority: number): PriorityClass | undefined {
    for (const own of this.#classes) if (own.priority === priority && own.era === era) return own
    return undefined
  }

  #addClass(era: number, priority: number, table: number): PriorityClass {
    const own = new PriorityClass(era, table, priority, this)
    // One of that era with another table has nothing any more.
    this.#classes = this.#classes.filter((o) => o.era !== era || o.priority !== priority)
    let place = 0
    for (const other of this.#classes) if (isBefore(other, own)) place++
    this.#classes.splice(place, 0, own)
    return own
  }
}

/** The class of a topic: what the table says for exactly it, else below or above all. */
export function priorityOf(topic: string, options: SessionOptions): number {
  if (options.mqueuePriorities === undefined) return 0
  const priority = options.mqueuePriorities.get(topic)
  if (priority !== undefined) return priority
  return options.mqueueDefaultPriority === 'highest' ? highestPriority : 0
}

const plainTable = 0

/**
 * A number for what a zone says of priorities, the same whenever it says the same: 0 where it says
 * nothing. Two tables that differ have the same one in four thousand million cases once.
 */
function priorityTableOf(options: SessionOptions): number {
  const { mqueuePriorities, mqueueDefaultPriority } = options
  if (mqueuePriorities === undefined) return plainTable
  const entries = [...mqueuePriorities].sort(([a], [b]) => (a < b ? -1 : 1))
  const text = JSON.stringify([mqueueDefaultPriority, entries])
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

function isBefore(a: PriorityClass, b: PriorityClass): boolean {
  return a.era < b.era || (a.era === b.era && a.priority > b.priority)
}
