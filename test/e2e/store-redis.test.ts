import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RedisServer, redisIsMissing } from '../support/redis-server.ts'
import { bodyOf, filledScene } from './store-filled.ts'
import { collect, StoreScene } from './store-kit.ts'

describe.skipIf(redisIsMissing)('mqtt-broker store and Redis', () => {
  let redis: RedisServer
  beforeEach(async () => {
    redis = await RedisServer.start({ appendfsync: 'always' })
  })
  afterEach(() => redis.dispose())

  function inRedis(): object {
    return { store: { backend: 'redis', url: redis.url, takeover_after: '1s' } }
  }

  test('what is exported from the one goes into the other and back, and nothing is missing', async () => {
    const scene = await filledScene()
    const [first, second, third] = ['1', '2', '3'].map((name) => scene.path(`${name}.ndjson`))
    await run(scene, ['export', `${first}`])
    scene.configure(inRedis())
    await run(scene, ['import', `${first}`])
    expect((await scene.run(['import', `${first}`])).errors).toBe(
      'mqtt-broker: the store has 2 sessions and 1 retained messages in it; wanted: an empty one\n',
    )
    await run(scene, ['export', `${second}`])
    scene.configure({ store: { path: 'back' } })
    await run(scene, ['import', `${second}`])
    await run(scene, ['export', `${third}`])
    const bodies = [first, second, third].map((file) => bodyOf(readFileSync(`${file}`, 'utf8')))
    expect(bodies[1]).toEqual(bodies[0])
    expect(bodies[2]).toEqual(bodies[0])
    expect(await collect(await scene.start(), 'away')).toEqual(['one', 'two', 'three'])
  })

  test('info says what is there; while a broker runs, it and its siblings are refused', async () => {
    const scene = new StoreScene(inRedis())
    const config = scene.path('zone.yaml')
    const { code, output } = await scene.run(['info'])
    expect(code).toBe(0)
    expect(output).toMatch(/^where +redis 127\.0\.0\.1:\d+\/0, keys mqtt:\*$/m)
    expect(output).toMatch(/^format +1 \(the first one, nothing to upgrade from\)$/m)
    expect(output).toMatch(/^takes +memory \d+(?:\.\d)? [kM]B$/m)
    const broker = await scene.start()
    for (const command of ['info', 'export', 'import']) {
      expect(await scene.run([command], { input: '' })).toEqual({
        code: 1,
        output: '',
        errors: `mqtt-broker: the store is in use by the broker that runs (pid ${broker.pid}): stop it first\n`,
      })
    }
    // From another machine it is found by its name in Redis.
    const elsewhere = scene.path('elsewhere.yaml')
    const zone = JSON.parse(readFileSync(config, 'utf8')) as object
    writeFileSync(elsewhere, JSON.stringify({ ...zone, node: { data_dir: 'other' } }))
    expect((await scene.run(['info'], { config: elsewhere })).errors).toMatch(
      /^mqtt-broker: redis .*, keys mqtt:\*, is in use by another broker \(process \d+ on .*\); stop it, or give/,
    )
  })
})

async function run(scene: StoreScene, words: readonly string[]): Promise<void> {
  const { code, errors } = await scene.run(words)
  expect({ code, errors }).toEqual({
    code: 0,
    errors: `${words[0]}ed 2 sessions, 3 queued and 1 retained messages\n`,
  })
}
