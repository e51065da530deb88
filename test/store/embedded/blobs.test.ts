import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SessionKey } from '../../../src/broker/ports.ts'
import type { Message } from '../../../src/mqtt/message.ts'
import { Outgoing } from '../../../src/session/outgoing.ts'
import { Database } from '../../../src/store/embedded/database.ts'
import { EmbeddedStore } from '../../../src/store/embedded/embedded-store.ts'
import { blobKey, blobOf, Prefix, rangeOf } from '../../../src/store/embedded/keys.ts'
import { all, lane, state } from '../../contract/kit.ts'
import { at, message } from '../../support/session-kit.ts'
import { TestLog } from '../../support/test-log.ts'

const sessionCount = 50
const payloadSize = 100_000
const text = 'x'.repeat(payloadSize)
const keys = Array.from({ length: sessionCount }, (_, i): SessionKey => {
  return { clientId: `c${i}`, generation: i + 1 }
})

let folder: string
let store: EmbeddedStore
let number: number
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'blobs-'))
  await open()
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

async function open(): Promise<void> {
  store = new EmbeddedStore(folder, new TestLog())
  await store.open({ now: () => 5000, wallMs: () => 1_700_000_000_000 })
  for await (const _ of store.sessions());
  number = 0
}

/** What is left when the process is killed before more than the log is written. */
async function reopen(): Promise<void> {
  await store.close()
  await open()
}

/** One message for all sessions, in one batch; with or without the page that it is in. */
async function queueForAll(sent: Message, isPaged: boolean): Promise<void> {
  const batch = store.newBatch(++number)
  for (const key of keys) {
    const session = batch.session(key)
    session.began(state)
    session.queued(0, 1, sent, at(1))
    session.lane(lane(0, 1, 2, 1))
    if (isPaged) session.page(0, [outgoing(sent, 1)])
  }
  await store.commit(batch)
}

function outgoing(sent: Message, sequence: number): Outgoing {
  const entry = new Outgoing(sent, at(1), 1)
  entry.sequence = sequence
  return entry
}

async function consume(some: readonly SessionKey[]): Promise<void> {
  const batch = store.newBatch(++number)
  for (const key of some) batch.session(key).lane(lane(0, 2, 2, 0))
  await store.commit(batch)
}

async function end(some: readonly SessionKey[]): Promise<void> {
  const batch = store.newBatch(++number)
  for (const key of some) batch.session(key).ended()
  await store.commit(batch)
}

async function readAll(some: readonly SessionKey[] = keys): Promise<(Message | undefined)[]> {
  const read = await Promise.all(some.map((key) => store.readQueue(key, 0, 0, all)))
  return read.map(([entry]) => entry?.message)
}

/** What the database has under a prefix, while the store is closed; bytes are those of values. */
async function restOfClosed(prefix: Prefix): Promise<{ count: number; bytes: number }> {
  const database = await Database.open(join(folder, 'database'))
  let count = 0
  let bytes = 0
  for await (const entries of database.entries(rangeOf(prefix))) {
    count += entries.length
    for (const [, value] of entries) bytes += value.length
  }
  await database.close()
  return { count, bytes }
}

async function rest(prefix: Prefix): Promise<{ count: number; bytes: number }> {
  await store.close()
  const found = await restOfClosed(prefix)
  await open()
  return found
}

/** Waits until the store has under a prefix what it is to have; it goes on between two looks. */
async function becomes(prefix: Prefix, count: number): Promise<void> {
  await expect
    .poll(
      async () => {
        for (let turn = 0; turn < 20; turn++) {
          await store.settle()
          await new Promise((resolve) => setImmediate(resolve))
        }
        return (await rest(prefix)).count
      },
      { timeout: 8000 },
    )
    .toBe(count)
}

describe('a large message for many sessions', () => {
  it.each([
    ['as its pages are written', true],
    ['as pages are made of the log', false],
  ])('is stored once: %s', async (_, isPaged) => {
    await queueForAll(message(text, 1), isPaged)
    if (!isPaged) await reopen()
    await store.settle()
    const pages = await rest(Prefix.page)
    expect(pages.count).toBe(sessionCount)
    expect(pages.bytes).toBeLessThan(sessionCount * 100)
    const blobs = await rest(Prefix.blob)
    expect(blobs.count).toBe(1)
    expect(blobs.bytes).toBeLessThan(payloadSize + 200)
    expect(await rest(Prefix.doubt)).toEqual({ count: 0, bytes: 0 })
  })

  it('comes back to each of them, and is in memory once', async () => {
    await queueForAll(message(text, 1), true)
    expect((await readAll()).map((read) => read?.payload.toString())).toEqual(keys.map(() => text))
    await store.settle()
    await reopen()
    const read = await readAll()
    expect(read.map((one) => one?.payload.length)).toEqual(keys.map(() => payloadSize))
    expect(new Set(read).size).toBe(1)
  })

  it('goes with the last page that refers to it, however that goes', async () => {
    await queueForAll(message(text, 1), true)
    await store.settle()
    await consume(keys.slice(0, 20))
    await end(keys.slice(20, 49))
    await becomes(Prefix.blobUse, 1)
    await becomes(Prefix.blob, 1)
    const [last] = await readAll(keys.slice(49))
    expect(last?.payload.length).toBe(payloadSize)
    await consume(keys.slice(49))
    for (const prefix of [Prefix.blob, Prefix.blobUse, Prefix.doubt, Prefix.page]) {
      await becomes(prefix, 0)
    }
  })

  it('of a process that ended in between is removed by the next one', async () => {
    await queueForAll(message(text, 1), true)
    await store.settle()
    await store.close()
    // Its pages have gone, and nobody looked any more whether the message may go.
    const database = await Database.open(join(folder, 'database'))
    for await (const entries of database.entries(rangeOf(Prefix.blob))) {
      for (const [key] of entries) {
        await database.write([{ key: blobKey(Prefix.doubt, blobOf(key)), value: Buffer.alloc(0) }])
      }
    }
    for (const prefix of [Prefix.page, Prefix.blobUse]) {
      for await (const gone of database.keys(rangeOf(prefix))) {
        await database.write(gone.map((key) => ({ key, value: undefined })))
      }
    }
    await database.close()
    expect((await restOfClosed(Prefix.blob)).count).toBe(1)
    await open()
    for (const prefix of [Prefix.blob, Prefix.blobUse, Prefix.doubt]) await becomes(prefix, 0)
  })
})

it('what is small, or for one session, is in its page', async () => {
  await queueForAll(message('small', 1), true)
  const batch = store.newBatch(++number)
  const session = batch.session(keys[0] as SessionKey)
  session.queued(0, 2, message(text, 1), at(1))
  session.lane(lane(0, 1, 3, 2))
  session.page(0, [outgoing(message(text, 1), 2)])
  await store.commit(batch)
  await store.settle()
  expect((await rest(Prefix.blob)).count).toBe(0)
  expect((await rest(Prefix.page)).count).toBe(sessionCount + 1)
})
