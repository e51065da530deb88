import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { RawClient } from '../support/raw-client.ts'
import { probe } from './probe.ts'
import { collect, leaveSession, publish, StoreScene } from './store-kit.ts'
import { StoreLoad } from './store-load.ts'

describe('a backup while the broker runs', () => {
  test('has everything that was acknowledged before it began', async () => {
    const scene = new StoreScene()
    const broker = await scene.start()
    for (const clientId of ['one', 'two']) await leaveSession(broker, clientId, 'load/#')
    await publish(broker, 'state', ['on'], { retain: true })
    const load = new StoreLoad(broker)
    // More than the log keeps: some of it is in the database, and files of the log are given up.
    await load.reached(6000)
    const acknowledged = load.acknowledged
    const target = scene.path('copy')
    const backup = await scene.run(['backup', target])
    const later = load.acknowledged
    await broker.kill()
    expect(backup).toMatchObject({ code: 0, errors: '' })
    expect(backup.output).toMatch(/^copied .*\/data\/store to .*\/copy: \d.* MB, by the broker/)
    expect(existsSync(`${target}.partial`)).toBe(false)
    scene.configure({ store: { path: target } })
    const copy = await scene.start()
    for (const clientId of ['one', 'two']) {
      const numbers = (await collect(copy, clientId)).map((payload) => Number.parseInt(payload, 10))
      expect(numbers).toEqual(numbers.map((_, i) => i + 1))
      expect(numbers.length).toBeGreaterThanOrEqual(acknowledged)
    }
    expect(later).toBeGreaterThan(acknowledged)
    const reader = await RawClient.connect({ port: copy.port() })
    await reader.subscribe('state')
    expect((await reader.expect('publish')).payload.toString()).toBe('on')
  })

  test('is refused where the target exists, or is half of another one, and the broker goes on', async () => {
    const scene = new StoreScene()
    const broker = await scene.start()
    const target = scene.path('copy')
    mkdirSync(target)
    expect(await scene.run(['backup', target])).toEqual({
      code: 1,
      output: '',
      errors: `mqtt-broker: ${target} exists already; wanted: a new folder\n`,
    })
    mkdirSync(scene.path('other.partial'))
    expect((await scene.run(['backup', scene.path('other')])).errors).toContain(
      'other.partial is left of a backup that did not finish, or belongs to one under way; remove it',
    )
    expect((await scene.run(['backup', scene.path('no/such/copy')])).errors).toContain(
      '/no/such/copy cannot be written: the folder above it is not there',
    )
    const inside = scene.path('data/store/copy')
    expect((await scene.run(['backup', inside])).errors).toContain('is in the store itself')
    await probe(broker.port())
  })

  test('is refused by a broker that has another store', async () => {
    const scene = new StoreScene()
    await scene.start()
    scene.configure({ store: { path: 'elsewhere' } })
    const { code, errors } = await scene.run(['backup', scene.path('copy')])
    expect({ code, errors }).toEqual({
      code: 1,
      errors: `mqtt-broker: the broker that runs here has its store in ${scene.path('data/store')}\n`,
    })
  })

  test('ends with the one who asked, and leaves nothing', async () => {
    const scene = new StoreScene()
    const broker = await scene.start()
    await leaveSession(broker, 'one', 'load/#')
    const load = new StoreLoad(broker)
    await load.reached(3000)
    load.stop()
    const target = scene.path('copy')
    const backup = scene.begin(['backup', target])
    await expect.poll(() => existsSync(`${target}.partial`), often).toBe(true)
    backup.signal('SIGINT')
    expect(await backup.ended).toBe(1)
    expect(backup.errors).toBe('mqtt-broker: stopped by SIGINT\n')
    await expect.poll(() => existsSync(`${target}.partial`), often).toBe(false)
    expect(existsSync(target)).toBe(false)
    expect((await scene.run(['backup', target])).code).toBe(0)
  })
})

describe('a backup without a broker', () => {
  test('is made by the command itself, also of what only the log has', async () => {
    const scene = new StoreScene()
    const broker = await scene.start()
    await leaveSession(broker, 'one', 'a')
    await publish(broker, 'a', ['1', '2', '3'])
    await broker.kill()
    const target = scene.path('copy')
    const { code, output } = await scene.run(['backup', target])
    expect(code).toBe(0)
    expect(output).toContain('no broker runs on it')
    scene.configure({ store: { path: target } })
    expect(await collect(await scene.start(), 'one')).toEqual(['1', '2', '3'])
  })

  test('is refused where there is no store, or none that is kept', async () => {
    const scene = new StoreScene()
    expect((await scene.run(['backup', scene.path('copy')])).errors).toContain(
      'there is no store in',
    )
    expect(existsSync(scene.path('data'))).toBe(false)
    scene.configure({ store: { backend: 'memory' } })
    expect(await scene.run(['backup', scene.path('copy')])).toMatchObject({
      code: 1,
      errors: 'mqtt-broker: store.backend is memory, which keeps nothing: there is no store\n',
    })
  })

  test('of Redis is left to Redis', async () => {
    const scene = new StoreScene({ store: { backend: 'redis' } })
    const { code, errors } = await scene.run(['backup', scene.path('copy')])
    expect(code).toBe(1)
    expect(errors).toContain('BGSAVE')
  })
})

describe('the control socket', () => {
  test('goes with the broker; one that a killed broker left is replaced', async () => {
    const scene = new StoreScene()
    const socket = scene.path('data/control.sock')
    const broker = await scene.start()
    await broker.kill()
    expect(existsSync(socket)).toBe(true)
    const next = await scene.start()
    expect((await scene.run(['backup', scene.path('copy')])).output).toContain('by the broker')
    expect(await next.stop()).toBe(0)
    expect(existsSync(socket)).toBe(false)
  })

  test('of a broker that runs keeps another one from the same folder', async () => {
    const scene = new StoreScene()
    const broker = await scene.start()
    scene.configure({ store: { path: 'elsewhere' } })
    const answer = await scene.start().catch((error: Error) => error.message)
    expect(answer).toContain('control.sock; stop it, or give this one another node.data_dir')
    await probe(broker.port())
  })

  test('that cannot be had keeps no broker from running', async () => {
    const scene = new StoreScene()
    mkdirSync(scene.path('data'))
    writeFileSync(scene.path('data/control.sock'), 'mine')
    const broker = await scene.start()
    await broker.waitForLog((line) => line.msg.startsWith('no control socket'))
    await probe(broker.port())
  })
})

/** For `expect.poll`: milliseconds. */
const often = { interval: 1, timeout: 20_000 }
