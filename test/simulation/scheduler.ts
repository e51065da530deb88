import type { Clock } from '../../src/base/clock.ts'
import type { SeededRandom } from '../../src/base/random.ts'

/** Something that will happen; taken back with `cancel`. */
export class Happening {
  readonly at: number
  readonly order: number
  call: (() => void) | undefined

  constructor(at: number, order: number, call: () => void) {
    this.at = at
    this.order = order
    this.call = call
  }

  cancel(): void {
    this.call = undefined
  }
}

/** Chance that a turn of the event loop ends although more is due at the same millisecond. */
const turnEndsPercent = 50

/**
 * The event loop of a simulated world: what is to happen stands in a heap by virtual time, and
 * happens in one order that only the seed decides. Promises settle between two happenings; work
 * put off to the end of the turn runs when the turn ends, which several happenings of the same
 * millisecond may share.
 */
export class Scheduler {
  readonly #random: SeededRandom
  readonly #heap: Happening[] = []
  #now = 1000
  #order = 0
  #work: (() => void)[] = []
  #failure: Error | undefined
  /** Happenings so far. */
  count = 0
  /** Called after each turn. */
  onTurn: () => void = () => {}

  readonly clock: Clock = {
    now: () => this.#now,
    wallMs: () => 1_700_000_000_000 + this.#now,
  }

  constructor(random: SeededRandom) {
    this.#random = random
  }

  get now(): number {
    return this.#now
  }

  after(delayMs: number, call: () => void): Happening {
    const happening = new Happening(this.#now + Math.ceil(delayMs), this.#order++, call)
    push(this.#heap, happening)
    return happening
  }

  /** Runs `work` when this turn is over. */
  afterTurn(work: () => void): void {
    this.#work.push(work)
  }

  /** Ends the run with this error, wherever it came from. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
  }

  /** Lets `ms` pass; rejects with what any happening threw. */
  async pass(ms: number): Promise<void> {
    await this.#run(this.#now + ms, () => false)
  }

  /** Lets time pass until `isDone`, at most `ms`. Answers whether it came to that. */
  async until(isDone: () => boolean, ms: number): Promise<boolean> {
    return this.#run(this.#now + ms, isDone)
  }

  async #run(end: number, isDone: () => boolean): Promise<boolean> {
    await settle()
    await this.#endTurn()
    while (!isDone()) {
      const next = this.#heap[0]
      if (next === undefined || next.at > end) {
        this.#now = end
        return isDone()
      }
      pop(this.#heap)
      if (next.call === undefined) continue
      this.#now = next.at
      this.count++
      next.call()
      await settle()
      if (this.#heap[0]?.at !== this.#now || this.#random.below(100) < turnEndsPercent) {
        await this.#endTurn()
      }
    }
    return true
  }

  async #endTurn(): Promise<void> {
    while (this.#work.length > 0) {
      const work = this.#work
      this.#work = []
      for (const call of work) call()
      await settle()
    }
    this.onTurn()
    if (this.#failure !== undefined) throw this.#failure
  }
}

/** Every promise that can settle has settled: the microtasks are done before an immediate runs. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function push(heap: Happening[], happening: Happening): void {
  let place = heap.length
  heap.push(happening)
  while (place > 0) {
    const parent = (place - 1) >> 1
    const above = heap[parent] as Happening
    if (isBefore(above, happening)) break
    heap[place] = above
    place = parent
  }
  heap[place] = happening
}

function pop(heap: Happening[]): void {
  const last = heap.pop() as Happening
  if (heap.length === 0) return
  let place = 0
  for (;;) {
    let child = 2 * place + 1
    if (child >= heap.length) break
    const right = heap[child + 1]
    if (right !== undefined && isBefore(right, heap[child] as Happening)) child++
    const below = heap[child] as Happening
    if (isBefore(last, below)) break
    heap[place] = below
    place = child
  }
  heap[place] = last
}
