import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../../src/base/clock.ts'
import { StoreInUse, StoreVersion } from '../../../src/store/errors.ts'
import { StoreFenced } from '../../../src/store/redis/errors.ts'
import { state } from '../../contract/kit.ts'
import { RedisServer, redisIsMissing } from '../../support/redis-server.ts'
import { key, OpenStore, queueOne } from './kit.ts'

const soon = { interval: 10, timeout: 8000 }

describe.skipIf(redisIsMissing)('the owner of a store in Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.dispose())
  beforeEach(() => server.client.flushall())

  test('is the only one while it lives: a second broker is told who it is', async () => {
    const options = server.options({ takeoverAfterMs: 900 })
    const first = await OpenStore.open(options)
    const second = OpenStore.open(options)
    await expect(second).rejects.toThrow(StoreInUse)
    await expect(second).rejects.toThrow(
      new RegExp(
        `keys mqtt:\\*, is in use by another broker \\(process ${process.pid} on .*\\); stop it`,
      ),
    )
    await first.begin()
    await first.queue(1)
    await first.store.close()
  })

  test('may be another one at once when it was closed, and under another prefix', async () => {
    const first = await OpenStore.open(server.options())
    const beside = await OpenStore.open(server.options({ keyPrefix: 'other' }))
    await first.begin()
    await first.store.close()
    const second = await OpenStore.open(server.options())
    expect(second.log.messages('info')).toHaveLength(2)
    expect(await second.sessions()).toHaveLength(1)
    expect(await beside.sessions()).toEqual([])
    await second.store.close()
    await beside.store.close()
  })

  test('is followed when it was silent for too long, and can write nothing from then on', async () => {
    const first = await OpenStore.open(server.options())
    await first.begin()
    await first.queue(1)
    // As Redis does when the deadline has passed.
    await server.client.del('mqtt:alive')
    const second = await OpenStore.open(server.options())
    await expect(first.queue(2)).rejects.toThrow(StoreFenced)
    const late = first.batch((batch) => {
      batch.session({ clientId: 'd', generation: 6 }).began(state)
      queueOne(batch.session(key), 2)
    })
    await expect(first.store.commit(late)).rejects.toThrow(StoreFenced)
    expect(first.log.messages('error')).toHaveLength(1)
    expect(first.log.messages('error')[0]).toMatch(/was taken over by another broker/)
    expect(await second.sessions()).toHaveLength(1)
    expect(await second.queued()).toEqual([1])
    await first.store.close()
    expect(await server.client.exists('mqtt:alive')).toBe(1)
    await second.queue(2)
    await second.store.close()
  })

  test('that has nothing to write learns by its heartbeat that another one has followed', async () => {
    const first = await OpenStore.open(server.options({ takeoverAfterMs: 300 }))
    await server.client.hset('mqtt:owner', { epoch: 2, incarnation: 'another' })
    await expect.poll(() => first.log.messages('error').length, soon).toBe(1)
    await expect(first.begin()).rejects.toThrow(StoreFenced)
    await first.store.close()
  })

  test('lives on when Redis was away for longer than the deadline and nobody came', async () => {
    const first = await OpenStore.open(server.options({ takeoverAfterMs: 300 }))
    await first.begin()
    await server.client.del('mqtt:alive')
    await expect.poll(() => server.client.exists('mqtt:alive'), soon).toBe(1)
    await first.queue(1)
    await first.store.close()
  })

  test('stamps the sessions that it takes in', async () => {
    const first = await OpenStore.open(server.options())
    await first.begin()
    await first.store.close()
    expect(await server.client.hget('mqtt:{c}:5', 'e')).toBe('1')
    const second = await OpenStore.open(server.options())
    await second.sessions()
    expect(await server.client.hget('mqtt:{c}:5', 'e')).toBe('2')
    await second.store.close()
  })

  test('does not touch what another version has written', async () => {
    await server.client.hset('mqtt:owner', 'format', 2)
    await expect(OpenStore.open(server.options())).rejects.toThrow(StoreVersion)
    await expect(OpenStore.open(server.options())).rejects.toThrow(/format 2, this one reads 1\)/)
    expect(await server.client.hgetall('mqtt:owner')).toEqual({ format: '2' })
  })

  describe('carries times over by the clock of Redis', () => {
    const before: Clock = { now: () => 5000, wallMs: () => 0 }
    /** Another process: its monotonic clock began elsewhere. */
    const after: Clock = { now: () => 100, wallMs: () => 0 }

    /** Milliseconds ago, as the next process has it, of what was 1,000 ms ago when this one ended. */
    async function ageAfterRestart(meanwhile: () => Promise<unknown>): Promise<number> {
      const first = await OpenStore.open(server.options(), before)
      await first.commit((session) => session.began({ ...state, disconnectedAt: 4000 }))
      await first.store.close()
      await meanwhile()
      const second = await OpenStore.open(server.options(), after)
      const [session] = await second.sessions()
      await second.store.close()
      return 100 - (session?.state.disconnectedAt ?? 0)
    }

    test('which goes on while no broker runs', async () => {
      const start = performance.now()
      // Redis takes its time for it.
      const age = await ageAfterRestart(() => server.client.blpop('nothing', 0.3))
      expect(age).toBeGreaterThanOrEqual(1300)
      expect(age).toBeLessThanOrEqual(1000 + Math.ceil(performance.now() - start))
    })

    test('and never backwards when that clock was set back', async () => {
      const ahead = Date.now() + 86_400_000
      const age = await ageAfterRestart(async () => {
        const known = Number(await server.client.hget('mqtt:owner', 'time'))
        expect(Math.abs(known - Date.now())).toBeLessThan(60_000)
        await server.client.hset('mqtt:owner', 'time', ahead)
      })
      expect(age).toBeGreaterThan(86_000_000)
      expect(Number(await server.client.hget('mqtt:owner', 'time'))).toBeGreaterThanOrEqual(ahead)
    })
  })
})
