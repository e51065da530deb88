import type { Clock } from '../../src/base/clock.ts'
import type { Store, StoreBatch, StoredSession } from '../../src/broker/ports.ts'
import type { Message } from '../../src/mqtt/message.ts'

/** What becomes of one commit. `late` is a failure that is told although the batch is safe. */
export type CommitFate = 'commit' | 'fail' | 'late'

/** A commit under way: the store decides when it is done, and how. */
export interface CommitUnderWay {
  /** Lets it end; answers whether it was still under way. */
  settle(fate: CommitFate): boolean
}

/**
 * A store in front of another one that stalls and fails as a test tells it to. `onCommit` is asked
 * for each commit; until what it is given is settled, the commit is under way and nothing is
 * answered. Whoever ends the process meanwhile calls `abandon`: what is under way never happens.
 */
export class FaultyStore implements Store {
  readonly #store: Store
  readonly #onCommit: (commit: CommitUnderWay) => void
  readonly #onRead: (answer: () => void) => void
  #isAbandoned = false
  /** Commits that ended well, and those that were told to have failed. */
  committed = 0
  failed = 0
  isFull = false
  unsettledBytes = 0

  /** `onRead` is asked for each page that was read; it is given when that answers. */
  constructor(
    store: Store,
    onCommit: (commit: CommitUnderWay) => void,
    onRead: (answer: () => void) => void = (answer) => answer(),
  ) {
    this.#store = store
    this.#onCommit = onCommit
    this.#onRead = onRead
  }

  get lastGeneration(): number {
    return this.#store.lastGeneration
  }

  get isVolatile(): boolean {
    return this.#store.isVolatile
  }

  get snapshotsWantedBelow(): number {
    return this.#store.snapshotsWantedBelow
  }

  open(clock: Clock): Promise<void> {
    return this.#store.open(clock)
  }

  newBatch(number: number): StoreBatch {
    return this.#store.newBatch(number)
  }

  commit(batch: StoreBatch): Promise<void> {
    return new Promise((resolve, reject) => {
      let isUnderWay = true
      const settle = (fate: CommitFate): boolean => {
        if (!isUnderWay || this.#isAbandoned) return false
        isUnderWay = false
        if (fate === 'commit') {
          this.committed++
          this.#store.commit(batch).then(resolve, reject)
          return true
        }
        this.failed++
        const fail = (): void => reject(new Error(`the store failed (${fate})`))
        if (fate === 'late') this.#store.commit(batch).then(fail, reject)
        else fail()
        return true
      }
      this.#onCommit({ settle })
    })
  }

  sessions(): AsyncIterable<readonly StoredSession[]> {
    return this.#store.sessions()
  }

  retained(): AsyncIterable<Message> {
    return this.#store.retained()
  }

  readRetained(topic: string): Promise<Message | undefined> {
    return this.#store.readRetained(topic)
  }

  /** What there is when it is asked; it may be told later. */
  async readQueue(...asked: Parameters<Store['readQueue']>): ReturnType<Store['readQueue']> {
    const entries = await this.#store.readQueue(...asked)
    await new Promise<void>((resolve) => {
      this.#onRead(() => {
        if (!this.#isAbandoned) resolve()
      })
    })
    return entries
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  /** The process is gone: what is under way is lost, and nothing is answered any more. */
  abandon(): void {
    this.#isAbandoned = true
  }
}
