import type { KillPlan } from './kills/kill-plan.ts'

/** The broker is gone, or about to be: what a client was doing has no end. */
export class LifeOver extends Error {
  override name = 'LifeOver'
}

/** One life of the broker, from when it listens to its end. Who waits for something waits no longer. */
export class Life {
  /** 1, 2, …: life n ends with kill n. */
  readonly number: number
  readonly plan: KillPlan
  readonly #waiting = new Set<(error: LifeOver) => void>()
  #state: 'going on' | 'over' = 'going on'

  constructor(number: number, plan: KillPlan) {
    this.number = number
    this.plan = plan
  }

  get isOver(): boolean {
    return this.#state === 'over'
  }

  /** Whether everything is to come to rest in it. */
  get isRest(): boolean {
    return this.plan.kind === 'rest' || this.plan.kind === 'end'
  }

  /** Rejects: LifeOver, when the life ends first, or what the promise rejects with. */
  wait<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isOver) return reject(new LifeOver())
      this.#waiting.add(reject)
      promise.then(resolve, reject).finally(() => this.#waiting.delete(reject))
    })
  }

  /** Rejects: LifeOver. */
  pass(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const passed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms)
    })
    return this.wait(passed).finally(() => clearTimeout(timer))
  }

  end(): void {
    this.#state = 'over'
    for (const reject of this.#waiting) reject(new LifeOver())
    this.#waiting.clear()
  }
}
