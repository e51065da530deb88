import type { Clock } from '../base/clock.ts'
import { Deadline, type Deadlines } from '../base/deadlines.ts'
import type { Logger } from '../base/logger.ts'
import type { Commits, CommitWaiter, RoomWaiter } from '../channel/ports.ts'
import type { Message } from '../mqtt/message.ts'
import { BackPressure, type Load } from './back-pressure.ts'
import type { Store, StoreBatch } from './ports.ts'
import type { SessionRecorder } from './session-recorder.ts'
import { StoreMeter } from './store-meter.ts'

/** Calls back when this turn of the event loop is over. */
export type AfterTurn = (work: () => void) => void

export interface JournalOptions {
  /** Milliseconds from the start of one batch to the next, at least, so that each is worth its cost. */
  readonly commitIntervalMs: number
  /** Milliseconds after which changes are written for which nobody waits. */
  readonly asyncIntervalMs: number
  /** Bytes of messages that wait to be safe, or to find their place, above which reading pauses. */
  readonly pendingBytesMax: number
  /** While the store fails or is full: refuses what it would have to keep, where MQTT can say so. */
  readonly refusesOnFailure: boolean
}

export const defaultJournalOptions: JournalOptions = {
  commitIntervalMs: 1,
  asyncIntervalMs: 1000,
  pendingBytesMax: 32 * 1024 * 1024,
  refusesOnFailure: false,
}

/** What a journal is made of. */
export interface JournalParts {
  readonly store: Store
  readonly afterTurn: AfterTurn
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly log: Logger
  readonly options: JournalOptions
  /** The store has this retained message. */
  readonly onRetainedSafe: (message: Message) => void
}

/** A store that failed is asked again after this. */
const retryAfterMs = 1000
/** While it fails that is said again after so many attempts. */
const sayAgainAfter = 60
const noRetained: ReadonlyMap<string, undefined> = new Map()
/** Sessions of which one batch takes snapshots along. */
const snapshotsMax = 256

/**
 * Group commit: what changes in one turn, or within the commit interval, joins the open batch; while
 * one batch commits the next one collects. A batch is written when it starts, so what has ended by
 * then leaves no trace in it; one that is empty is safe at once. A failed commit is tried again as
 * it is, and what waits for it goes on waiting.
 *
 * Invariants: 1. batches commit in the order of their numbers, one at a time. 2. `committed` <
 * `openBatch`. 3. a volatile store has no batches: `committed` is `Infinity` and nobody waits.
 * 4. without changes and waiters nothing is scheduled.
 */
export class Journal implements Commits, Load {
  readonly meter = new StoreMeter()
  readonly #parts: JournalParts
  readonly #options: JournalOptions
  #openNumber = 1
  #committed: number
  #committing: StoreBatch | undefined
  #startedAt = Number.NEGATIVE_INFINITY
  #isScheduled = false
  readonly #timer: Deadline
  /** Somebody waits for the open batch, or for one before it. */
  #isAwaited = false
  #changes = 0
  #awaitedChanges = 0
  /** Of all changes those that a batch has taken in. */
  #changesWritten = 0
  #openBytes = 0
  #committingBytes = 0
  #dirty: SessionRecorder[] = []
  #retained = new Map<string, Message | undefined>()
  /** Of them, those in the batch that commits. */
  #committingRetained: ReadonlyMap<string, Message | undefined> = noRetained
  /** Sessions with records that no snapshot has settled yet, the one with the oldest first. */
  readonly #unsettled = new Set<SessionRecorder>()
  /** The same of earlier processes; some of them may be over. */
  #restored: SessionRecorder[] = []
  /** Sessions of which pages are in the batch that commits. */
  #paging: SessionRecorder[] = []
  #waiters = new Set<CommitWaiter>()
  /** Monotonic ms since which the store fails; undefined while it works. */
  #failingSince: number | undefined
  #attempts = 0
  readonly #backPressure: BackPressure

  constructor(parts: JournalParts) {
    this.#parts = parts
    this.#options = parts.options
    this.#committed = parts.store.isVolatile ? Number.POSITIVE_INFINITY : 0
    this.#timer = new Deadline(0, () => this.#plan())
    const { clock, deadlines, options } = parts
    this.#backPressure = new BackPressure(clock, deadlines, this, options.pendingBytesMax)
  }

  get isVolatile(): boolean {
    return this.#parts.store.isVolatile
  }

  get openBatch(): number {
    return this.isVolatile ? 0 : this.#openNumber
  }

  get committed(): number {
    return this.#committed
  }

  /** Changes so far. */
  get changes(): number {
    return this.#changes
  }

