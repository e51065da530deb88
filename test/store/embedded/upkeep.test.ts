import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SessionWriter, StoredSession } from '../../../src/broker/ports.ts'
import { EmbeddedStore } from '../../../src/store/embedded/embedded-store.ts'
import { all, key, lane, options, queue, retained, state } from '../../contract/kit.ts'
import { at, message } from '../../support/session-kit.ts'
import { TestLog } from '../../support/test-log.ts'

const megabyte = 1024 * 1024

let home: string
let folder: string
let store: EmbeddedStore
let number: number
const opened: EmbeddedStore[] = []
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'upkeep-'))
  folder = join(home, 'store')
  store = await open(folder)
  for await (const _ of store.sessions());
})
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
  rmSync(home, { recursive: true })
})

async function open(path: string, wallMs = 1_700_000_000_000): Promise<EmbeddedStore> {
  const one = new EmbeddedStore(path, new TestLog())
  await one.open({ now: () => 5000, wallMs: () => wallMs })
  opened.push(one)
  number = 0
  return one
}

async function reopen(wallMs?: number): Promise<void> {
  await store.close()
  store = await open(folder, wallMs)
}

async function commit(write: (session: SessionWriter) => void): Promise<void> {
  const batch = store.newBatch(++number)
  write(batch.session(key))
  batch.settledBelow = 1
  await store.commit(batch)
}

/** Large messages, each in a batch of its own. */
async function commitMany(first: number, last: number): Promise<void> {
  const text = 'x'.repeat(megabyte)
  for (let sequence = first; sequence <= last; sequence++) {
    await commit((session) => {
      session.queued(0, sequence, message(`${sequence} ${text}`, 1), at(1))
      session.lane(lane(0, 1, sequence + 1, sequence))
    })
  }
}

async function numbersIn(one: EmbeddedStore): Promise<number[]> {
  const numbers: number[] = []
  for (let from = 0; ; from = (numbers.at(-1) ?? 0) + 1) {
    const entries = await one.readQueue(key, 0, from, { length: 1000, bytes: 1e9 })
    if (entries.length === 0) return numbers
    for (const entry of entries) {
      numbers.push(Number.parseInt(entry.message.payload.toString('latin1', 0, 9), 10))
    }
  }
}

const noControl = { signal: new AbortController().signal, onProgress: () => {} }

describe('a backup', () => {
  it('has all that was committed when it began, and of what comes then nothing is missing between', async () => {
    await commit((session) => session.began(state))
    await commitMany(1, 20)
    const target = join(home, 'copy')
    let isDone = false
    const copied = store.backUp(target, noControl).finally(() => {
      isDone = true
    })
    let last = 20
    while (!isDone) await commitMany(last + 1, ++last)
    expect(await copied).toBeGreaterThan(20 * megabyte)
    const numbers = await numbersIn(await open(target))
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1))
    expect(numbers.length).toBeGreaterThanOrEqual(20)
    expect(readdirSync(home).sort()).toEqual(['copy', 'store'])
  })

  it('of a store with nothing in it is one with nothing in it', async () => {
    const target = join(home, 'copy')
    await store.backUp(target, noControl)
    const copy = await open(target)
    for await (const some of copy.sessions()) expect(some).toEqual([])
  })

  it('that is stopped leaves nothing', async () => {
    await commit((session) => session.began(state))
    const aborter = new AbortController()
    const onProgress = (): void => aborter.abort(new Error('enough'))
    const target = join(home, 'copy')
    const copied = store.backUp(target, { signal: aborter.signal, onProgress })
    await expect(copied).rejects.toThrow('enough')
    expect(readdirSync(home)).toEqual(['store'])
  })

  it('takes no folder that is there already', async () => {
    const target = join(home, 'copy')
    mkdirSync(`${target}.partial`)
    await expect(store.backUp(target, noControl)).rejects.toThrow('.partial is left of a backup')
    mkdirSync(target)
    await expect(store.backUp(target, noControl)).rejects.toThrow('exists already')
    await expect(store.backUp(join(folder, 'x'), noControl)).rejects.toThrow('the store itself')
    expect(existsSync(`${target}.partial`)).toBe(true)
  })
})

describe('compacting', () => {
  it('leaves nothing in the log, and everything in the store; numbers go on', async () => {
    await commit((session) => {
      session.began(state)
      session.subscribed('a', options)
      queue(session, 0, 1, 200)
    })
    const batch = store.newBatch(++number)
    batch.retainedSet(retained('r', '1'))
    await store.commit(batch)
    await reopen()
    const before = await store.describe()
    await store.compact()
    const after = await store.describe()
    expect(before.bytes.log).toBeGreaterThan(megabyte)
    expect(after.bytes.log).toBe(512)
    await reopen()
    expect((await store.readQueue(key, 0, 0, all)).length).toBe(200)
    expect((await store.readRetained('r'))?.payload.toString()).toBe('1')
    await commit((session) => session.unsubscribed('a'))
    await reopen()
    for await (const [session] of store.sessions()) {
      const { snapshot } = session as StoredSession
      expect(snapshot.subscriptions).toEqual([])
      expect(snapshot.lanes).toEqual([lane(0, 1, 201, 200)])
    }
  })

  it('keeps the time of the last batch, which only the log had', async () => {
    await store.close()
    store = await open(folder, 1_700_000_050_000)
    await commit((session) => session.began({ ...state, disconnectedAt: 5000 }))
    await store.close()
    rmSync(join(folder, 'alive'))
    store = await open(folder, 1_700_000_060_000)
    await store.compact()
    await reopen(1_700_000_070_000)
    const found: (number | undefined)[] = []
    for await (const some of store.sessions()) {
      found.push(...some.map(({ state }) => state.disconnectedAt))
    }
    expect(found).toEqual([5000 - 20_000])
  })

  it('removes what ended sessions have left', async () => {
    await commit((session) => {
      session.began(state)
      queue(session, 0, 1, 200)
    })
    await reopen()
    for await (const _ of store.sessions());
    await commit((session) => session.ended())
    await reopen()
    await store.compact()
    await reopen()
    expect(await store.readQueue(key, 0, 0, all)).toEqual([])
    for await (const some of store.sessions()) expect(some).toEqual([])
  })
})

describe('a description', () => {
  it('says when the last process was alive that changed something', async () => {
    expect((await store.describe()).aliveAtWallMs).toBeUndefined()
    await commit((session) => session.began(state))
    await reopen(1_700_000_060_000)
    expect((await store.describe()).aliveAtWallMs).toBe(1_700_000_000_000)
    await reopen(1_700_000_090_000)
    const { aliveAtWallMs, bytes, format, where } = await store.describe()
    expect({ aliveAtWallMs, format, where }).toEqual({
      aliveAtWallMs: 1_700_000_000_000,
      format: 1,
      where: folder,
    })
    expect(Object.keys(bytes)).toEqual(['log', 'database'])
  })

  it('clearing removes what is the store\u2019s, and nothing else', async () => {
    await commit((session) => session.began(state))
    mkdirSync(join(folder, 'mine'))
    await store.clear()
    expect(readdirSync(folder)).toEqual(['mine'])
    store = await open(folder)
    for await (const some of store.sessions()) expect(some).toEqual([])
  })
})
