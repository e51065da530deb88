import type { StoreBatch } from '../../src/broker/ports.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'

/** Turns of the event loop that a commit takes; fewer than `VirtualTime.settle` waits for. */
const commitTurns = 2

/** A store whose commits take their time, as those of a disk do. */
export class SlowStore extends MemoryStore {
  override async commit(batch: StoreBatch): Promise<void> {
    for (let turn = 0; turn < commitTurns; turn++) {
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    return super.commit(batch)
  }
}
