import type { Store, StoreBatch, StoredSession } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'

/**
 * `store.backend: memory`: nothing outlives the process, so nothing is written and no answer
 * waits. Sessions live in the broker's own memory, where they always do.
 */
export class VolatileStore implements Store {
  readonly isVolatile = true

  newBatch(): StoreBatch {
    return emptyBatch
  }

  async commit(): Promise<void> {}

  async *sessions(): AsyncIterable<StoredSession> {}

  async *retained(): AsyncIterable<Message> {}

  async close(): Promise<void> {}
}

const emptyBatch: StoreBatch = {
  size: 0,
  sessionBegan() {},
  sessionChanged() {},
  sessionEnded() {},
  sessionSnapshot() {},
  change() {},
  retainedSet() {},
  retainedCleared() {},
}
