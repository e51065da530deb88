import { assert } from '../base/assert.ts'
import type { SessionOptions } from './options.ts'
import { type Outgoing, OutgoingLane, OutgoingList } from './outgoing.ts'
import type { QueueAccount } from './ports.ts'

/** Messages of class 0 in one turn; class p has (p + 1) times as many. */
const turnMultiplier = 10
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
 * Invariants: 1. `length` and `bytes` are the sums over the classes. 2. classes are sorted,
 * highest first. 3. in a class, sequences grow and the lane holds exactly its QoS 0 entries.
 */
export class MQueue {
  readonly #account: QueueAccount
  #classes: PriorityClass[] = []
  #length = 0
  #bytes = 0

  /** `account` sums up the queues of all sessions. */
  constructor(account: QueueAccount) {
    this.#account = account
  }

  get length(): number {
    return this.#length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether a QoS 0 message waits. */
  get hasQoS0(): boolean {
    for (const own of this.#classes) if (own.hasQoS0) return true
    return false
  }

  /**
   * Says which entry must go before `entry` may join: the oldest of its class (a QoS 0 one first)
   * when the class is full, the oldest of the lowest class when the bytes are; `entry` itself when
   * it would be the one. Undefined when there is room. The caller drops it and asks again.
   */
  victimFor(entry: Outgoing, options: SessionOptions): Outgoing | undefined {
    const own = this.#classOf(entry.priority)
    if (own !== undefined && own.length >= options.mqueueLengthMax) return own.victimFor(entry)
    if (this.#bytes + entry.cost <= options.mqueueBytesMax) return undefined
    const lowest = this.#lowest()
    const isHopeless = entry.cost > options.mqueueBytesMax
    if (isHopeless || lowest === undefined || lowest.priority > entry.priority) return entry
    return lowest.victimFor(entry)
  }

  push(entry: Outgoing): void {
    let own = this.#classOf(entry.priority)
    if (own === undefined) own = this.#addClass(entry.priority)
    own.push(entry)
    this.#count(1, entry.cost)
  }

  /** The entry whose turn it is; `takeFirst` takes just this one. */
  first(): Outgoing | undefined {
    return this.#turn()?.first
  }

  takeFirst(): void {
    const own = this.#turn()
    assert(own?.first !== undefined, 'only what is there is taken')
    own.turnLeft--
    this.remove(own.first)
  }

  /** Takes out an entry: the first of its class, or its oldest QoS 0 one. */
  remove(entry: Outgoing): void {
    const own = this.#classOf(entry.priority)
    assert(own !== undefined, 'an entry has a class')
    own.remove(entry)
    this.#count(-1, -entry.cost)
    if (this.#length === 0 && this.#classes.length > 1) this.#classes = []
  }

  /** Forgets everything; the entries stay linked to one another. */
  clear(): void {
    this.#count(-this.#length, -this.#bytes)
    this.#classes = []
  }

  /** Begins a new round of turns; each connection does. */
  newRound(): void {
    for (const own of this.#classes) own.newTurn()
  }

  /** All entries, highest class first, oldest first. */
  *[Symbol.iterator](): IterableIterator<Outgoing> {
    for (const own of this.#classes) {
      for (let entry = own.first; entry !== undefined; entry = entry.next) yield entry
    }
  }

  checkInvariants(): void {
    let length = 0
    let bytes = 0
    let above = Number.POSITIVE_INFINITY
    for (const own of this.#classes) {
      assert(own.priority < above, 'classes are sorted')
      above = own.priority
      own.checkInvariants()
      length += own.length
      for (let entry = own.first; entry !== undefined; entry = entry.next) bytes += entry.cost
    }
    assert(length === this.#length, 'the length is that of the classes')
    assert(bytes === this.#bytes, 'the bytes are those of the entries')
  }

  #count(messages: number, bytes: number): void {
    this.#length += messages
    this.#bytes += bytes
    this.#account.messages += messages
    this.#account.bytes += bytes
  }

  #turn(): PriorityClass | undefined {
    if (this.#length === 0) return undefined
    for (const own of this.#classes) if (own.length > 0 && own.turnLeft > 0) return own
    this.newRound()
    for (const own of this.#classes) if (own.length > 0) return own
    return undefined
  }

  #lowest(): PriorityClass | undefined {
    for (let i = this.#classes.length - 1; i >= 0; i--) {
      const own = this.#classes[i] as PriorityClass
      if (own.length > 0) return own
    }
    return undefined
  }

  #classOf(priority: number): PriorityClass | undefined {
    for (const own of this.#classes) if (own.priority === priority) return own
    return undefined
  }

  #addClass(priority: number): PriorityClass {
    const own = new PriorityClass(priority)
    let place = 0
    for (const other of this.#classes) if (other.priority > priority) place++
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

class PriorityClass {
  readonly priority: number
  /** Messages that it may still send in this round. */
  turnLeft: number
  readonly #entries = new OutgoingList()
  readonly #qos0 = new OutgoingLane()

  constructor(priority: number) {
    this.priority = priority
    this.turnLeft = 0
    this.newTurn()
  }

  get first(): Outgoing | undefined {
    return this.#entries.first
  }

  get length(): number {
    return this.#entries.length
  }

  get hasQoS0(): boolean {
    return this.#qos0.first !== undefined
  }

  newTurn(): void {
    this.turnLeft = (this.priority + 1) * turnMultiplier
  }

  /** Which one goes when `entry` wants in and there is no room: QoS 0 first, else the oldest. */
  victimFor(entry: Outgoing): Outgoing {
    if (this.#qos0.first !== undefined) return this.#qos0.first
    if (this.first === undefined) return entry
    return entry.qos === 0 && entry.priority === this.priority ? entry : this.first
  }

  push(entry: Outgoing): void {
    this.#entries.push(entry)
    if (entry.qos === 0) this.#qos0.push(entry)
  }

  remove(entry: Outgoing): void {
    if (entry.qos === 0) assert(this.#qos0.shift() === entry, 'the oldest QoS 0 entry goes first')
    this.#entries.remove(entry)
  }

  checkInvariants(): void {
    let sequence = 0
    let qos0 = this.#qos0.first
    for (let entry = this.first; entry !== undefined; entry = entry.next) {
      assert(entry.phase === 'queued', 'what waits is queued')
      assert(entry.sequence > sequence, 'sequences grow in a class')
      sequence = entry.sequence
      if (entry.qos !== 0) continue
      assert(entry === qos0, 'the lane holds the QoS 0 entries in their order')
      qos0 = entry.behind
    }
    assert(qos0 === undefined, 'the lane holds nothing else')
  }
}
