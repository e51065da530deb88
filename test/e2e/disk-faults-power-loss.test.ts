import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { diskFaultsAreMissing } from '../support/faults/disk-faults.ts'
import { Scene } from '../support/faults/scene.ts'

/** For `expect.poll`: milliseconds. */
const often = { interval: 1, timeout: 20_000 }

describe.skipIf(diskFaultsAreMissing)('a disk that loses its power', () => {
  let scene: Scene
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.dispose())

  describe('power loss', () => {
    test('keeps what was synced and drops what was not', async () => {
      await scene.node.run(`
        const file = fs.openSync('file', 'w')
        fs.writeSync(file, 'synced')
        fs.fsyncSync(file)
        fs.writeSync(file, ' lost')`)
      expect(scene.contentOf('file')).toBe('synced lost')
      const loss = await scene.cutPower()
      const content = scene.contentOf('file')
      expect(content).toBe('synced')
      expect(loss).toEqual({ files: ['file'], writes: 1, torn: 0, resizes: 0, bytes: 5 })
    })

    test('empties a file that was created and never synced', async () => {
      await scene.node.run(`fs.writeFileSync('file', 'lost')`)
      await scene.cutPower()
      expect(scene.contentOf('file')).toBe('')
    })

    test('takes nothing from who has synced all', async () => {
      await scene.node.run(`fs.writeFileSync('file', 'kept', { flush: true })`)
      const loss = await scene.cutPower()
      const content = scene.contentOf('file')
      expect(content).toBe('kept')
      expect(loss).toEqual({ files: [], writes: 0, torn: 0, resizes: 0, bytes: 0 })
    })

    test('does not happen to who is only killed', async () => {
      await scene.node.run(`fs.writeFileSync('file', 'kept')`)
      await scene.node.kill()
      expect(scene.contentOf('file')).toBe('kept')
    })

    test('reaches back over a kill and a restart', async () => {
      await scene.node.run(`fs.writeFileSync('file', 'lost')`)
      await scene.node.kill()
      await scene.restart()
      await scene.node.run(`fs.appendFileSync('file', ', and this')`)
      await scene.cutPower()
      expect(scene.contentOf('file')).toBe('')
    })

    test('gives back what was overwritten, also by several writes', async () => {
      await scene.node.run(`
        fs.writeFileSync('file', '0123456789', { flush: true })
        const file = fs.openSync('file', 'r+')
        fs.writeSync(file, 'aaaa', 2)
        fs.writeSync(file, 'bbbbbb', 5)
        fs.writevSync(file, [Buffer.from('c'), Buffer.from('cc')], 0)`)
      expect(scene.contentOf('file')).toBe('cccaabbbbbb')
      await scene.cutPower()
      expect(scene.contentOf('file')).toBe('0123456789')
    })

    test('gives back what was truncated, and takes away what was extended', async () => {
      await scene.node.run(`
        for (const name of ['emptied', 'cut', 'extended']) {
          fs.writeFileSync(name, '0123456789', { flush: true })
        }
        fs.writeFileSync('emptied', 'new')
        fs.truncateSync('cut', 4)
        fs.truncateSync('extended', 5000)`)
      const loss = await scene.cutPower()
      expect(['emptied', 'cut', 'extended'].map((name) => scene.contentOf(name))).toEqual(
        Array(3).fill('0123456789'),
      )
      expect(loss).toMatchObject({ writes: 1, resizes: 3, bytes: 3 })
    })

    test('drops what was appended since the last sync, in each file by itself', async () => {
      await scene.node.run(`
        const one = fs.openSync('one', 'a')
        const two = fs.openSync('two', 'a')
        for (const file of [one, two]) fs.writeSync(file, 'first ')
        fs.fdatasyncSync(two)
        for (const file of [one, two]) fs.writeSync(file, 'second ')`)
      const loss = await scene.cutPower()
      expect([scene.contentOf('one'), scene.contentOf('two')]).toEqual(['', 'first '])
      expect(loss).toMatchObject({ files: ['one', 'two'], writes: 3, bytes: 20 })
    })

    test('honours a sync through any descriptor of the file', async () => {
      await scene.node.run(`
        fs.writeFileSync('file', 'kept')
        fs.renameSync('file', 'renamed')
        fs.fsyncSync(fs.openSync('renamed', 'r'))`)
      await scene.cutPower()
      expect(scene.contentOf('renamed')).toBe('kept')
    })

    test.each(['O_DSYNC', 'O_SYNC'])('keeps a write through %s, and it alone', async (flag) => {
      await scene.node.run(`
        const { O_RDWR, O_CREAT, ${flag} } = fs.constants
        const slack = fs.openSync('file', O_RDWR | O_CREAT)
        fs.writeSync(slack, 'aaaaaaaaaa', 0)
        fs.writeSync(fs.openSync('file', O_RDWR | ${flag}), 'BBB', 4)
        fs.writeSync(slack, 'cc', 5)`)
      expect(scene.contentOf('file')).toBe('aaaaBccaaa')
      const loss = await scene.cutPower()
      const content = scene.contentOf('file')
      expect(content).toBe('\0\0\0\0BBB')
      expect(loss).toMatchObject({ writes: 2, bytes: 12 })
    })

    test('leaves names as they were at the end', async () => {
      await scene.node.run(`
        fs.writeFileSync('current', 'old', { flush: true })
        fs.writeFileSync('next', 'new', { flush: true })
        fs.renameSync('next', 'current')
        fs.writeFileSync('removed', 'x')
        fs.unlinkSync('removed')
        fs.mkdirSync('folder/below', { recursive: true })
        fs.writeFileSync('folder/below/file', 'lost')`)
      await scene.cutPower()
      expect(scene.contentOf('current')).toBe('new')
      expect(scene.contentOf('folder/below/file')).toBe('')
      expect(() => statSync(join(scene.disk.folder, 'next'))).toThrow('ENOENT')
      expect(() => statSync(join(scene.disk.folder, 'removed'))).toThrow('ENOENT')
    })

    test('does not take a new file for the one that had its inode before', async () => {
      await scene.node.run(`
        for (let i = 0; i < 50; i++) {
          fs.writeFileSync('old' + i, 'durable', { flush: true })
          fs.appendFileSync('old' + i, 'more')
          fs.unlinkSync('old' + i)
          fs.writeFileSync('file' + i, '')
        }`)
      const loss = await scene.cutPower()
      const content = scene.contentOf('file0')
      expect(content).toBe('')
      expect(loss.files).toEqual([])
    })

    test('sees copies, and whole files written at once', async () => {
      await scene.node.run(`
        fs.writeFileSync('file', 'x'.repeat(100000), { flush: true })
        fs.copyFileSync('file', 'copy')
        await fs.promises.cp('file', 'second')`)
      expect(scene.contentOf('copy')).toHaveLength(100000)
      const loss = await scene.cutPower()
      expect(loss.files).toEqual(['copy', 'second'])
      expect([scene.contentOf('copy'), scene.contentOf('second')]).toEqual(['', ''])
    })

    test('spares files of other folders, however they are named', async () => {
      await scene.node.run(`
        fs.writeFileSync('../beside', 'kept')
        fs.writeFileSync('../data-too', 'kept')
        fs.mkdirSync('below')
        fs.symlinkSync('../../data', 'below/link')
        fs.writeFileSync('below/link/../data/below/../file', 'lost')`)
      await scene.cutPower()
      expect(scene.contentOf('file')).toBe('')
      expect([scene.contentOf('../beside'), scene.contentOf('../data-too')]).toEqual([
        'kept',
        'kept',
      ])
    })

    test('a sync that failed is not made up for by a later one', async () => {
      await scene.node.run(`
        kept.file = fs.openSync('file', 'w')
        fs.writeSync(kept.file, 'lost')`)
      scene.disk.set({ syncError: 'EIO' })
      expect(await scene.node.errorOf('fs.fdatasyncSync(kept.file)')).toBe('EIO')
      scene.disk.set({})
      await scene.node.run(`
        fs.writeSync(kept.file, 'kept')
        fs.fdatasyncSync(kept.file)`)
      await scene.cutPower()
      expect(scene.contentOf('file')).toBe('\0\0\0\0kept')
    })
  })

  describe('power loss with a seed', () => {
    const sector = 512
    /** Ten writes of two and a half sectors, each of a letter of its own. */
    const script = `
      const file = fs.openSync('file', 'w')
      fs.writeSync(file, '-'.repeat(1000))
      fs.fsyncSync(file)
      for (const letter of 'abcdefghij') fs.writeSync(file, letter.repeat(1280))`

    async function contentAfter(seed: number): Promise<string> {
      await scene.node.run(script)
      await scene.cutPower(seed)
      await scene.restart()
      return scene.contentOf('file')
    }

    test('drops, keeps and tears writes; what was synced stays', async () => {
      const seen = { whole: 0, gone: 0, torn: 0 }
      for (let seed = 0; seed < 12; seed++) {
        const content = await contentAfter(seed)
        expect(content.slice(0, 1000)).toBe('-'.repeat(1000))
        for (const [index, letter] of 'abcdefghij'.split('').entries()) {
          const start = 1000 + index * 1280
          const part = content.slice(start, start + 1280).replaceAll('\0', '')
          expect(part).toBe(letter.repeat(part.length))
          const isTorn = part.length > 0 && part.length < 1280
          if (isTorn) expect((start + part.length) % sector).toBe(0)
          seen[isTorn ? 'torn' : part === '' ? 'gone' : 'whole'] += 1
        }
      }
      for (const count of Object.values(seen)) expect(count).toBeGreaterThan(5)
    })

    test('does the same for the same seed', async () => {
      const first = await contentAfter(7)
      expect(await contentAfter(7)).toBe(first)
      expect(await contentAfter(8)).not.toBe(first)
    })
  })

  describe('any history', () => {
    /** One act on the file: a write, through O_DSYNC or not, a new size, or a sync. */
    type Act =
      | { readonly act: 'write' | 'writeThrough'; readonly at: number; readonly text: string }
      | { readonly act: 'resize'; readonly size: number }
      | { readonly act: 'sync' }

    function history(random: SeededRandom): Act[] {
      return Array.from({ length: 100 }, (): Act => {
        const act = (['write', 'write', 'writeThrough', 'resize', 'sync'] as const)[random.below(5)]
        if (act === 'resize') return { act, size: random.below(3000) }
        if (act === 'sync' || act === undefined) return { act: 'sync' }
        return { act, at: random.below(2500), text: random.text(1 + random.below(600)) }
      })
    }

    /** What the disk has: all acts up to the last sync, and then what was written through. */
    function durable(acts: readonly Act[]): string {
      const synced = acts.findLastIndex(({ act }) => act === 'sync')
      let file = Buffer.alloc(0)
      const resize = (size: number) => {
        file = Buffer.concat([file, Buffer.alloc(Math.max(0, size - file.length))], size)
      }
      for (const [index, act] of acts.entries()) {
        if (index > synced && act.act !== 'writeThrough') continue
        if (act.act === 'resize') resize(act.size)
        if (act.act !== 'write' && act.act !== 'writeThrough') continue
        resize(Math.max(file.length, act.at + act.text.length))
        file.write(act.text, act.at)
      }
      return file.toString()
    }

    test.each([1, 2, 3, 4, 5, 6, 7, 8])('ends as the model says (seed %i)', async (seed) => {
      const acts = history(new SeededRandom(seed))
      await scene.node.run(`
        const { O_RDWR, O_CREAT, O_DSYNC } = fs.constants
        const file = fs.openSync('file', O_RDWR | O_CREAT)
        const through = fs.openSync('file', O_RDWR | O_DSYNC)
        for (const { act, at, text, size } of ${JSON.stringify(acts)}) {
          if (act === 'write') fs.writeSync(file, text, at)
          if (act === 'writeThrough') fs.writeSync(through, text, at)
          if (act === 'resize') fs.ftruncateSync(file, size)
          if (act === 'sync') fs.fdatasyncSync(file)
        }`)
      await scene.cutPower()
      expect(scene.contentOf('file')).toBe(durable(acts))
    })
  })

  describe('SIGKILL', () => {
    /** Several threads append records of 100 bytes to three files, and sync now and then. */
    const script = `
      for (const name of ['a', 'b', 'c']) fs.writeFileSync(name, '')
      const write = async (name, recordsASync) => {
        const file = await fs.promises.open(name, 'a')
        for (let record = 1; ; record++) {
          await file.write(String(record).padStart(99) + '\\n')
          if (record % recordsASync !== 0) continue
          fs.writeSync(kept.told, name + ' begins ' + record + '\\n')
          await file.datasync()
          fs.writeSync(kept.told, name + ' synced ' + record + '\\n')
        }
      }
      kept.told = fs.openSync('../told', 'a')
      await Promise.all([write('a', 1), write('b', 3), write('c', 7)])`

    test.each([1, 5, 20, 60, 150])(
      'at any moment (%i syncs): each file ends where a sync began',
      async (syncs) => {
        scene.node.begin(script)
        await expect.poll(() => scene.disk.counters().syncs, often).toBeGreaterThan(syncs)
        await scene.node.kill()
        scene.disk.applyPowerLoss()
        const told = readFileSync(join(scene.folder, 'told'), 'utf8').split('\n')
        for (const name of ['a', 'b', 'c']) {
          const records = scene.contentOf(name).split('\n').slice(0, -1)
          expect(records).toEqual(records.map((_, index) => `${index + 1}`.padStart(99)))
          const began = told.filter((line) => line.startsWith(`${name} begins`)).map(numberOf)
          const synced = told.filter((line) => line.startsWith(`${name} synced`)).map(numberOf)
          expect(records.length).toBeGreaterThanOrEqual(synced.at(-1) ?? 0)
          expect([0, ...began]).toContain(records.length)
        }
      },
    )

    function numberOf(line: string): number {
      return Number(line.split(' ')[2])
    }
  })
})
