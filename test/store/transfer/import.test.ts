import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedStore } from '../../../src/store/embedded/embedded-store.ts'
import { MemoryStore } from '../../../src/store/memory/memory-store.ts'
import { exportFormat } from '../../../src/store/transfer/format.ts'
import { message as plainMessage } from '../../support/session-kit.ts'
import { TestLog } from '../../support/test-log.ts'
import {
  clockAt,
  contentOf,
  each,
  emptySession,
  exportOf,
  fill,
  importInto,
  messageOf,
} from './kit.ts'
import { lanesOf } from './random-content.ts'
import { clock, delivery, type Line, SampleExport } from './sample-export.ts'

let sample: SampleExport
beforeEach(async () => {
  sample = await SampleExport.make()
})

describe('an export', () => {
  it('has a line for each thing, those of a session behind it, in the words of MQTT', () => {
    expect(sample.lines.map(({ type }) => type)).toEqual([
      'header',
      'session',
      'subscription',
      'slot',
      'slot',
      'awaitingRel',
      'lane',
      'queued',
      'queued',
      'retained',
      'trailer',
    ])
    expect(sample.lines[0]).toEqual({
      type: 'header',
      format: exportFormat,
      broker: '1.2.3',
      exportedAt: 1_700_000_000_000,
      backend: 'test',
    })
    expect(sample.trailer).toMatchObject({ sessions: 1, slots: 2, queued: 2, retained: 1 })
    expect(sample.line('retained').message).toEqual({
      topic: 'r',
      qos: 1,
      retain: true,
      isRetained: false,
      from: 'publisher',
      number: 7,
      receivedAt: 1_699_999_996_000,
      shape: 5,
      payload: 'eA==',
    })
  })

  it('says in its trailer what sha256sum says of the lines above', () => {
    expect(sample.signed().endsWith(`${JSON.stringify(sample.trailer)}\n`)).toBe(true)
  })

  it('counts queued messages that the store has lost', async () => {
    const store = new MemoryStore()
    const { key, snapshot, state } = emptySession('c', 1)
    const lane = { key: 0, head: 1, tail: 5, length: 4, bytes: 9, isShared: false, table: 0 }
    const mqueue = [{ lane: 0, sequence: 2, message: messageOf(), delivery }]
    const nextSequence = 5
    await fill(store, {
      sessions: [{ key, state, snapshot: { ...snapshot, lanes: [lane], mqueue, nextSequence } }],
      retained: [],
    })
    const text = (await exportOf(store, clock)).toString()
    expect(text).toContain('"queued":1')
    const copy = new MemoryStore()
    await importInto(async () => copy, text, clock)
    for await (const session of each(copy.sessions())) {
      expect(session.snapshot.lanes).toMatchObject([{ head: 1, tail: 5, length: 1 }])
    }
  })
})

