import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DiskFaults, diskFaultsAreMissing } from '../support/faults/disk-faults.ts'
import { NodeProcess } from '../support/faults/node-process.ts'
import { Scene } from '../support/faults/scene.ts'

describe.skipIf(diskFaultsAreMissing)('a disk with faults', () => {
  let scene: Scene
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.dispose())

  describe('a full disk', () => {
    test('takes what fits, then ENOSPC, and takes more when there is room', async () => {
      await scene.node.run(`kept.file = fs.openSync('file', 'w')`)
      scene.disk.set({ freeBytes: 15 })
      expect(await scene.node.run(`return fs.writeSync(kept.file, '0123456789')`)).toBe(10)
      expect(await scene.node.run(`return fs.writeSync(kept.file, 'abcdefghij')`)).toBe(5)
      expect(await scene.node.errorOf(`return fs.writeSync(kept.file, 'fghij')`)).toBe('ENOSPC')
      expect(
        await scene.node.errorOf(`fs.writeFileSync('../beside', 'x'.repeat(100))`),
      ).toBeUndefined()
      scene.disk.set({})
      expect(await scene.node.run(`return fs.writeSync(kept.file, 'fghij')`)).toBe(5)
      expect(scene.contentOf('file')).toBe('0123456789abcdefghij')
      // Node goes on behind a short write by itself: that failed, too.
      expect(scene.disk.counters()).toMatchObject({ bytes: 20, writes: 3, failedWrites: 2 })
    })

    test('takes no new files or folders, if so asked; old ones open', async () => {
      await scene.node.run(`fs.writeFileSync('old', 'x')`)
      scene.disk.set({ createError: 'ENOSPC' })
      expect(await scene.node.errorOf(`fs.writeFileSync('new', 'x')`)).toBe('ENOSPC')
      expect(await scene.node.errorOf(`fs.mkdirSync('new')`)).toBe('ENOSPC')
      expect(await scene.node.errorOf(`fs.openSync('old', 'wx')`)).toBe('EEXIST')
      expect(await scene.node.errorOf(`fs.mkdirSync('old')`)).toBe('EEXIST')
      expect(await scene.node.errorOf(`fs.writeFileSync('old', 'y')`)).toBeUndefined()
      scene.disk.set({})
      expect(await scene.node.errorOf(`fs.writeFileSync('new', 'x')`)).toBeUndefined()
      expect(scene.disk.counters().failedCreates).toBe(2)
    })
  })

  test('a broken disk fails writes and syncs with EIO until it is whole', async () => {
    await scene.node.run(`kept.file = fs.openSync('file', 'w')`)
    scene.disk.set({ writeError: 'EIO', syncError: 'EIO' })
    expect(await scene.node.errorOf(`fs.writeSync(kept.file, 'x')`)).toBe('EIO')
    expect(await scene.node.errorOf('fs.fsyncSync(kept.file)')).toBe('EIO')
    expect(await scene.node.errorOf(`await fs.promises.appendFile('file', 'x')`)).toBe('EIO')
    scene.disk.set({})
    expect(await scene.node.run(`return fs.writeSync(kept.file, 'x')`)).toBe(1)
    expect(await scene.node.errorOf('fs.fsyncSync(kept.file)')).toBeUndefined()
    expect(scene.disk.counters()).toMatchObject({ failedWrites: 2, failedSyncs: 1, syncs: 1 })
  })

  test('a slow disk delays syncs and synchronous writes, and nothing else', async () => {
    scene.disk.set({ syncDelayUs: 1_500_000 })
    const took = await scene.node.run(`
      const { O_WRONLY, O_CREAT, O_DSYNC } = fs.constants
      const open = fs.promises.open
      const file = await open('file', 'w')
      const beside = await open('../beside', 'w')
      const through = await open('through', O_WRONLY | O_CREAT | O_DSYNC)
      const start = performance.now()
      const msOf = async (what) => {
        await what
        return performance.now() - start
      }
      const quick = await Promise.all([msOf(file.write('x')), msOf(beside.sync())])
      const acts = [file.sync(), file.datasync(), through.write('x')]
      return { quick, slow: await Promise.all(acts.map(msOf)) }`)
    const { quick, slow } = took as { quick: number[]; slow: number[] }
    expect(Math.max(...quick)).toBeLessThan(1500)
    expect(Math.min(...slow)).toBeGreaterThanOrEqual(1500)
  })

  test('counts, also what a power loss drops, and the counts survive SIGKILL', async () => {
    await scene.node.run(`
      const { O_WRONLY, O_CREAT, O_DSYNC } = fs.constants
      const file = fs.openSync('file', 'w')
      for (let i = 0; i < 3; i++) fs.writeSync(file, 'four')
      fs.fsyncSync(file)
      fs.fsyncSync(fs.openSync('.', 'r'))
      fs.writeSync(fs.openSync('through', O_WRONLY | O_CREAT | O_DSYNC), 'x')
      fs.writeSync(file, 'lost')`)
    await scene.cutPower()
    expect(scene.disk.counters()).toMatchObject({
      writes: 5,
      syncedWrites: 1,
      bytes: 17,
      syncs: 2,
      droppedWrites: 1,
      droppedBytes: 4,
    })
  })

  test('a folder that does not exist is told at the start', async () => {
    const nowhere = new DiskFaults(join(scene.folder, 'gone'))
    rmSync(nowhere.folder, { recursive: true })
    await expect(NodeProcess.start(nowhere, scene.folder)).rejects.toThrow(
      'disk-faults: cannot find the folder of DISK_FAULTS_DIR: No such file or directory',
    )
    nowhere.dispose()
  })
})
