import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Database, everything } from '../../../src/store/embedded/database.ts'

const keys = Array.from({ length: 20 }, (_, i) => Buffer.from(`key${i}`))

/** Bytes that LevelDB does not compress, in a table of it. */
async function fill(): Promise<{ folder: string; table: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-database-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const database = await Database.open(folder)
  await database.write(keys.map((key) => ({ key, value: randomBytes(10_000) })))
  await database.compact()
  await database.close()
  const name = readdirSync(folder).find((one) => one.endsWith('.ldb'))
  return { folder, table: join(folder, `${name}`) }
}

async function open(folder: string): Promise<Database> {
  const database = await Database.open(folder)
  onTestFinished(() => database.close())
  return database
}

test('one bit that is another one is noticed, however it is read', async () => {
  const { folder, table } = await fill()
  const bytes = readFileSync(table)
  const at = Math.floor(bytes.length / 2)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(table, bytes)
  const database = await open(folder)
  const damage = `${folder} is damaged: the value of key `
  const read = async (): Promise<void> => {
    for await (const _ of database.entries(everything));
  }
  await expect(read()).rejects.toThrow(damage)
  await expect(database.getMany(keys)).rejects.toThrow(damage)
  const one = await Promise.allSettled(keys.map((key) => database.get(key)))
  expect(one.filter(({ status }) => status === 'rejected')).toHaveLength(1)
})

test('what is written comes back as it was, also nothing at all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-database-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const database = await open(folder)
  const values = ['v', 'ab', 'abc'].map((key) => [Buffer.from(key), Buffer.from(`of ${key}`)])
  const writes = [...values, [Buffer.from('none'), Buffer.alloc(0)]] as [Buffer, Buffer][]
  await database.write(writes.map(([key, value]) => ({ key, value })))
  expect(await database.getMany(writes.map(([key]) => key))).toEqual(writes.map(([, v]) => v))
  expect(await database.get(Buffer.from('other'))).toBeUndefined()
  const all: [Buffer, Buffer][] = []
  for await (const some of database.entries(everything)) all.push(...some)
  expect(all).toEqual(writes.toSorted(([a], [b]) => Buffer.compare(a, b)))
})
