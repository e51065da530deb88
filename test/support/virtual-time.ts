import type { Clock } from '../../src/base/clock.ts'
import { Deadlines } from '../../src/base/deadlines.ts'

/** Turns of the event loop without anything to do after which everything has arrived. */
const quietTurns = 4

/** Time that stands still until a test moves it; turns of the event loop are real ones. */
export class VirtualTime {
  #now = 1000
  #wake: { at: number; call: () => void } | undefined
  #turns = 0

  readonly clock: Clock = {
    now: () => this.#now,
    wallMs: () => 1_700_000_000_000 + this.#now,
  }

  readonly deadlines = new Deadlines(this.clock, (delayMs, call) => {
    const wake = { at: this.#now + delayMs, call }
    this.#wake = wake
    return () => {
      if (this.#wake === wake) this.#wake = undefined
    }
  })

  /** Calls back at the end of this turn, as the daemon does. */
  readonly afterTurn = (work: () => void): void => {
    this.#turns++
    setImmediate(work)
  }

  get now(): number {
    return this.#now
  }

  /** Waits until nothing is under way any more: streams, promises, work put off to the end of a turn. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < quietTurns; quiet++) {
      const before = this.#turns
      await new Promise<void>((resolve) => setImmediate(resolve))
      if (this.#turns !== before) quiet = 0
    }
  }

  /** Lets `ms` pass: every deadline in between is called at its time. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms
    await this.settle()
    while (this.#wake !== undefined && this.#wake.at <= end) {
      const wake = this.#wake
      this.#wake = undefined
      this.#now = Math.max(this.#now, wake.at)
      wake.call()
      await this.settle()
    }
    this.#now = end
  }
}
