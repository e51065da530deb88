import type { Clock } from '../base/clock.ts'
import { Deadline, type Deadlines } from '../base/deadlines.ts'
import type { RoomWaiter } from '../channel/ports.ts'

/** The store may make room without saying so: it is asked this often while somebody waits. */
const askEveryMs = 10

/** What the journal has before it. */
export interface Load {
  /** Bytes that wait to be safe, or to find their place. */
  readonly pendingBytes: number
  /** The store takes no more at all. */
  readonly isFull: boolean
}

/**
 * Holds back publishers while what waits to be safe is more than it may be, and lets them go when
 * half of that is done, so that they do not come and go with each message.
 */
export class BackPressure {
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #load: Load
  readonly #pendingBytesMax: number
  readonly #held = new Set<RoomWaiter>()
  readonly #timer: Deadline

  constructor(clock: Clock, deadlines: Deadlines, load: Load, pendingBytesMax: number) {
    this.#clock = clock
    this.#deadlines = deadlines
    this.#load = load
    this.#pendingBytesMax = pendingBytesMax
    this.#timer = new Deadline(0, () => this.relieve())
  }

  /** Whether there is too much to take more. */
  get isOn(): boolean {
    return this.#exceeds(this.#pendingBytesMax)
  }

  /** How many are held back. */
  get heldCount(): number {
    return this.#held.size
  }

  hold(waiter: RoomWaiter): void {
    this.#held.add(waiter)
    if (!this.#timer.isSet) this.#askAgain()
  }

  forget(waiter: RoomWaiter): void {
    this.#held.delete(waiter)
  }

  /** Lets go who is held back, if there is room. */
  relieve(): void {
    if (this.#held.size === 0) return
    if (this.#exceeds(this.#pendingBytesMax / 2)) return this.#askAgain()
    const held = [...this.#held]
    this.#held.clear()
    for (const waiter of held) waiter.onRoom()
  }

  #exceeds(bytes: number): boolean {
    return this.#load.isFull || this.#load.pendingBytes > bytes
  }

  #askAgain(): void {
    this.#deadlines.move(this.#timer, this.#clock.now() + askEveryMs)
  }
}
