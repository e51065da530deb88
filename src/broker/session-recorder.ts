import type { CommitWaiter } from '../channel/ports.ts'
import { ChangeRecorder } from '../session/change-recorder.ts'
import type { Lane } from '../session/lane.ts'
import type { Outgoing } from '../session/outgoing.ts'
import type { Session } from '../session/session.ts'
import type { Journal } from './journal.ts'
import type { Pager } from './pager.ts'
import type { SessionKey, SessionState, StoreBatch } from './ports.ts'

/** The session that is recorded, with what the store is to know besides what is in it. */
export interface RecordedSession {
  readonly session: Session
  readonly state: SessionState
}

/** What recorders of all sessions share. */
export interface RecorderParts {
  readonly journal: Journal
  readonly pager: Pager
}

/**
 * Takes down one session's changes in the journal's open batch. A QoS 2 packet that must wait for
 * its record has the session's owner told of the next commit.
 *
 * A session that ends before its begin was written leaves no trace.
 */
export class SessionRecorder extends ChangeRecorder {
  readonly key: SessionKey
  /** Whether QoS 2 packets and answers wait for their records (`durability: commit`), or not (`async`). */
  isAwaited: boolean
  /** Pumps the session when a commit is done or a page has come; undefined while the client is away. */
  owner: CommitWaiter | undefined
  /**
   * The first batch with records of it that no snapshot has settled: 0 for none, `-Infinity` for one
   * of an earlier process.
   */
  unsettledSince = 0
  readonly #parts: RecorderParts
  #recorded: RecordedSession | undefined
  /** Whether the store knows of it. */
  #hasBegun: boolean
  #isJoined = false
  #isStateNew = false
  #isEnding = false

  /** `hasBegun`: it comes out of the store. */
  constructor(parts: RecorderParts, key: SessionKey, isAwaited: boolean, hasBegun: boolean) {
    super()
    this.#parts = parts
    this.key = key
    this.isAwaited = isAwaited
    this.#hasBegun = hasBegun
  }

  get openBatch(): number {
    return this.#parts.journal.openBatch
  }

  get committed(): number {
    return this.isAwaited ? this.#parts.journal.committed : Number.POSITIVE_INFINITY
  }

  /** Whether there is nothing of it in the store, or soon will be. */
  get isOver(): boolean {
    return this.#recorded === undefined
  }

  /** Says whose recorder it is; before anything is recorded. */
  belongsTo(recorded: RecordedSession): void {
    this.#recorded = recorded
  }

  override entry(entry: Outgoing): void {
    super.entry(entry)
    if (entry.qos === 2 && entry.isUnsent && this.owner !== undefined && this.isAwaited) {
      this.#parts.journal.wait(this.owner)
    }
  }

  readOn(lane: Lane): void {
    this.#parts.pager.read(this, lane)
  }

  /** The session begins, or its state is another one. */
  state(): void {
    this.#isStateNew = true
    this.touched(true, 0)
  }

  /** The session is over. */
  end(): void {
    this.#isEnding = true
    this.touched(true, 0)
  }

  /** What the pager read: empty when nothing of what was asked for is there. Answers whether it was of use. */
  onPage(lane: Lane, entries: Parameters<Session['page']>[1]): boolean {
    const session = this.#recorded?.session
    if (session === undefined || session.recorder !== this) return true
    if (entries.length === 0 && lane.storedLength > 0 && !lane.isReadStale) return false
    session.page(lane.key, entries)
    this.owner?.onCommitted()
    return true
  }

  /** Writes what has changed, as it is now. Answers how many messages left no trace. */
  writeTo(batch: StoreBatch): number {
    this.#isJoined = false
    if (this.#isEnding) return this.#writeEnd(batch)
    const { session, state } = this.#recorded as RecordedSession
    const writer = batch.session(this.key)
    if (!this.#hasBegun) writer.began(state)
    else if (this.#isStateNew) writer.changed(state)
    this.#hasBegun = true
    this.#isStateNew = false
    return this.write(writer, session.subscriptions)
  }

  /** Writes all of it, so that earlier records are not needed any more. */
  snapshotTo(batch: StoreBatch): void {
    const { session, state } = this.#recorded as RecordedSession
    const writer = batch.session(this.key)
    for (const lane of session.lanes) this.page(writer, lane)
    const snapshot = session.snapshot()
    // Whether a slot was sent will be known only to the process that has gone.
    const inflight = snapshot.inflight.map((slot) =>
      slot.phase === 'publish' ? { ...slot, wasSent: true } : slot,
    )
    writer.snapshot(state, { ...snapshot, inflight, mqueue: [] })
  }

  /** What was written is safe; unless the session records elsewhere by now, its pages may leave memory. */
  settle(): void {
    const session = this.#recorded?.session
    if (session?.recorder === this) this.settlePages(session.memoryWindow)
    else this.dropPages()
  }

  protected touched(isAwaited: boolean, bytes: number): void {
    const { journal } = this.#parts
    if (!this.#isJoined) {
      this.#isJoined = true
      journal.join(this)
    }
    journal.changed(isAwaited && this.isAwaited, bytes)
  }

  #writeEnd(batch: StoreBatch): number {
    if (this.#hasBegun) batch.session(this.key).ended()
    this.#recorded = undefined
    return 0
  }
}
