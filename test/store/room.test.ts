import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Database } from '../../src/store/embedded/database.ts'
import { Reclaimer } from '../../src/store/embedded/reclaimer.ts'
import { bytesOf, Room } from '../../src/store/embedded/room.ts'
import { TestLog } from '../support/test-log.ts'

const plenty = { freeBytes: 500e9, diskBytes: 1000e9 }

test('warns before max_bytes, is full at it, and takes more again when there is room', () => {
  const log = new TestLog()
  const room = new Room('folder', 1000, log)
  const fullAt = (bytes: number): boolean => {
    room.judge({ bytes, ...plenty })
    return room.isFull
  }
  expect([fullAt(100), fullAt(810), fullAt(820)]).toEqual([false, false, false])
  expect([fullAt(1000), fullAt(970), fullAt(940)]).toEqual([true, true, false])
  expect(log.messages('warn')).toEqual(['the store takes 81 % of store.max_bytes'])
  expect(log.messages('error')).toEqual([
    'store.max_bytes is reached: what would have to be kept waits',
  ])
  expect(log.messages('info')).toEqual(['the store has room again'])
})

test('warns once when the disk has little left, whatever the store takes', () => {
  const log = new TestLog()
  const room = new Room('folder', Number.POSITIVE_INFINITY, log)
  const judge = (freeBytes: number, diskBytes: number): void =>
    room.judge({ bytes: 5, freeBytes, diskBytes })
  judge(5 * 1024 ** 3, 1000e9)
  expect(log.messages('warn')).toEqual([])
  judge(3 * 1024 ** 3, 1000e9)
  judge(2 * 1024 ** 3, 1000e9)
  judge(7e8, 8e9)
  judge(9e8, 8e9)
  judge(7e8, 8e9)
  expect(log.messages('warn')).toEqual([
    'the disk of the store has 3072 MB left',
    'the disk of the store has 667 MB left',
  ])
  expect(room.isFull).toBe(false)
})

/** For `expect.poll`: milliseconds. */
const soon = { interval: 1, timeout: 5000 }

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mqtt-room-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

test('counts what is in a folder and in its folders', async () => {
  const folder = await newFolder()
  await writeFile(join(folder, 'a'), Buffer.alloc(100))
  expect(await bytesOf(join(folder))).toBe(100)
})

test('looks when much was written, and has given back what can be while it is full', async () => {
  const folder = await newFolder()
  const file = join(folder, 'a')
  await writeFile(file, Buffer.alloc(100))
  const log = new TestLog()
  const room = new Room(folder, 64_000, log)
  let reclaims = 0
  room.start(async () => {
    reclaims++
    await writeFile(file, Buffer.alloc(10))
    return true
  })
  onTestFinished(() => room.stop())
  await writeFile(file, Buffer.alloc(65_000))
  // A look that is under way may be one at the file as it was.
  await expect
    .poll(() => {
      room.wrote(1000)
      return log.messages('error')
    }, soon)
    .toEqual(['store.max_bytes is reached: what would have to be kept waits'])
  await expect.poll(() => room.isFull, soon).toBe(false)
  expect(reclaims).toBe(1)
})

test('a database gives back what was removed, and the effort has a limit', async () => {
  const folder = await newFolder()
  const database = await Database.open(folder)
  onTestFinished(() => database.close())
  const keys = Array.from({ length: 200 }, (_, i) => Buffer.from(`key${i}`))
  for (const key of keys) await database.write([{ key, value: randomBytes(100_000) }])
  for (const key of keys) await database.write([{ key, value: undefined }])
  const before = await bytesOf(folder)
  let nowMs = 0
  const reclaimer = new Reclaimer(database, { now: () => nowMs++, wallMs: () => 0 })
  expect(await reclaimer.reclaim()).toBe(true)
  expect(await bytesOf(folder)).toBeLessThan(before / 2)
  nowMs = 1000
  expect(await reclaimer.reclaim()).toBe(false)
  await database.write([{ key: Buffer.from('key'), value: undefined }])
  nowMs = 2
  expect(await reclaimer.reclaim()).toBe(false)
  nowMs = 2000
  expect(await reclaimer.reclaim()).toBe(true)
})
