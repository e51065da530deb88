import { Lane, type LaneKey, laneKeyOf } from './lane.ts'
import type { Outgoing } from './outgoing.ts'
import type { QueueAccount } from './ports.ts'

/** Messages of class 0 in one turn; class p has (p + 1) times as many. */
const turnMultiplier = 10

/**
 * One class of priority of an mqueue: first in, first out over its two lanes, the messages with an
 * identifier and those of QoS 0, which are dropped first.
 */
export class PriorityClass {
  readonly era: number
  readonly table: number
  readonly priority: number
  readonly #account: QueueAccount
  #ids: Lane | undefined
  #qos0: Lane | undefined
  /** Messages that it may still send in this round. */
  turnLeft = 0

  constructor(era: number, table: number, priority: number, account: QueueAccount) {
    this.era = era
    this.table = table
    this.priority = priority
    this.#account = account
    this.newTurn()
  }

  get length(): number {
    return (this.#ids?.length ?? 0) + (this.#qos0?.length ?? 0)
  }

  get hasQoS0(): boolean {
    return this.#qos0 !== undefined && this.#qos0.length > 0
  }

  get lanes(): Lane[] {
    return [this.#ids, this.#qos0].filter((lane) => lane !== undefined)
  }

  newTurn(): void {
    this.turnLeft = (this.priority + 1) * turnMultiplier
  }

  laneFor(isQoS0: boolean): Lane {
    const lane = isQoS0 ? this.#qos0 : this.#ids
    if (lane !== undefined) return lane
    return this.addLane(laneKeyOf(this.era, this.priority, isQoS0), isQoS0)
  }

  addLane(key: LaneKey, isQoS0: boolean): Lane {
    const lane = new Lane(key, this.table, this.#account)
    if (isQoS0) this.#qos0 = lane
    else this.#ids = lane
    return lane
  }

  /**
   * The lane with the oldest entry; undefined when there is none. Its `first` may have to be read:
   * then also what is younger waits.
   */
  get oldestLane(): Lane | undefined {
    const ids = this.#ids
    const qos0 = this.#qos0
    if (qos0 === undefined || qos0.length === 0) return ids?.length ? ids : undefined
    if (ids === undefined || ids.length === 0) return qos0
    return ids.head < qos0.head ? ids : qos0
  }

  /** Whose oldest goes when `entry` wants in and there is no room: QoS 0 first, else the others. */
  laneToDropFrom(entry: Outgoing, isOwnClass: boolean): Lane | 'entry' {
    if (this.hasQoS0) return this.#qos0 as Lane
    const ids = this.#ids
    if (ids === undefined || ids.length === 0) return 'entry'
    return entry.qos === 0 && isOwnClass ? 'entry' : ids
  }
}
