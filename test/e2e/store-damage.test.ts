import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, leaveSession, publish, StoreScene } from './store-kit.ts'

const payloads = Array.from({ length: 1500 }, (_, i) => `${i} ${'x'.repeat(300)}`)
/** What is said of every store that is damaged, at the end. */
const advice = 'put a backup in place of the store, or move it away to start with nothing'

describe('a store that is not as it was written', () => {
  /** A folder of data of a broker that was killed: some of its store in LevelDB, all of it in the log. */
  let good: string
  beforeAll(() => {
    good = mkdtempSync(join(tmpdir(), 'mqtt-broker-good-'))
  })
  afterAll(() => rmSync(good, { recursive: true }))

  /** A scene with a copy of that store, and the store's folder. */
  async function goodStore(): Promise<{ scene: StoreScene; store: string }> {
    const scene = new StoreScene()
    if (readdirSync(good).length === 0) await fill(scene)
    cpSync(good, scene.path('data'), { recursive: true })
    return { scene, store: scene.path('data/store') }
  }

  async function fill(scene: StoreScene): Promise<void> {
    const broker = await scene.start()
    await leaveSession(broker, 'away', 'a/#')
    await publish(broker, 'a', payloads)
    await broker.kill()
    expect((await scene.run(['info'])).code).toBe(0)
    cpSync(scene.path('data/store'), join(good, 'store'), { recursive: true })
  }

  const damages: Record<string, [damage: (store: string) => void, message: string]> = {
    'a log file has no beginning': [
      (store) => writeAt(logOf(store), 0, 'damaged'),
      'STORE/log/0000000001.log is damaged: it has no beginning',
    ],
    'the log is gone': [
      (store) => rmSync(join(store, 'log'), { recursive: true }),
      'STORE/log is missing, or empty: the store is damaged',
    ],
    'the database is gone': [
      (store) => rmSync(join(store, 'database'), { recursive: true }),
      'STORE/database is missing, or empty: the store is damaged',
    ],
    'the file is gone with which LevelDB begins': [
      (store) => rmSync(join(store, 'database/CURRENT')),
      'STORE/database is damaged: the file CURRENT is missing',
    ],
    'the list of its tables is damaged': [
      (store) => writeAt(fileIn(join(store, 'database'), /^MANIFEST/), 20, 'damaged'),
      'STORE/database is damaged: Corruption: checksum mismatch',
    ],
    'a table is cut short': [
      (store) => truncateSync(tableOf(store), 1000),
      'STORE/database is damaged: IO error: STORE/database/000005.ldb: Invalid argument',
    ],
    'a table is gone': [
      (store) => rmSync(tableOf(store)),
      'STORE/database is damaged: Corruption: 1 missing files; e.g.: STORE/database/000005.ldb',
    ],
  }

  test.each(Object.entries(damages))('%s: exit code 1, twice', async (_, [damage, message]) => {
    const { scene, store } = await goodStore()
    damage(store)
    const errors = `mqtt-broker: ${message.replaceAll('STORE', store)}; ${advice}\n`
    expect(await scene.runBroker()).toMatchObject({ code: 1, errors })
    expect(await scene.run(['info'])).toEqual({ code: 1, output: '', errors })
  })

  test('a log file is damaged where others follow: exit code 1, and it stays as it is', async () => {
    const { scene, store } = await goodStore()
    writeAt(logOf(store), 200_000, 'damaged')
    const damaged = readFileSync(logOf(store))
    const { code, errors } = await scene.runBroker()
    expect(code).toBe(1)
    const said = /^mqtt-broker: (.*) is damaged at byte (\d+): what follows (.*); put a backup in/
    const [, file, byte, missing] = said.exec(errors) ?? []
    expect(file).toBe(logOf(store))
    expect(Number(byte)).toBeLessThanOrEqual(200_000)
    expect(missing).toMatch(/^batch \d+ is missing, and batch \d+ is there$/)
    expect((await scene.run(['info'])).errors).toBe(errors)
    expect(readFileSync(logOf(store)).equals(damaged)).toBe(true)
  })

  test('a table is damaged inside: an export has what can be read, and says what is missing', async () => {
    const { scene, store } = await goodStore()
    const middle = Math.floor(statSync(tableOf(store)).size / 2)
    writeAt(tableOf(store), middle, 'damaged'.repeat(100))
    const { code, errors, output } = await scene.run(['export'])
    const there = output.split('\n').filter((line) => line.startsWith('{"type":"queued"')).length
    const missing = payloads.length - there
    expect(missing).toBeGreaterThan(0)
    expect({ code, errors }).toEqual({
      code: 1,
      errors:
        `exported 1 sessions, ${there} queued and 0 retained messages\n` +
        `mqtt-broker: client "away": ${missing} queued messages are missing in the store\n`,
    })
  })

  test('it is of a newer version: exit code 1', async () => {
    const { scene, store } = await goodStore()
    await put(store, 'v', '{"format":2}')
    const errors =
      `mqtt-broker: ${store} was written by a newer version (format 2, this one reads 1); ` +
      'start that version, or export there and import here\n'
    expect(await scene.runBroker()).toMatchObject({ code: 1, errors })
    expect(await scene.run(['info'])).toMatchObject({ code: 1, errors })
  })

  test('it is of something else: exit code 1', async () => {
    const scene = new StoreScene()
    const store = scene.path('data/store')
    await put(store, 'key', 'value')
    expect(await refusal(scene.runBroker())).toBe(
      `${store} is no store of this broker: it has no version in it; ${advice}`,
    )
  })

  test('it is in use by another broker: exit code 1, and that one goes on', async () => {
    const scene = new StoreScene()
    const first = await scene.start()
    expect(await refusal(scene.runBroker())).toBe(
      `${scene.path('data/store/database')} is in use by another broker; ` +
        'stop it, or give this one another node.data_dir',
    )
    await publish(first, 'a', ['1'])
  })
})

/** What a broker says that cannot start. */
async function refusal(ending: Promise<Ended>): Promise<string> {
  const { code, errors } = await ending
  expect(code).toBe(1)
  return errors.replace(/^mqtt-broker: |\n$/g, '')
}

function logOf(store: string): string {
  return fileIn(join(store, 'log'), /\.log$/)
}

function tableOf(store: string): string {
  return fileIn(join(store, 'database'), /\.ldb$/)
}

/** The first file of a folder whose name fits, with its path. */
function fileIn(folder: string, fits: RegExp): string {
  const name = readdirSync(folder)
    .sort()
    .find((one) => fits.test(one))
  if (name === undefined) throw new Error(`nothing like ${fits} in ${folder}`)
  return join(folder, name)
}

function writeAt(file: string, at: number, text: string): void {
  const bytes = readFileSync(file)
  bytes.write(text, at)
  writeFileSync(file, bytes)
}

async function put(store: string, key: string, value: string): Promise<void> {
  const database = new ClassicLevel(join(store, 'database'))
  await database.put(key, value)
  await database.close()
}
