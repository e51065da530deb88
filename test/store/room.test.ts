import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
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

test('counts what is in a folder and in its folders', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mqtt-room-'))
  try {
    await writeFile(join(folder, 'a'), Buffer.alloc(100))
    expect(await bytesOf(join(folder))).toBe(100)
  } finally {
    await rm(folder, { recursive: true })
  }
})
