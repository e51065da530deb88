import { assert } from '../../base/assert.ts'
import type { Store, StoreBatch, StoredSession } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { QueuedEntry } from '../../session/lane.ts'

/**
 * `store.backend: memory`: nothing outlives the process, so nothing is written and no answer
 * waits. Sessions live in the broker's own memory, where they always do.
 */
export class VolatileStore implements Store {
  readonly isVolatile = true
  readonly snapshotsWantedBelow = Number.NEGATIVE_INFINITY
  readonly unsettledBytes = 0
  readonly lastGeneration = 0
  readonly isFull = false

  async open(): Promise<void> {}

  newBatch(): StoreBatch {
    assert(false, 'nothing is recorded in a volatile store')
  }

  async commit(): Promise<void> {}

  async *sessions(): AsyncIterable<readonly StoredSession[]> {}

  async *retained(): AsyncIterable<Message> {}

  async readRetained(): Promise<undefined> {}

  async readQueue(): Promise<readonly QueuedEntry[]> {
    return []
  }

  async close(): Promise<void> {}
}
