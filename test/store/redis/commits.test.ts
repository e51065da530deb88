import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { StoreUnavailable } from '../../../src/store/errors.ts'
import { StoreFenced, StoreLost } from '../../../src/store/redis/errors.ts'
import { defaultRedisServer, type RedisOptions } from '../../../src/store/redis/options.ts'
import { options, range, slot, state } from '../../contract/kit.ts'
import { RedisServer, redisIsMissing } from '../../support/redis-server.ts'
import { at, message } from '../../support/session-kit.ts'
import { BadNetwork } from './bad-network.ts'
import { key, OpenStore, queueOne } from './kit.ts'

/** For what comes by itself when Redis is back. */
const soon = { interval: 20, timeout: 8000 }

describe.skipIf(redisIsMissing)('batches in Redis', () => {
  let server: RedisServer
  let network: BadNetwork
  let open: OpenStore
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.dispose())

  beforeEach(async () => {
    await server.client.flushall()
    network = await BadNetwork.start(server.port)
    open = await OpenStore.open(throughNetwork())
    await open.begin()
  })
  afterEach(async () => {
    network.toClient = 'open'
    network.toServer = 'open'
    await open.store.close()
    network.stop()
  })

  function throughNetwork(changes: Partial<RedisOptions> = {}): RedisOptions {
    const through = { ...defaultRedisServer, port: network.port }
    return server.options({ server: through, commandTimeoutMs: 1000, ...changes })
  }

  test('a batch whose answer is lost is not written twice', async () => {
    const batch = open.batch((each) => queueOne(each.session(key), 1))
    network.toClient = 'lost'
    const failed = expect(open.store.commit(batch)).rejects.toThrow(StoreUnavailable)
    await expect.poll(() => server.client.xlen('mqtt:{c}:5:0'), soon).toBe(1)
    network.cut()
    await failed
    network.toClient = 'open'
    await expect.poll(() => settled(open.store.commit(batch)), soon).toBe('done')
    await open.queue(2)
    expect(await open.queued()).toEqual([1, 2])
    expect(open.log.messages('error')).toEqual([])
  })

  test('an attempt that arrives when later batches are written changes nothing', async () => {
    const batch = open.batch((each) => slot(each.session(key), 7, 1))
    network.toServer = 'held'
    const failed = expect(open.store.commit(batch)).rejects.toThrow(StoreUnavailable)
    await expect.poll(() => network.heldBytes, soon).toBeGreaterThan(0)
    network.cut()
    await failed
    const held = network.heldBytes
    network.toServer = 'open'
    await expect.poll(() => settled(open.store.commit(batch)), soon).toBe('done')
    await open.commit((session) => session.freed(7))
    expect(network.heldBytes).toBe(held)
    await network.release()
    expect((await open.sessions())[0]?.snapshot.inflight).toEqual([])
    await open.queue(1)
    expect(await open.queued()).toEqual([1])
  })

  test('a Redis that has forgotten the scripts is told them again', async () => {
    await server.client.script('FLUSH')
    await open.queue(1)
    await server.client.script('FLUSH')
    expect(await open.queued()).toEqual([1])
  })

  test('while Redis is stopped commits fail, and go on by themselves when it runs again', async () => {
    const batch = open.batch((each) => queueOne(each.session(key), 1))
    server.signal('SIGSTOP')
    await expect(open.store.commit(batch)).rejects.toThrow(StoreUnavailable)
    await expect(open.store.commit(batch)).rejects.toThrow('not connected')
    await expect(open.store.readQueue(key, 0, 0, { length: 1, bytes: 1 })).rejects.toThrow(
      StoreUnavailable,
    )
    server.signal('SIGCONT')
    await expect.poll(() => settled(open.store.commit(batch)), soon).toBe('done')
    expect(await open.queued()).toEqual([1])
    expect(open.log.messages('warn').at(-1)).toMatch(/^the connection to redis .* is lost/)
    expect(open.log.messages('info').at(-1)).toMatch(/is connected$/)
  })

  test('what a Redis has lost that comes back with older files is written again', async () => {
    await open.queue(1)
    await server.stop()
    const copy = server.snapshot()
    await server.start()
    for (const sequence of [2, 3, 4]) {
      const batch = open.batch((each) => queueOne(each.session(key), sequence))
      await expect.poll(() => settled(open.store.commit(batch)), soon).toBe('done')
    }
    await server.stop('SIGKILL')
    server.restore(copy)
    await server.start()
    const batch = open.batch((each) => queueOne(each.session(key), 5))
    await expect.poll(() => settled(open.store.commit(batch)), soon).toBe('done')
    expect(await open.queued()).toEqual([1, 2, 3, 4, 5])
    const again = open.log.lines.find(({ message }) => message.includes('writing it again'))
    expect(again?.fields).toEqual({ last: 2, missing: 3 })
  })

  test('it is written again, too, when there is nothing to commit', async () => {
    await open.store.close()
    open = await OpenStore.open(throughNetwork({ takeoverAfterMs: 300 }))
    await server.stop()
    const copy = server.snapshot()
    await server.start()
    const batch = open.batch((each) => queueOne(each.session(key), 1))
    await expect.poll(() => settled(open.store.commit(batch)), soon).toBe('done')
    await server.stop('SIGKILL')
    server.restore(copy)
    await server.start()
    await expect.poll(() => server.client.xlen('mqtt:{c}:5:0').catch(String), soon).toBe(1)
    await expect.poll(() => open.queued().catch(String), soon).toEqual([1])
    expect(open.log.messages('error')).toEqual([])
  })

  test('a Redis that has lost everything ends the store for good, and says what to do', async () => {
    await server.client.flushall()
    const batch = open.batch((each) => queueOne(each.session(key), 1))
    await expect(open.store.commit(batch)).rejects.toThrow(StoreLost)
    await expect(open.store.commit(batch)).rejects.toThrow(StoreLost)
    expect(await server.client.keys('*')).toEqual([])
    expect(open.log.messages('error')).toHaveLength(1)
    expect(open.log.messages('error')[0]).toMatch(/has lost what was acknowledged: .*start the/)
  })

  test('a session that a later owner took in refuses', async () => {
    await server.client.hset('mqtt:{c}:5', 'e', 99)
    await expect(open.queue(1)).rejects.toThrow(StoreFenced)
    await expect(open.queue(1)).rejects.toThrow(StoreFenced)
    expect(await server.client.exists('mqtt:{c}:5:0')).toBe(0)
  })

  test('a full Redis takes nothing of a batch, and all of it when there is room', async () => {
    const batch = open.batch((each) => {
      each.session({ clientId: 'd', generation: 6 }).began(state)
      each.session(key).freed(1)
      queueOne(each.session(key), 1)
    })
    await server.client.config('SET', 'maxmemory', '1kb')
    await expect(open.store.commit(batch)).rejects.toThrow(/: OOM command not allowed/)
    expect(await server.client.zcard('mqtt:sessions')).toBe(1)
    await server.client.config('SET', 'maxmemory', '0')
    await open.store.commit(batch)
    expect(await open.queued()).toEqual([1])
    expect(await open.sessions()).toHaveLength(2)
  })

  test('waits for replicas, and takes their absence for a failure that passes', async () => {
    await open.store.close()
    open = await OpenStore.open(throughNetwork({ waitReplicas: 1, commandTimeoutMs: 300 }))
    const batch = open.batch((each) => queueOne(each.session(key), 1))
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(open.store.commit(batch)).rejects.toThrow(/0 of 1 replicas have it/)
    }
    const replica = await RedisServer.start({ replicaof: `127.0.0.1 ${server.port}` })
    try {
      await expect.poll(() => settled(open.store.commit(batch)), soon).toBe('done')
      expect(await replica.client.xlen('mqtt:{c}:5:0')).toBe(1)
      expect(await open.queued()).toEqual([1])
    } finally {
      await replica.dispose()
    }
  })

  test('a batch may be large: many slots, many lanes, many bytes', async () => {
    const text = 'x'.repeat(1024 * 1024)
    await open.commit((session) => {
      for (const id of range(1, 5000)) session.slot(id, id, 1, message('s', 1), at(1))
      for (const id of range(1, 2500)) session.freed(id)
      for (const lane of range(0, 299)) {
        session.queued(lane, lane + 1, message(`m${lane}`, 1), at(1))
        session.lane({ ...empty, key: lane, head: lane + 1, tail: lane + 2, length: 1 })
      }
      for (const sequence of range(301, 320)) session.queued(300, sequence, message(text, 1), at(1))
      session.lane({ ...empty, key: 300, head: 301, tail: 321, length: 20 })
    })
    const [session] = await open.sessions()
    expect(session?.snapshot.inflight).toHaveLength(2500)
    expect(session?.snapshot).toMatchObject({ nextPacketId: 5001, nextSequence: 321 })
    expect(session?.snapshot.lanes).toHaveLength(301)
    const limit = { length: 1000, bytes: 64 * 1024 * 1024 }
    expect(await open.store.readQueue(key, 299, 0, limit)).toHaveLength(1)
    expect(await open.store.readQueue(key, 300, 302, limit)).toHaveLength(19)
    await open.commit((each) => each.ended())
    expect(await server.client.keys('*{*')).toEqual([])
  })

  test('each client has keys of its own, whatever its id', async () => {
    const ids = ['}', '{}', 'a}:5', 'a', '%7D', 'ü:5', '5:5', ' ', 'x}y}']
    await open.store.commit(
      open.batch((batch) => {
        ids.forEach((clientId, i) => {
          const session = batch.session({ clientId, generation: 10 + i })
          session.began(state)
          session.subscribed(clientId, options)
        })
      }),
    )
    const sessions = (await open.sessions()).slice(1)
    expect(sessions.map((each) => each.key.clientId)).toEqual(ids)
    expect(sessions.map((each) => each.snapshot.subscriptions[0]?.[0])).toEqual(ids)
  })

  test('keeps no key of sessions that have ended, and little of a lane that is read', async () => {
    await open.commit((session) => {
      for (const sequence of range(1, 500)) queueOne(session, sequence)
    })
    const before = await server.client.xlen('mqtt:{c}:5:0')
    await open.commit((session) =>
      session.lane({ ...empty, key: 0, head: 490, tail: 501, length: 11 }),
    )
    expect(await server.client.xlen('mqtt:{c}:5:0')).toBeLessThan(before / 10)
    expect(await open.queued()).toEqual(expect.arrayContaining(range(490, 500)))
    await open.commit((session) =>
      session.lane({ ...empty, key: 0, head: 501, tail: 501, length: 0 }),
    )
    expect(await server.client.exists('mqtt:{c}:5:0')).toBe(0)
    await open.commit((session) => session.ended())
    expect((await server.client.keys('*')).sort()).toEqual(['mqtt:alive', 'mqtt:owner'])
  })
})

const empty = { key: 0, head: 1, tail: 1, length: 0, bytes: 0, isShared: false, table: 0 }

async function settled(commit: Promise<void>): Promise<string> {
  return commit.then(
    () => 'done',
    (error: Error) => error.message,
  )
}
