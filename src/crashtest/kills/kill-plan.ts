import type { SeededRandom } from '../../base/random.ts'
import type { KillKind } from './kill-kind.ts'

/** How one life of the broker is to end. */
export interface KillPlan {
  /** `end`: not by a kill. */
  readonly kind: KillKind | 'end'
  /** The broker's, in this life: a wide one gives more time between what is sent and what is safe. */
  readonly commitIntervalMs: number
  /** Where in the time that there is for it the moment lies, 0 … 1. */
  readonly moment: number
  /** Clients that pass the point of the kill before one is taken. */
  readonly passes: number
  /** Milliseconds from there to the kill. */
  readonly delayMs: number
}

/** Every kind comes once before one comes again; those that are worth more stand here several times. */
const deck: readonly KillKind[] = [
  ...(['publishQos1', 'publishQos2', 'puback', 'pubcomp'] as const),
  ...(['pubrecAtPublisher', 'pubrelAtPublisher'] as const),
  ...(['publishAtSubscriber', 'pubrecAtSubscriber', 'pubrelAtSubscriber'] as const),
  ...(['cleanStart', 'cleanStart', 'connack', 'subscribe', 'suback'] as const),
  ...(['retained', 'will', 'startUp', 'random'] as const),
  ...(['drain', 'drain', 'load', 'load'] as const),
]
/** Kills from one at rest, with an audit, to the next. */
const restEvery = 20

/** How a kind is drawn, where it is not as usual. */
interface Habit {
  /** The commit interval is 1 ms: the kill is not about a commit. */
  readonly isNarrow?: boolean
  /** An acknowledgement has just come, and what it says must be true at once. */
  readonly isAtOnce?: boolean
  /** Few pass by, and take their time. */
  readonly passesMax?: number
}

const habits: Readonly<Partial<Record<KillKind | 'end', Habit>>> = {
  puback: { isAtOnce: true },
  pubcomp: { isAtOnce: true },
  suback: { isAtOnce: true },
  cleanStart: { passesMax: 3 },
  connack: { isAtOnce: true, passesMax: 3 },
  drain: { isNarrow: true, passesMax: 120 },
  load: { isNarrow: true },
  startUp: { isNarrow: true },
  will: { isNarrow: true },
  rest: { isNarrow: true },
  end: { isNarrow: true },
}
const commitIntervalsMs = [1, 1, 1, 20, 100, 300, 1000]
const passesMaxUsual = 12

/** Draws how the lives end, one after another: the same seed draws the same. */
export class KillPlanner {
  readonly #random: SeededRandom
  #left: KillKind[] = []
  #drawn = 0
  readonly #missed: KillKind[] = []
  /** Kinds that were drawn again, since the deck was full. */
  readonly #repeated = new Set<KillKind>()

  constructor(random: SeededRandom) {
    this.#random = random
  }

  /** A kill did not come at its moment: its kind is drawn next, once. */
  missed(kind: KillKind): void {
    if (this.#repeated.has(kind)) return
    this.#repeated.add(kind)
    this.#missed.push(kind)
  }

  /** `isLast`: no kill follows. */
  next(isLast: boolean): KillPlan {
    const random = this.#random
    const kind = isLast ? 'end' : this.#draw()
    const { isAtOnce = false, isNarrow = false, passesMax = passesMaxUsual } = habits[kind] ?? {}
    const drawnMs = commitIntervalsMs[random.below(commitIntervalsMs.length)] ?? 1
    const commitIntervalMs = isNarrow ? 1 : drawnMs
    const delayMs = this.#delayMs(commitIntervalMs)
    return {
      kind,
      commitIntervalMs,
      moment: random.fraction(),
      passes: random.below(passesMax),
      delayMs: isAtOnce ? 0 : delayMs,
    }
  }

  #draw(): KillKind {
    this.#drawn++
    if (this.#drawn % restEvery === 0) return 'rest'
    const missed = this.#missed.shift()
    if (missed !== undefined) return missed
    if (this.#left.length === 0) {
      this.#left = [...deck]
      this.#repeated.clear()
    }
    const [drawn] = this.#left.splice(this.#random.below(this.#left.length), 1)
    return drawn ?? 'random'
  }

  /** At once, before the commit is likely to be done, or when it is likely to be. */
  #delayMs(commitIntervalMs: number): number {
    const bounds = [1, commitIntervalMs + 1, 2 * commitIntervalMs + 20]
    return this.#random.below(bounds[this.#random.below(bounds.length)] ?? 1)
  }
}
