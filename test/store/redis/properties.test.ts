import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MemoryStore } from '../../../src/store/memory/memory-store.ts'
import { RedisStore } from '../../../src/store/redis/redis-store.ts'
import { range } from '../../contract/kit.ts'
import { RedisServer, redisIsMissing } from '../../support/redis-server.ts'
import { TestLog } from '../../support/test-log.ts'
import { contentOf, type Recorded, writeBatch } from '../random-history.ts'

const histories = Number(process.env.HISTORIES ?? 100)
const clock = { now: () => 5000, wallMs: () => 1_700_000_000_000 }

describe.skipIf(redisIsMissing)('whatever is recorded', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start({ appendfsync: 'no' })
  })
  afterAll(() => server.dispose())

  test('Redis has the same of it as the reference has', async () => {
    const open = async (): Promise<RedisStore> => {
      const store = new RedisStore(server.options(), new TestLog(), Infinity, clock.wallMs)
      await store.open(clock)
      return store
    }
    const history = fc.integer({ min: 1, max: 2 ** 30 })
    const check = fc.asyncProperty(
      history,
      fc.integer({ min: 1, max: 20 }),
      async (seed, count) => {
        await server.client.flushall()
        const memory = new MemoryStore()
        let redis = await open()
        for (const store of [memory, redis]) {
          const sessions = new Map<string, Recorded>()
          for (const number of range(1, count)) {
            const batch = store.newBatch(number)
            writeBatch(batch, seed + number, sessions)
            await store.commit(batch)
          }
        }
        await redis.close()
        redis = await open()
        const found = await contentOf(redis)
        await redis.close()
        expect(found).toEqual(await contentOf(memory))
      },
    )
    await fc.assert(check, { numRuns: histories, endOnFailure: true })
  })
})