  /** Changes so far whose makers are answered when they are safe: to see whether one was made. */
  get awaitedChanges(): number {
    return this.#awaitedChanges
  }

  /** The last commit failed and has not succeeded since. */
  get isFailing(): boolean {
    return this.#failingSince !== undefined
  }

  get isRefusing(): boolean {
    return this.#options.refusesOnFailure && (this.isFailing || this.isFull)
  }

  /** Bytes of messages that wait to be safe, or to find their place in the store. */
  get pendingBytes(): number {
    return this.#openBytes + this.#committingBytes + this.#parts.store.unsettledBytes
  }

  /**
   * Records that are not safe yet: those of the batch that commits, and changes for the open one,
   * some of which may leave no record.
   */
  get pendingRecords(): number {
    return (this.#committing?.size ?? 0) + this.#changes - this.#changesWritten
  }

  get isFull(): boolean {
    return this.#parts.store.isFull
  }

  /** Whether who changes more is to wait (`hold`). */
  get isBehind(): boolean {
    return this.#backPressure.isOn
  }

  /** Publishers that are held back. */
  get heldCount(): number {
    return this.#backPressure.heldCount
  }

  /** A session has changes for the open batch, for the first time since its last one. */
  // hot:
  join(recorder: SessionRecorder): void {
    this.#dirty.push(recorder)
    if (this.#dirty.length === 1) this.#plan()
  }

  /** A session has come out of the store, which still needs records of earlier processes for it. */
  restored(recorder: SessionRecorder): void {
    recorder.unsettledSince = Number.NEGATIVE_INFINITY
    this.#restored.push(recorder)
  }

  /** One more change of a session. `isAwaited`: who made it is answered when it is safe. */
  // hot:
  changed(isAwaited: boolean, bytes: number): void {
    this.#changes++
    this.#openBytes += bytes
    if (isAwaited) this.#awaitedChanges++
    else if (this.#openBytes < this.#options.pendingBytesMax / 4) return
    if (!this.#isAwaited) this.#await()
  }

  /** The topic's retained message is this one now; undefined for none. */
  retained(topic: string, message: Message | undefined, isAwaited: boolean): void {
    if (this.isVolatile) return
    this.#retained.delete(topic)
    this.#retained.set(topic, message?.keep())
    this.changed(isAwaited, message === undefined ? 0 : message.cost)
    this.#plan()
  }

  wait(waiter: CommitWaiter): void {
    this.#waiters.add(waiter)
    this.#await()
  }

  hold(waiter: RoomWaiter): void {
    this.#backPressure.hold(waiter)
  }

  forget(waiter: CommitWaiter, held: RoomWaiter | undefined): void {
    this.#waiters.delete(waiter)
    if (held !== undefined) this.#backPressure.forget(held)
  }

  /** Resolves when everything that changed so far is safe; for shutdown. */
  async flush(): Promise<void> {
    const isIdle = this.#committing === undefined && !this.#hasChanges
    if (this.isVolatile || isIdle) return
    const number = this.#hasChanges ? this.#openNumber : this.#openNumber - 1
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

  get #hasChanges(): boolean {
    return this.#dirty.length > 0 || this.#retained.size > 0
  }

  #await(): void {
    this.#isAwaited = true
    this.#plan()
  }

  /** Sees to it that the open batch starts, when it is its time. */
  #plan(): void {
    if (this.#isScheduled || this.#committing !== undefined || this.isVolatile) return
    if (!this.#hasChanges && this.#waiters.size === 0) return
    const { clock, deadlines } = this.#parts
    const { asyncIntervalMs, commitIntervalMs } = this.#options
    const at = this.#startedAt + (this.#isAwaited ? commitIntervalMs : asyncIntervalMs)
    if (at > clock.now()) {
      if (!this.#timer.isSet || this.#timer.at > at) deadlines.move(this.#timer, at)
      return
    }
    deadlines.cancel(this.#timer)
    this.#isScheduled = true
    this.#parts.afterTurn(this.#startOpen)
  }

  readonly #startOpen = (): void => {
    this.#isScheduled = false
    this.#startedAt = this.#parts.clock.now()
    const number = this.#openNumber++
    const batch = this.#parts.store.newBatch(number)
    this.#isAwaited = false
    this.#changesWritten = this.#changes
    this.#committingBytes = this.#openBytes
    this.#openBytes = 0
    this.#writeSessions(batch)
    this.#writeRetained(batch)
    this.#writeSnapshots(batch)
    if (batch.size === 0) return this.#onCommitted(number)
    this.#committing = batch
    this.#commit(batch)
  }

  #writeSessions(batch: StoreBatch): void {
    const dirty = this.#dirty
    this.#dirty = []
    for (let i = 0; i < dirty.length; i++) {
      const recorder = dirty[i] as SessionRecorder
      const sizeBefore = batch.size
      this.meter.elided += recorder.writeTo(batch)
      if (recorder.isPaging) this.#paging.push(recorder)
      if (recorder.isOver) this.#unsettled.delete(recorder)
      else if (batch.size > sizeBefore && recorder.unsettledSince === 0) {
        recorder.unsettledSince = batch.number
        this.#unsettled.add(recorder)
      }
    }
  }

  #writeRetained(batch: StoreBatch): void {
    if (this.#retained.size === 0) return
    this.#committingRetained = this.#retained
    this.#retained = new Map()
    for (const [topic, message] of this.#committingRetained) {
      if (message === undefined) batch.retainedCleared(topic)
      else batch.retainedSet(message)
    }
  }

  /** Takes snapshots of the sessions whose records are the oldest, as far as the store wants them. */
  #writeSnapshots(batch: StoreBatch): void {
    const wantedBelow = this.#parts.store.snapshotsWantedBelow
    let left = snapshotsMax
    while (left > 0 && this.#restored.length > 0) {
      const recorder = this.#restored.at(-1) as SessionRecorder
      if (!recorder.isOver && wantedBelow === Number.NEGATIVE_INFINITY) break
      this.#restored.pop()
      if (recorder.isOver) continue
      this.#writeSnapshot(recorder, batch)
      left--
    }
    for (const recorder of this.#unsettled) {
      if (recorder.unsettledSince >= wantedBelow || left-- === 0) break
      this.#unsettled.delete(recorder)
      this.#writeSnapshot(recorder, batch)
    }
    const [oldest] = this.#unsettled
    batch.settledBelow = oldest === undefined ? batch.number + 1 : oldest.unsettledSince
    if (this.#restored.length > 0) batch.settledBelow = Number.NEGATIVE_INFINITY
  }

  #writeSnapshot(recorder: SessionRecorder, batch: StoreBatch): void {
    recorder.unsettledSince = 0
    recorder.snapshotTo(batch)
    if (recorder.isPaging) this.#paging.push(recorder)
  }

  #commit(batch: StoreBatch): void {
    this.#parts.store.commit(batch).then(
      () => this.#onCommitted(batch.number),
      (error: unknown) => this.#onFailed(batch, error),
    )
  }

  #onFailed(batch: StoreBatch, error: unknown): void {
    const { clock, deadlines, log } = this.#parts
    this.meter.failures++
    const now = clock.now()
    this.#failingSince ??= now
    if (this.#attempts++ % sayAgainAfter === 0) {
      const forS = Math.round((now - this.#failingSince) / 1000)
      const fields = { err: error, batch: batch.number, records: batch.size, forS }
      log.error(fields, 'the store fails: nothing is acknowledged until it works again')
    }
    deadlines.set(now + retryAfterMs, () => this.#commit(batch))
  }

  #onCommitted(number: number): void {
    this.#committed = number
    this.#committingBytes = 0
    const batch = this.#committing
    this.#committing = undefined
    if (batch !== undefined) this.#count(batch)
    for (const recorder of this.#paging) recorder.settle()
    this.#paging = []
    this.#retainedAreSafe()
    this.#works(number)
    const waiters = this.#waiters
    this.#waiters = new Set()
    for (const waiter of waiters) this.#tell(waiter)
    if (this.#waiters.size > 0) this.#isAwaited = true
    this.#backPressure.relieve()
    this.#plan()
  }

  #retainedAreSafe(): void {
    for (const message of this.#committingRetained.values()) {
      if (message !== undefined) this.#parts.onRetainedSafe(message)
    }
    this.#committingRetained = noRetained
  }

  #works(number: number): void {
    if (this.#failingSince === undefined) return
    const forS = Math.round((this.#parts.clock.now() - this.#failingSince) / 1000)
    this.#failingSince = undefined
    this.#attempts = 0
    this.#parts.log.info({ batch: number, forS }, 'the store works again')
  }

  #count(batch: StoreBatch): void {
    this.meter.records += batch.size
    this.meter.batchRecords.record(batch.size)
    this.meter.commitMs.record(this.#parts.clock.now() - this.#startedAt)
  }

  /** A bug behind one waiter keeps the others from nothing. */
  #tell(waiter: CommitWaiter): void {
    try {
      waiter.onCommitted()
    } catch (error) {
      this.#parts.log.error({ err: error }, 'a bug in the broker, behind a commit')
    }
  }
}
