import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Log } from '../../../src/store/embedded/log.ts'
import { headerSize, sealBatch } from '../../../src/store/embedded/log-format.ts'

const megabyte = 1024 * 1024

let folder: string
let log: Log
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'log-'))
  log = await Log.open(folder, () => {})
})
afterEach(async () => {
  await log.close()
  rmSync(folder, { recursive: true })
})

/** Batches of a megabyte each: three fit into a file. */
async function append(first: number, last: number): Promise<void> {
  for (let number = first; number <= last; number++) {
    const bytes = Buffer.alloc(headerSize + megabyte)
    sealBatch(bytes, number, number - 1, 0, 0)
    await log.append(bytes, number)
  }
}

/** The numbers of the batches that another process finds. */
async function numbersFound(): Promise<number[]> {
  await log.close()
  const numbers: number[] = []
  log = await Log.open(folder, ({ number }) => numbers.push(number))
  return numbers
}

it('has no gap when files were given up, some of which are kept to be written again', async () => {
  await append(1, 18)
  await log.release(12)
  expect(await numbersFound()).toEqual([13, 14, 15, 16, 17, 18])
  await append(19, 21)
  await log.release(18)
  await append(22, 24)
  expect(await numbersFound()).toEqual([19, 20, 21, 22, 23, 24])
})

it('gives nothing up while it is held', async () => {
  await append(1, 7)
  const held = log.hold()
  expect(held.files.map(({ bytes }) => Math.floor(bytes / megabyte))).toEqual([4, 4, 1])
  await log.release(6)
  await append(8, 10)
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['0000000001.log', '0000000002.log']))
  held.letGo()
  await log.release(6)
  expect(await numbersFound()).toEqual([7, 8, 9, 10])
})

it('goes on with its numbers when it was cleared', async () => {
  await append(1, 7)
  await numbersFound()
  await log.clear()
  expect(readdirSync(folder)).toEqual(['0000000004.log'])
  expect(await numbersFound()).toEqual([])
  expect(log.lastNumber).toBe(7)
  await append(8, 9)
  expect(await numbersFound()).toEqual([8, 9])
})
