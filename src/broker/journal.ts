import type { Clock } from '../base/clock.ts'
import type { Deadlines } from '../base/deadlines.ts'
import type { Logger } from '../base/logger.ts'
import type { Commits, CommitWaiter } from '../channel/ports.ts'
import type { Store, StoreBatch } from './ports.ts'

/** Calls back when this turn of the event loop is over. */
export type AfterTurn = (work: () => void) => void

/** A store that failed is asked again after this. */
const retryAfterMs = 1000

/**
 * Group commit: the records of one turn join the open batch; while one batch commits the next one
 * collects. A failed commit is tried again as it is, and what waits for it goes on waiting.
 *
 * Invariants: 1. batches commit in the order of their numbers, one at a time. 2. `committed` <
 * `openBatch`. 3. a volatile store has no batches: `committed` is `Infinity` and nobody waits.
 * 4. without records and waiters nothing is scheduled.
 */
export class Journal implements Commits {
  readonly #store: Store
  readonly #afterTurn: AfterTurn
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #log: Logger
  #open: StoreBatch
  #openNumber = 1
  #committed: number
  #isCommitting = false
  #isScheduled = false
  #waiters = new Set<CommitWaiter>()

  constructor(store: Store, afterTurn: AfterTurn, clock: Clock, deadlines: Deadlines, log: Logger) {
    this.#store = store
    this.#afterTurn = afterTurn
    this.#clock = clock
    this.#deadlines = deadlines
    this.#log = log
    this.#open = store.newBatch()
    this.#committed = store.isVolatile ? Number.POSITIVE_INFINITY : 0
  }

  get isVolatile(): boolean {
    return this.#store.isVolatile
  }

  get openBatch(): number {
    return this.isVolatile ? 0 : this.#openNumber
  }

  get committed(): number {
    return this.#committed
  }

  /** The batch to write a record into now; it will be committed after this turn. */
  get batch(): StoreBatch {
    this.#schedule()
    return this.#open
  }

  /** Records in the open batch. */
  get openSize(): number {
    return this.#open.size
  }

  wait(waiter: CommitWaiter): void {
    this.#waiters.add(waiter)
    this.#schedule()
  }

  /** Resolves when everything recorded so far is safe; for shutdown. */
  async flush(): Promise<void> {
    if (this.isVolatile || (this.#open.size === 0 && !this.#isCommitting)) return
    const number = this.#open.size === 0 ? this.#openNumber - 1 : this.#openNumber
    await new Promise<void>((resolve) => {
      const waiter = {
        onCommitted: (): void => {
          if (this.#committed >= number) resolve()
          else this.wait(waiter)
        },
      }
      this.wait(waiter)
    })
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isCommitting || this.isVolatile) return
    this.#isScheduled = true
    this.#afterTurn(this.#commitOpen)
  }

  /** An empty batch is safe as soon as those before it are, which they are: the store is not asked. */
  readonly #commitOpen = (): void => {
    this.#isScheduled = false
    const number = this.#openNumber++
    if (this.#open.size === 0) return this.#onCommitted(number)
    const batch = this.#open
    this.#open = this.#store.newBatch()
    this.#isCommitting = true
    this.#try(batch, number)
  }

  #try(batch: StoreBatch, number: number): void {
    this.#store.commit(batch).then(
      () => this.#onCommitted(number),
      (error: unknown) => {
        this.#log.error(
          { err: error, batch: number, records: batch.size },
          'the store failed; trying again',
        )
        this.#deadlines.set(this.#clock.now() + retryAfterMs, () => this.#try(batch, number))
      },
    )
  }

  #onCommitted(number: number): void {
    this.#isCommitting = false
    this.#committed = number
    const waiters = this.#waiters
    this.#waiters = new Set()
    for (const waiter of waiters) this.#tell(waiter)
    if (this.#open.size > 0 || this.#waiters.size > 0) this.#schedule()
  }

  /** A bug behind one waiter keeps the others from nothing. */
  #tell(waiter: CommitWaiter): void {
    try {
      waiter.onCommitted()
    } catch (error) {
      this.#log.error({ err: error }, 'a bug in the broker, behind a commit')
    }
  }
}
