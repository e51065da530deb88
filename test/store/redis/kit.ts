import type { Clock } from '../../../src/base/clock.ts'
import type {
  SessionKey,
  SessionWriter,
  StoreBatch,
  StoredSession,
} from '../../../src/broker/ports.ts'
import type { RedisOptions } from '../../../src/store/redis/options.ts'
import { RedisStore } from '../../../src/store/redis/redis-store.ts'
import { systemClock } from '../../../src/system.ts'
import { all, state } from '../../contract/kit.ts'
import { at, message } from '../../support/session-kit.ts'
import { TestLog } from '../../support/test-log.ts'

export const key: SessionKey = { clientId: 'c', generation: 5 }

/** A store that is open, and what tests do with it. */
export class OpenStore {
  readonly store: RedisStore
  readonly log: TestLog
  #number = 0

  private constructor(store: RedisStore, log: TestLog) {
    this.store = store
    this.log = log
  }

  /** Opens one. Rejects as `RedisStore.open` does. */
  static async open(options: RedisOptions, clock: Clock = systemClock): Promise<OpenStore> {
    const log = new TestLog()
    const store = new RedisStore(options, log)
    await store.open(clock)
    return new OpenStore(store, log)
  }

  batch(write: (batch: StoreBatch) => void): StoreBatch {
    const batch = this.store.newBatch(++this.#number)
    write(batch)
    return batch
  }

  /** Commits what `write` records of the session `key`, as one batch. */
  commit(write: (session: SessionWriter) => void): Promise<void> {
    return this.store.commit(this.batch((batch) => write(batch.session(key))))
  }

  /** Begins the session `key`, if it is not there. */
  begin(): Promise<void> {
    return this.commit((session) => session.began(state))
  }

  /** A message waits in lane 0 of the session `key`, which has those from sequence 1 on. */
  queue(sequence: number): Promise<void> {
    return this.commit((session) => queueOne(session, sequence))
  }

  async sessions(): Promise<StoredSession[]> {
    const sessions: StoredSession[] = []
    for await (const some of this.store.sessions()) sessions.push(...some)
    return sessions
  }

  /** Sequences of what waits in lane 0. */
  async queued(): Promise<number[]> {
    const entries = await this.store.readQueue(key, 0, 0, all)
    return entries.map(({ sequence }) => sequence)
  }
}

export function queueOne(session: SessionWriter, sequence: number): void {
  session.queued(0, sequence, message(`m${sequence}`, 1), at(1))
  const [head, tail, length] = [1, sequence + 1, sequence]
  session.lane({ key: 0, head, tail, length, bytes: 200 * length, isShared: false, table: 0 })
}