describe('an import', () => {
  it('lets times go on by the calendar: on a machine with another clock, and later', async () => {
    sample.line('session').disconnectedAt = 1_699_999_999_000
    const [message] = [sample.line('queued').message as Line]
    if (message !== undefined) message.expiresAt = 1_700_000_060_000
    const store = new MemoryStore()
    await importInto(async () => store, sample.signed(), clockAt(100, 1_700_000_020_000))
    for await (const { key, state } of each(store.sessions())) {
      expect(state.disconnectedAt).toBe(100 - 21_000)
      const [entry] = await store.readQueue(key, 0, 0, { length: 1, bytes: 1 })
      expect(entry?.message.expiresAt).toBe(100 + 40_000)
    }
  })

  it('lets no time pass where the clock is behind that of the export', async () => {
    sample.line('session').disconnectedAt = 1_699_999_999_000
    const store = new MemoryStore()
    await importInto(async () => store, sample.signed(), clockAt(100, 5000))
    for await (const { state } of each(store.sessions()))
      expect(state.disconnectedAt).toBe(100 - 1000)
  })

  it('is refused by a store that has something in it', async () => {
    const store = new MemoryStore()
    await fill(store, { sessions: [emptySession('other', 1)], retained: [] })
    const before = await contentOf(store)
    await expect(importInto(async () => store, sample.signed(), clock)).rejects.toThrow(
      'the store has 1 sessions and 0 retained messages in it; wanted: an empty one',
    )
    expect(await contentOf(store)).toEqual(before)
  })

  it('is stopped by a signal, and leaves nothing', async () => {
    const aborter = new AbortController()
    aborter.abort(new Error('enough'))
    const store = new MemoryStore()
    const { signal } = aborter
    await expect(importInto(async () => store, sample.signed(), clock, { signal })).rejects.toThrow(
      'enough',
    )
    expect(await contentOf(store)).toEqual({ sessions: [], retained: [] })
  })

  it('removes what it has written when the store fails', async () => {
    sample.addSessions(3000)
    sample.trailer.sessions = 3001
    const store = new MemoryStore()
    let commits = 0
    const failing = new MemoryStore()
    failing.commit = async (batch): Promise<void> => {
      if (++commits === 2) throw new Error('ENOSPC')
      await store.commit(batch)
    }
    const stores = [failing, store]
    const open = async (): Promise<MemoryStore> => stores.shift() as MemoryStore
    await expect(importInto(open, sample.signed(), clock)).rejects.toThrow('ENOSPC')
    expect(commits).toBe(2)
    expect(await contentOf(store)).toEqual({ sessions: [], retained: [] })
  })

  it('says so when it cannot remove what it has written', async () => {
    sample.addSessions(3000)
    sample.trailer.sessions = 9
    const store = new MemoryStore()
    const stores = [store]
    const open = async (): Promise<MemoryStore> => {
      const next = stores.shift()
      if (next === undefined) throw new Error('it is gone')
      return next
    }
    const failed = importInto(open, sample.signed(), clock, { isRepeatable: false })
    await expect(failed).rejects.toThrow(
      /sessions: is 9, and 3001 came; .*could not be removed: it is gone$/,
    )
  })

  it('takes frames whose bytes are no PUBLISH, as fields', async () => {
    const store = new MemoryStore()
    await fill(store, {
      sessions: [],
      retained: [plainMessage('x', 1, { topic: 'r', retain: true })],
    })
    const copy = new MemoryStore()
    await importInto(async () => copy, await exportOf(store, clock), clock)
    expect((await copy.readRetained('r'))?.payload.toString()).toBe('x')
  })
})

it('is kept by a store that had the same generations before, and whose log still tells of their ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'import-again-'))
  const open = async (): Promise<EmbeddedStore> => {
    const store = new EmbeddedStore(folder, new TestLog())
    await store.open(clock)
    return store
  }
  const { key, snapshot, state } = emptySession('c', 7)
  const entry = { lane: 0, sequence: 1, message: messageOf(), delivery }
  const queue = { mqueue: [entry], lanes: lanesOf([entry]), nextSequence: 2 }
  const session = { key, state, snapshot: { ...snapshot, ...queue } }
  const source = new MemoryStore()
  await fill(source, { sessions: [session], retained: [] })
  const text = await exportOf(source, clock)

  const before = await open()
  await fill(before, { sessions: [session], retained: [] })
  const batch = before.newBatch(2)
  batch.session(key).ended()
  batch.settledBelow = 3
  await before.commit(batch)
  await before.settle()
  await before.close()
  await importInto(open, text, clock)
  for (let start = 0; start < 2; start++) {
    const store = await open()
    const found: unknown[] = []
    for await (const { key, snapshot } of each(store.sessions())) {
      const entries = await store.readQueue(key, 0, 0, { length: 10, bytes: 1e6 })
      found.push([key.clientId, snapshot.lanes.length, entries.length])
    }
    await store.settle()
    await store.close()
    expect(found).toEqual([['c', 1, 1]])
  }
  rmSync(folder, { recursive: true })
})
