import { afterAll, beforeAll, describe } from 'vitest'
import { RedisStore } from '../../src/store/redis/redis-store.ts'
import { RedisServer, redisIsMissing } from '../support/redis-server.ts'
import { TestLog } from '../support/test-log.ts'
import type { StoreTime } from './kit.ts'
import { storeContract } from './store.ts'

describe.skipIf(redisIsMissing)('with a real Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.dispose())

  storeContract({
    name: 'RedisStore',
    // By the clock of Redis, which no test can set: here the wall's is in its place, and
    // test/store/redis/ownership.test.ts has the real one.
    features: { carriesTime: true },
    async open(time) {
      const openAgain = async (at: StoreTime): Promise<RedisStore> => {
        const log = new TestLog()
        const store = new RedisStore(server.options(), log, Infinity, () => at.wallMs)
        await store.open({ now: () => at.now, wallMs: () => at.wallMs })
        return store
      }
      await server.client.flushall()
      let store = await openAgain(time)
      const reopen = async (at: StoreTime): Promise<RedisStore> => {
        await store.close()
        store = await openAgain(at)
        return store
      }
      return { store, reopen, remove: () => store.close() }
    },
  })
})
