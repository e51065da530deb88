import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { diskFaultsAreMissing } from '../support/faults/disk-faults.ts'
import { Scene } from '../support/faults/scene.ts'

/** For `expect.poll`: milliseconds. */
const often = { interval: 1, timeout: 20_000 }

describe.skipIf(diskFaultsAreMissing)('LevelDB on a disk with faults', () => {
  let scene: Scene
  beforeEach(async () => {
    scene = await Scene.open()
    await openDatabase()
  })
  afterEach(async () => {
    // It writes by streams and reads by mappings; a mapping that it wrote would not be seen.
    const { writableMappings } = scene.disk.counters()
    await scene.dispose()
    expect(writableMappings).toBe(0)
  })

  async function openDatabase(): Promise<void> {
    await scene.node.run(`
      kept.db = new ClassicLevel('db')
      await kept.db.open()`)
  }

  /** What the database has when it is opened after a power loss. */
  async function entriesAfterPowerLoss(seed?: number): Promise<Record<string, string>> {
    await scene.cutPower(seed)
    return entries()
  }

  async function entries(): Promise<Record<string, string>> {
    const db = new ClassicLevel(join(scene.disk.folder, 'db'))
    await db.open()
    const found = Object.fromEntries(await db.iterator().all())
    await db.close()
    // This was not seen, and is on the disk.
    scene.disk.sync()
    return found
  }

  test('a put without sync is gone after a power loss', async () => {
    await scene.node.run(`await kept.db.put('slack', 'lost')`)
    expect(await entriesAfterPowerLoss()).toEqual({})
    expect(scene.disk.counters().droppedWrites).toBeGreaterThan(0)
  })

  test('a put with sync is there', async () => {
    await scene.node.run(`await kept.db.put('safe', 'kept', { sync: true })`)
    expect(await entriesAfterPowerLoss()).toEqual({ safe: 'kept' })
  })

  test('a put without sync is there after a mere kill', async () => {
    await scene.node.run(`await kept.db.put('slack', 'kept')`)
    await scene.node.kill()
    expect(await entries()).toEqual({ slack: 'kept' })
  })

  test('a sync saves what was put before it, not what comes after', async () => {
    await scene.node.run(`
      await kept.db.put('before', '1')
      await kept.db.put('safe', '2', { sync: true })
      await kept.db.put('after', '3')`)
    expect(await entriesAfterPowerLoss()).toEqual({ before: '1', safe: '2' })
  })

  test('it opens with all that was synced, whatever was torn', async () => {
    const wanted: Record<string, string> = {}
    for (let seed = 0; seed < 10; seed++) {
      const value = `${seed}`.repeat(1000)
      const key = `safe${seed}`
      await scene.node.run(`
        await kept.db.put('${key}', '${value}', { sync: true })
        for (let i = 0; i < 5; i++) await kept.db.put('slack' + i, '${value}')`)
      wanted[key] = value
      expect(await entriesAfterPowerLoss(seed)).toMatchObject(wanted)
      await scene.restart()
      await openDatabase()
    }
  })

  test('killed while it compacts: all that was acknowledged is there', async () => {
    // Small tables, so that there are many.
    await scene.node.run(`
      await kept.db.close()
      kept.db = new ClassicLevel('db', { writeBufferSize: 65536, maxFileSize: 65536 })
      await kept.db.open()`)
    scene.node.begin(`
      const told = fs.openSync('../told', 'a')
      for (let i = 0; ; i++) {
        await kept.db.put('key' + i % 500, i + ' '.repeat(2000), { sync: true })
        fs.writeSync(told, i + '\\n')
      }`)
    await expect.poll(() => scene.disk.counters().bytes, often).toBeGreaterThan(8_000_000)
    const found = await entriesAfterPowerLoss()
    const told = readFileSync(join(scene.folder, 'told'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map(Number)
    expect(told.length).toBeGreaterThan(500)
    for (const number of told.slice(-500)) {
      // The next one of the same key may be there and not have been told.
      expect([number, number + 500]).toContain(Number(found[`key${number % 500}`]))
    }
  })

  test('a full disk fails puts; opened anew, with room, it has what was acknowledged', async () => {
    await scene.node.run(`await kept.db.put('safe', 'kept', { sync: true })`)
    scene.disk.set({ freeBytes: 100 })
    const full = await scene.node.errorOf(
      `await kept.db.put('big', 'x'.repeat(1000), { sync: true })`,
    )
    expect(full).toBe('LEVEL_IO_ERROR')
    expect(scene.disk.counters().failedWrites).toBeGreaterThan(0)
    scene.disk.set({})
    await scene.node.run(`
      await kept.db.close()
      await kept.db.open()
      await kept.db.put('later', 'kept', { sync: true })`)
    expect(await entriesAfterPowerLoss()).toEqual({ safe: 'kept', later: 'kept' })
  })

  test('a broken disk fails what is to be synced', async () => {
    scene.disk.set({ syncError: 'EIO' })
    const broken = await scene.node.errorOf(`await kept.db.put('key', 'value', { sync: true })`)
    expect(broken).toBe('LEVEL_IO_ERROR')
    scene.disk.set({})
    expect(scene.disk.counters().failedSyncs).toBe(1)
  })
})
