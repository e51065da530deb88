import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { StoreBatch, StoredSession } from '../../../src/broker/ports.ts'
import { emptySnapshot } from '../../../src/session/snapshot.ts'
import { EmbeddedStore } from '../../../src/store/embedded/embedded-store.ts'
import { all, queue, retained, state } from '../../contract/kit.ts'
import { TestLog } from '../../support/test-log.ts'

const megabyte = 1024 * 1024

let folder: string
let store: EmbeddedStore
let number: number
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'recovered-'))
  await open()
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

/** Opens the store as a broker does. Answers the sessions in it. */
async function open(): Promise<StoredSession[]> {
  store = new EmbeddedStore(folder, new TestLog())
  await store.open({ now: () => 5000, wallMs: () => 1_700_000_000_000 })
  number = 0
  const sessions: StoredSession[] = []
  for await (const some of store.sessions()) sessions.push(...some)
  return sessions
}

async function reopen(): Promise<StoredSession[]> {
  await store.close()
  return open()
}

async function commit(write: (batch: StoreBatch) => void): Promise<void> {
  const batch = store.newBatch(++number)
  write(batch)
  batch.settledBelow = number + 1
  await store.commit(batch)
}

function logFiles(): string[] {
  return readdirSync(join(folder, 'log'))
}

it('a retained message outlives the part of the log that it was recovered from', async () => {
  const text = 'x'.repeat(megabyte)
  const commitMegabyte = () => commit((batch) => batch.retainedSet(retained('large', text)))
  await commit((batch) => batch.retainedSet(retained('set', '1')))
  await commit((batch) => batch.retainedSet(retained('cleared', '1')))
  await commit((batch) => batch.retainedCleared('cleared'))
  for (let i = 0; i < 8; i++) await commitMegabyte()
  await reopen()
  while (logFiles().includes('0000000001.log')) await commitMegabyte()
  await reopen()
  expect((await store.readRetained('set'))?.payload.toString()).toBe('1')
  expect(await store.readRetained('cleared')).toBeUndefined()
})

it('closing while pages of ended sessions are being removed leaves them to the next start', async () => {
  for (let generation = 1; generation <= 40; generation++) {
    const key = { clientId: 'c', generation }
    await commit((batch) => {
      batch.session(key).began(state)
      queue(batch.session(key), 0, 1, 200)
    })
  }
  await reopen()
  await commit((batch) => {
    for (let generation = 1; generation <= 40; generation++) {
      batch.session({ clientId: 'c', generation }).ended()
    }
  })
  await store.settle()
  expect(await reopen()).toEqual([])
  expect(await store.readQueue({ clientId: 'c', generation: 1 }, 0, 0, all)).toEqual([])
})

it('tells the highest generation of which there may be something, also of ended sessions', async () => {
  expect(store.lastGeneration).toBe(0)
  await commit((batch) => {
    batch.session({ clientId: 'a', generation: 3 }).began(state)
    batch.session({ clientId: 'b', generation: 7 }).began(state)
  })
  await commit((batch) => batch.session({ clientId: 'b', generation: 7 }).ended())
  const sessions = await reopen()
  expect(sessions.map(({ key }) => key.generation)).toEqual([3])
  expect(store.lastGeneration).toBe(7)
})

it('is damaged when the database knows of a batch that the log does not have', async () => {
  const key = { clientId: 'c', generation: 1 }
  await commit((batch) => batch.session(key).began(state))
  const [file = ''] = logFiles()
  const path = join(folder, 'log', file)
  const before = readFileSync(path)
  await commit((batch) => {
    const snapshot = emptySnapshot('c', 1, state.createdAtWallMs)
    batch.session(key).changed(state)
    batch.session(key).snapshot(state, snapshot)
  })
  await store.settle()
  await store.close()
  writeFileSync(path, before)
  await expect(open()).rejects.toThrow(
    'the end of the log is missing: the database knows of batch 2, and the log ends with 1',
  )
})
