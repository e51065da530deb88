import { existsSync, mkdirSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DiskFaults, diskFaultsAreMissing } from '../support/faults/disk-faults.ts'
import { collect, leaveSession, publish, StoreScene } from './store-kit.ts'

/** A store with some megabytes in it, and a disk beside it. */
async function sceneWithDisk(): Promise<{ scene: StoreScene; disk: DiskFaults }> {
  const scene = new StoreScene()
  const broker = await scene.start()
  await leaveSession(broker, 'one', 'a')
  await publish(broker, 'a', payloads)
  await broker.kill()
  const disk = new DiskFaults(scene.path('disk'))
  onTestFinished(() => disk.dispose())
  return { scene, disk }
}

const payloads = Array.from({ length: 50 }, (_, i) => `${i} ${'x'.repeat(50_000)}`)

describe.skipIf(diskFaultsAreMissing)('a disk with faults', () => {
  test('that is full: a backup fails, and leaves nothing', async () => {
    const { disk, scene } = await sceneWithDisk()
    disk.set({ freeBytes: 1_000_000 })
    const target = scene.path('disk/copy')
    const { code, errors } = await scene.run(['backup', target], { env: disk.environment })
    expect({ code, errors }).toEqual({
      code: 1,
      errors: `mqtt-broker: ${target} cannot be written: the disk is full\n`,
    })
    expect(existsSync(target)).toBe(false)
    expect(existsSync(`${target}.partial`)).toBe(false)
  })

  test('that is full: an export fails, and leaves nothing', async () => {
    const { disk, scene } = await sceneWithDisk()
    disk.set({ freeBytes: 1_000_000 })
    const file = scene.path('disk/all.ndjson')
    const { code, errors } = await scene.run(['export', file], { env: disk.environment })
    expect(code).toBe(1)
    expect(errors).toContain('ENOSPC')
    expect(existsSync(file)).toBe(false)
    expect(existsSync(`${file}.partial`)).toBe(false)
  })

  test('that is full: an import fails, and says so; with room it is done anew', async () => {
    const { disk, scene } = await sceneWithDisk()
    const file = scene.path('all.ndjson')
    expect((await scene.run(['export', file])).code).toBe(0)
    scene.configure({ store: { path: scene.path('disk/store') } })
    disk.set({ freeBytes: 6_000_000 })
    const { code, errors } = await scene.run(['import', file], { env: disk.environment })
    expect(code).toBe(1)
    expect(errors).toMatch(/ENOSPC|No space left/)
    disk.set({})
    expect((await scene.run(['info'])).errors).toContain('there is no store in')
    expect((await scene.run(['import', file], { env: disk.environment })).code).toBe(0)
  })

  test('that loses power: a backup that was made is whole', async () => {
    const { disk, scene } = await sceneWithDisk()
    const target = scene.path('disk/copy')
    expect((await scene.run(['backup', target], { env: disk.environment })).code).toBe(0)
    disk.applyPowerLoss()
    scene.configure({ store: { path: target } })
    expect(await collect(await scene.start(), 'one')).toEqual(payloads)
  })

  test('that may not be written: a backup says so', async () => {
    const { disk, scene } = await sceneWithDisk()
    disk.set({ createError: 'EROFS' })
    mkdirSync(scene.path('disk/there'))
    const { code, errors } = await scene.run(['backup', scene.path('disk/there/copy')], {
      env: disk.environment,
    })
    expect(code).toBe(1)
    expect(errors).toContain('copy cannot be written: the disk is read-only')
  })
})
