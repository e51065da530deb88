import type {
  SessionKey,
  SessionState,
  Store,
  StoreBatch,
  StoredSession,
} from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import { fold } from '../../session/changes.ts'
import { emptySnapshot } from '../../session/snapshot.ts'
import { MemoryBatch } from './memory-batch.ts'

/**
 * A store that keeps what a durable one keeps, in an object that outlives the broker but not the
 * process: what recovery means, in the fewest words. The contract of the other back ends is
 * measured on it, and simulated brokers crash over it. It is not what `store.backend: memory`
 * stands for (`volatile-store.ts`), for each change of a session costs as much as the session has.
 *
 * Times in it are monotonic ms of the clock that the broker had: it serves brokers of one clock.
 *
 * Invariants: 1. nothing of a batch is kept before its commit, then all of it. 2. a session is kept
 * by client id, at its latest generation; records of another generation change nothing.
 */
export class MemoryStore implements Store {
  readonly isVolatile = false
  readonly #sessions = new Map<string, StoredSession>()
  readonly #retained = new Map<string, Message>()

  /** Sessions kept. */
  get sessionCount(): number {
    return this.#sessions.size
  }

  /** Topics with a retained message. */
  get retainedCount(): number {
    return this.#retained.size
  }

  newBatch(): StoreBatch {
    return new MemoryBatch()
  }

  /** Committing a batch once more, as after a failure that came too late, changes nothing. */
  async commit(batch: StoreBatch): Promise<void> {
    this.apply(batch as MemoryBatch)
  }

  /** The same at once: all of the batch, or nothing when it was applied before. */
  apply(batch: MemoryBatch): void {
    if (batch.isApplied) return
    batch.isApplied = true
    for (const record of batch.records) {
      switch (record.type) {
        case 'retainedSet':
          this.#retained.set(record.message.topic, record.message)
          break
        case 'retainedCleared':
          this.#retained.delete(record.topic)
          break
        case 'sessionBegan':
          this.#begin(record.key, record.state)
          break
        case 'sessionEnded':
          if (this.#find(record.key) !== undefined) this.#sessions.delete(record.key.clientId)
          break
        case 'sessionChanged':
          this.#update(record.key, { state: record.state })
          break
        case 'sessionSnapshot':
          this.#update(record.key, { snapshot: record.snapshot })
          break
        case 'change': {
          const stored = this.#find(record.key)
          if (stored === undefined) break
          this.#update(record.key, { snapshot: fold(stored.snapshot, record.change) })
        }
      }
    }
  }

  /** As they are when the first is asked for: commits go on meanwhile. */
  async *sessions(): AsyncIterable<StoredSession> {
    const kept = [...this.#sessions.values()]
    yield* kept
  }

  async *retained(): AsyncIterable<Message> {
    const kept = [...this.#retained.values()]
    yield* kept
  }

  async close(): Promise<void> {}

  #find({ clientId, generation }: SessionKey): StoredSession | undefined {
    const stored = this.#sessions.get(clientId)
    return stored?.key.generation === generation ? stored : undefined
  }

  #begin(key: SessionKey, state: SessionState): void {
    const { clientId, generation } = key
    const stored = this.#sessions.get(clientId)
    if (stored !== undefined && stored.key.generation > generation) return
    const snapshot = emptySnapshot(clientId, generation, state.createdAtWallMs)
    this.#sessions.delete(clientId)
    this.#sessions.set(clientId, { key, state, snapshot })
  }

  #update(key: SessionKey, changed: Partial<StoredSession>): void {
    const stored = this.#find(key)
    if (stored !== undefined) this.#sessions.set(key.clientId, { ...stored, ...changed })
  }
}
