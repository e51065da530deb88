import type { SeededRandom } from '../../src/base/random.ts'
import type { CommitUnderWay } from '../support/faulty-store.ts'
import type { Scheduler } from './scheduler.ts'
import type { Trace } from './trace.ts'

/** How the disk does: quick by default; now and then it stalls, or fails once or for a while. */
export class StoreWeather {
  readonly #scheduler: Scheduler
  readonly #random: SeededRandom
  readonly #trace: Trace
  #stallsUntil = 0
  #failsUntil = 0
  #failsNext = false

  constructor(scheduler: Scheduler, random: SeededRandom, trace: Trace) {
    this.#scheduler = scheduler
    this.#random = random
    this.#trace = trace
  }

  onCommit(commit: CommitUnderWay): void {
    const { now } = this.#scheduler
    const mustFail = this.#failsNext || now < this.#failsUntil
    this.#failsNext = false
    const stallMs = Math.max(0, this.#stallsUntil - now)
    this.#scheduler.after(stallMs + this.#random.below(6), () => {
      if (!mustFail) commit.settle('commit')
      else commit.settle(this.#random.below(3) === 0 ? 'late' : 'fail')
    })
  }

  /** Most reads are quick; some take so long that much happens meanwhile. */
  onRead(answer: () => void): void {
    const stallMs = Math.max(0, this.#stallsUntil - this.#scheduler.now)
    const tookMs = this.#random.below(this.#random.below(4) === 0 ? 3000 : 6)
    this.#scheduler.after(stallMs + tookMs, answer)
  }

  /** One of the things that disks do. */
  worsen(): void {
    const { now } = this.#scheduler
    const kind = this.#random.below(3)
    const forMs = 50 + this.#random.below(3000)
    if (kind === 0) this.#stallsUntil = now + forMs
    else if (kind === 1) this.#failsUntil = now + forMs
    else this.#failsNext = true
    this.#trace.add('disk', ['stalls', 'fails for a while', 'fails once'][kind] ?? '')
  }

  heal(): void {
    this.#stallsUntil = 0
    this.#failsUntil = 0
    this.#failsNext = false
  }
}
