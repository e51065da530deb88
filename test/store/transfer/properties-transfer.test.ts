import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Clock } from '../../../src/base/clock.ts'
import type { StoreBatch } from '../../../src/broker/ports.ts'
import { EmbeddedStore } from '../../../src/store/embedded/embedded-store.ts'
import type { MemoryBatch } from '../../../src/store/memory/memory-batch.ts'
import { MemoryStore } from '../../../src/store/memory/memory-store.ts'
import { RedisStore } from '../../../src/store/redis/redis-store.ts'
import { RedisServer, redisIsMissing } from '../../support/redis-server.ts'
import { TestLog } from '../../support/test-log.ts'
import { clockAt, contentOf, emptySession, exportOf, fill, importInto, messageOf } from './kit.ts'
import { content, lanesOf } from './random-content.ts'

const clock = clockAt(5000, 1_700_000_000_000)

test('an export takes everything in a store to another one, and from there back', async () => {
  await fc.assert(
    fc.asyncProperty(content, fc.integer({ min: 1, max: 5000 }), async (wanted, pieceSize) => {
      const first = new MemoryStore()
      await fill(first, wanted)
      const inMemory = new MemoryStore()
      const opened = async (): Promise<MemoryStore> => inMemory
      await importInto(opened, await exportOf(first, clock), clock, { pieceSize })
      const original = await contentOf(first)
      expect(await contentOf(inMemory)).toEqual(original)
      expect(await exportOf(inMemory, clock)).toEqual(await exportOf(first, clock))
    }),
    { numRuns: 150 },
  )
})

test('what is imported is in the records too, of which a store is made again after a crash', async () => {
  await fc.assert(
    fc.asyncProperty(content, async (wanted) => {
      const [first, copy] = [new MemoryStore(), new UnsettledStore()]
      await fill(first, wanted)
      await importInto(async () => copy, await exportOf(first, clock), clock)
      expect(await contentOf(copy)).toEqual(await contentOf(first))
    }),
    { numRuns: 100 },
  )
})

test('the same with stores on disk, whatever of it has found its place', async () => {
  await fc.assert(
    fc.asyncProperty(content, async (wanted) => {
      await inFolder(async (from, to) => {
        const first = await openEmbedded(from, clock)
        await fill(first, wanted)
        await first.settle()
        await first.close()
        const again = await openEmbedded(from, clock)
        const text = await exportOf(again, clock)
        await again.close()
        await importInto(() => openEmbedded(to, clock), text, clock)
        const [original, copy] = [await openEmbedded(from, clock), await openEmbedded(to, clock)]
        expect(await contentOf(copy)).toEqual(await contentOf(original))
        await Promise.all([original.close(), copy.close()])
      })
    }),
    { numRuns: 25 },
  )
})

describe.skipIf(redisIsMissing)('with a real Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.dispose())

  async function openRedis(): Promise<RedisStore> {
    const store = new RedisStore(server.options(), new TestLog())
    await store.open(clock)
    return store
  }

  test('an export takes everything into Redis, and from there to a store on disk', async () => {
    await fc.assert(
      fc.asyncProperty(content, async (wanted) => {
        await server.client.flushall()
        const first = new MemoryStore()
        await fill(first, wanted)
        await importInto(openRedis, await exportOf(first, clock), clock)
        const redis = await openRedis()
        const text = await exportOf(redis, clock)
        await redis.close()
        await inFolder(async (_, to) => {
          await importInto(() => openEmbedded(to, clock), text, clock)
          const copy = await openEmbedded(to, clock)
          expect(inSeconds(await contentOf(copy))).toEqual(inSeconds(await contentOf(first)))
          await copy.close()
        })
      }),
      { numRuns: 25 },
    )
  })
})

test('a session may take many batches, of which none is large', async () => {
  const { key, snapshot, state } = emptySession('c', 1)
  const delivery = { qos: 1, retainAsPublished: false, subscriptionIds: undefined } as const
  const payload = Buffer.alloc(2000)
  const mqueue = Array.from({ length: 9000 }, (_, i) => {
    const message = messageOf({ payload, number: i })
    return { lane: Math.floor(i / 3500) * 2, sequence: i + 1, message, delivery }
  })
  const parts = { mqueue, lanes: lanesOf(mqueue), nextSequence: 9001, nextPacketId: 9 }
  const first = new MemoryStore()
  await fill(first, {
    sessions: [{ key, state, snapshot: { ...snapshot, ...parts } }],
    retained: [],
  })
  await inFolder(async (_, to) => {
    const text = await exportOf(first, clock)
    await importInto(() => openEmbedded(to, clock), text, clock, { pieceSize: 70_000 })
    const copy = await openEmbedded(to, clock)
    // What was settled while the session went on has left the log.
    expect((await copy.describe()).bytes.log).toBeLessThan(text.length)
    expect((await exportOf(copy, clock)).equals(text)).toBe(true)
    await copy.close()
  })
})

/** Redis has a clock of its own, which goes on while the test's stands still. */
function inSeconds(content: unknown, key = ''): unknown {
  if (key === 'awaitingRel') {
    return (content as [number, number][]).map(([id, at]) => [id, seconds(at)])
  }
  if (typeof content === 'number') return timeKeys.has(key) ? seconds(content) : content
  if (Array.isArray(content)) return content.map((item) => inSeconds(item))
  if (typeof content !== 'object' || content === null) return content
  return Object.fromEntries(Object.entries(content).map(([k, v]) => [k, inSeconds(v, k)]))
}

const timeKeys = new Set(['expiresAt', 'receivedAt', 'disconnectedAt'])

function seconds(ms: number): number {
  return Math.round(ms / 1000) + 0
}

/** Loses snapshots, as one does that ends before they have found their place. */
class UnsettledStore extends MemoryStore {
  override async commit(batch: StoreBatch): Promise<void> {
    for (const { records } of (batch as MemoryBatch).sessions) {
      const kept = records.filter(({ type }) => type !== 'snapshot')
      records.splice(0, records.length, ...kept)
    }
    await super.commit(batch)
  }
}

async function openEmbedded(folder: string, clock: Clock): Promise<EmbeddedStore> {
  const store = new EmbeddedStore(folder, new TestLog())
  await store.open(clock)
  return store
}

async function inFolder(work: (from: string, to: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'transfer-'))
  try {
    await work(join(folder, 'from'), join(folder, 'to'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
