import type {
  PageLimit,
  SessionKey,
  SessionState,
  Store,
  StoreBatch,
  StoredSession,
} from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { LaneKey, QueuedEntry } from '../../session/lane.ts'
import { SessionFold } from '../../session/session-fold.ts'
import { MemoryBatch, type SessionRecord } from './memory-batch.ts'

interface KeptSession {
  readonly key: SessionKey
  state: SessionState
  fold: SessionFold
}

/**
 * A store that keeps what a durable one keeps, in an object that outlives the broker but not the
 * process: what recovery means, in the fewest words. The contract of the other back ends is
 * measured on it, and simulated brokers crash over it. It is not what `store.backend: memory`
 * stands for (`volatile-store.ts`).
 *
 * Times in it are monotonic ms of the clock that the broker had: it serves brokers of one clock.
 *
 * Invariants: 1. nothing of a batch is kept before its commit, then all of it. 2. what was not
 * begun, or has ended, is changed by no record.
 */
export class MemoryStore implements Store {
  readonly isVolatile = false
  readonly unsettledBytes = 0
  /** What has ended leaves nothing. */
  readonly lastGeneration = 0
  readonly isFull = false
  /** Batches after which a session's snapshot is wanted; `Infinity` for never. */
  readonly #snapshotsEvery: number
  #lastNumber = 0
  /** By generation. */
  readonly #sessions = new Map<number, KeptSession>()
  readonly #retained = new Map<string, Message>()

  constructor(snapshotsEvery = Number.POSITIVE_INFINITY) {
    this.#snapshotsEvery = snapshotsEvery
  }

  get snapshotsWantedBelow(): number {
    return Math.max(0, this.#lastNumber - this.#snapshotsEvery)
  }

  /** Sessions kept. */
  get sessionCount(): number {
    return this.#sessions.size
  }

  /** Topics with a retained message. */
  get retainedCount(): number {
    return this.#retained.size
  }

  async open(): Promise<void> {
    this.#lastNumber = 0
  }

  newBatch(number: number): StoreBatch {
    return new MemoryBatch(number)
  }

  /** Committing a batch once more, as after a failure that came too late, changes nothing. */
  async commit(batch: StoreBatch): Promise<void> {
    this.apply(batch as MemoryBatch)
  }

  /** The same at once: all of the batch, or nothing when it was applied before. */
  apply(batch: MemoryBatch): void {
    if (batch.isApplied) return
    batch.isApplied = true
    this.#lastNumber = batch.number
    for (const { key, records } of batch.sessions) {
      for (const record of records) this.#apply(key, record)
    }
    for (const [topic, message] of batch.retained) {
      if (message === undefined) this.#retained.delete(topic)
      else this.#retained.set(topic, message)
    }
  }

  /** As they are when the first is asked for: commits go on meanwhile. */
  async *sessions(): AsyncIterable<readonly StoredSession[]> {
    const kept = [...this.#sessions.values()].map(({ key, state, fold }) => ({
      key,
      state,
      snapshot: { ...fold.snapshot(key, state.createdAtWallMs), mqueue: [] },
    }))
    yield kept
  }

  async *retained(): AsyncIterable<Message> {
    const kept = [...this.#retained.values()]
    yield* kept
  }

  async readRetained(topic: string): Promise<Message | undefined> {
    return this.#retained.get(topic)
  }

  async readQueue(
    { generation }: SessionKey,
    lane: LaneKey,
    from: number,
    limit: PageLimit,
  ): Promise<readonly QueuedEntry[]> {
    const queued = this.#sessions.get(generation)?.fold.waiting() ?? []
    const entries: QueuedEntry[] = []
    let bytes = 0
    for (const entry of queued) {
      if (entry.lane !== lane || entry.sequence < from) continue
      bytes += entry.message.cost
      if (entries.length > 0 && (entries.length === limit.length || bytes > limit.bytes)) break
      entries.push(entry)
    }
    return entries
  }

  async close(): Promise<void> {}

  #apply(key: SessionKey, record: SessionRecord): void {
    const { generation } = key
    if (record.type === 'began') {
      const { state } = record
      const fold = new SessionFold()
      this.#sessions.set(generation, { key, state, fold })
      return
    }
    const kept = this.#sessions.get(generation)
    if (kept === undefined) return
    switch (record.type) {
      case 'changed':
        kept.state = record.state
        break
      case 'ended':
        this.#sessions.delete(generation)
        break
      case 'snapshot': {
        const mqueue = kept.fold.waiting()
        kept.state = record.state
        kept.fold = new SessionFold({ ...record.snapshot, mqueue })
        break
      }
      default:
        kept.fold.apply(record)
    }
  }
}
