import { ChangeRecorder } from '../../src/session/change-recorder.ts'
import { type Change, ChangeList } from '../../src/session/changes.ts'
import type { Lane, QueuedEntry } from '../../src/session/lane.ts'
import type { Session } from '../../src/session/session.ts'
import { SessionFold } from '../../src/session/session-fold.ts'
import type { SessionSnapshot } from '../../src/session/snapshot.ts'

/**
 * Collects changes as data; a test says when a batch starts and when it is safe. What a session
 * leaves to the store is read back when the test says so.
 */
export class CollectingRecorder extends ChangeRecorder {
  openBatch = 1
  committed = 0
  /** Every record, and the batch that each is in. */
  readonly changes: Change[] = []
  readonly batches: number[] = []
  /** Messages that left no record. */
  elided = 0
  readonly #asked: Lane[] = []
  readonly #session: () => Session
  readonly #began: SessionSnapshot

  constructor(session: () => Session, began: SessionSnapshot) {
    super()
    this.#session = session
    this.#began = began
  }

  /** Starts the open batch: from here on changes join the next one. `commit` makes it safe. */
  close(): void {
    const list = new ChangeList()
    this.elided += this.write(list, this.#session().subscriptions)
    for (const change of list.records) {
      this.changes.push(change as Change)
      this.batches.push(this.openBatch)
    }
    this.openBatch++
  }

  /** Makes all that was told so far safe; once the batch has started nothing joins it. */
  commit(): void {
    this.close()
    this.committed = this.openBatch - 1
    this.settlePages(this.#session().memoryWindow)
  }

  /** Writes a page of everything that is in none, as a store does that wants a snapshot. */
  pageAll(): void {
    for (const lane of this.#session().lanes) this.page(new ChangeList(), lane)
  }

  /** The pages that were asked for come. `countMax`: entries of each. */
  readPages(countMax = 3): void {
    for (const lane of this.#asked.splice(0)) {
      this.#session().page(lane.key, this.#entriesOf(lane).slice(0, countMax))
    }
  }

  get isReading(): boolean {
    return this.#asked.length > 0
  }

  readOn(lane: Lane): void {
    this.#asked.push(lane)
  }

  /** What the session is by its records up to batch `batchMax`. */
  folded(batchMax = Number.POSITIVE_INFINITY): SessionSnapshot {
    const fold = new SessionFold(this.#began)
    for (let i = 0; i < this.changes.length; i++) {
      if ((this.batches[i] as number) <= batchMax) fold.apply(this.changes[i] as Change)
    }
    return fold.snapshot(this.#began, this.#began.createdAtWallMs)
  }

  protected touched(): void {}

  #entriesOf(lane: Lane): QueuedEntry[] {
    return this.folded(this.committed).mqueue.filter(
      (entry) => entry.lane === lane.key && entry.sequence >= lane.storedFrom,
    )
  }
}
