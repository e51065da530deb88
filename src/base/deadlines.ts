import type { Clock } from './clock.ts'

/** Wakes `Deadlines` at a time: one timer for all. Answers a function that takes the wish back. */
export type Wake = (delayMs: number, wake: () => void) => () => void

/** One thing that is to happen at a time; kept by who set it, to move or cancel it. */
export abstract class TimedEvent {
  /** Monotonic milliseconds; what `Clock.now` counts in. */
  at: number
  /** Place in the heap, −1 while it is not set. */
  place = -1

  constructor(at: number) {
    this.at = at
  }

  get isSet(): boolean {
    return this.place >= 0
  }

  abstract due(now: number): void
}

/** One whose event is a call. */
export class Deadline extends TimedEvent {
  readonly #due: (now: number) => void

  constructor(at: number, due: (now: number) => void) {
    super(at)
    this.#due = due
  }

  due(now: number): void {
    this.#due(now)
  }
}

/**
 * Many timers under one: a binary heap of deadlines and a single wake-up for the earliest.
 *
 * Invariants: 1. heap[i].place = i. 2. no entry is later than its children. 3. but within `run`,
 * while the heap is not empty there is one wake-up, at most `at` of the first entry.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #wake: Wake
  readonly #heap: TimedEvent[] = []
  #cancelWake: (() => void) | undefined
  #wakeAt = Number.POSITIVE_INFINITY

  constructor(clock: Clock, wake: Wake) {
    this.#clock = clock
    this.#wake = wake
  }

  get size(): number {
    return this.#heap.length
  }

  /**
   * Sets a new deadline at monotonic `at`; `due` is called once, with the time it is then. What it
   * throws comes out of `run`, after which the others are still set.
   */
  set(at: number, due: (now: number) => void): Deadline {
    const deadline = new Deadline(at, due)
    this.#insert(deadline)
    return deadline
  }

  /** Sets again, or moves, a deadline. */
  move(deadline: TimedEvent, at: number): void {
    this.cancel(deadline)
    deadline.at = at
    this.#insert(deadline)
  }

  /** Takes a deadline back; harmless when it is not set or undefined. */
  cancel(deadline: TimedEvent | undefined): void {
    if (deadline === undefined || deadline.place < 0) return
    const place = deadline.place
    const last = this.#heap.pop() as TimedEvent
    deadline.place = -1
    if (last === deadline) return
    this.#heap[place] = last
    last.place = place
    this.#up(place)
    this.#down(last.place)
  }

  /** Forgets all deadlines and the wake-up. */
  clear(): void {
    for (const deadline of this.#heap) deadline.place = -1
    this.#heap.length = 0
    this.#cancelWake?.()
    this.#cancelWake = undefined
    this.#wakeAt = Number.POSITIVE_INFINITY
  }

  /** Calls everything that is due; the wake-up calls it, a virtual clock may too. */
  run(): void {
    this.#cancelWake?.()
    this.#cancelWake = undefined
    // What is set meanwhile needs no wake-up of its own: there is one at the end.
    this.#wakeAt = Number.NEGATIVE_INFINITY
    const now = this.#clock.now()
    try {
      for (;;) {
        const first = this.#heap[0]
        if (first === undefined || first.at > now) break
        this.cancel(first)
        first.due(now)
      }
    } finally {
      this.#wakeAt = Number.POSITIVE_INFINITY
      this.#arm()
    }
  }

  #insert(deadline: TimedEvent): void {
    deadline.place = this.#heap.length
    this.#heap.push(deadline)
    this.#up(deadline.place)
    if (this.#heap[0] === deadline) this.#arm()
  }

  #arm(): void {
    const first = this.#heap[0]
    if (first === undefined || this.#wakeAt <= first.at) return
    this.#cancelWake?.()
    this.#wakeAt = first.at
    this.#cancelWake = this.#wake(Math.max(0, first.at - this.#clock.now()), () => {
      this.#cancelWake = undefined
      this.run()
    })
  }

  #up(from: number): void {
    let place = from
    const deadline = this.#heap[place] as TimedEvent
    while (place > 0) {
      const parentPlace = (place - 1) >> 1
      const parent = this.#heap[parentPlace] as TimedEvent
      if (parent.at <= deadline.at) break
      this.#heap[place] = parent
      parent.place = place
      place = parentPlace
    }
    this.#heap[place] = deadline
    deadline.place = place
  }

  #down(from: number): void {
    let place = from
    const deadline = this.#heap[place]
    if (deadline === undefined) return
    for (;;) {
      let childPlace = 2 * place + 1
      const left = this.#heap[childPlace]
      if (left === undefined) break
      const right = this.#heap[childPlace + 1]
      if (right !== undefined && right.at < left.at) childPlace++
      const child = this.#heap[childPlace] as TimedEvent
      if (deadline.at <= child.at) break
      this.#heap[place] = child
      child.place = place
      place = childPlace
    }
    this.#heap[place] = deadline
    deadline.place = place
  }
}
