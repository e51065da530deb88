import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { RawClient } from '../support/raw-client.ts'
import { probe } from './probe.ts'
import { bodyOf, filledScene } from './store-filled.ts'
import { collect, lasting, publish, StoreScene } from './store-kit.ts'

/** A configuration of another store in the same folder. */
function elsewhere(scene: StoreScene, name = 'other'): string {
  const config = scene.path(`${name}.yaml`)
  const zone = JSON.parse(readFileSync(scene.config, 'utf8')) as object
  writeFileSync(config, JSON.stringify({ ...zone, store: { path: name } }))
  return config
}

describe('store info', () => {
  test('says what is there, to people and to programs', async () => {
    const scene = await filledScene()
    const { code, output, errors } = await scene.run(['info'])
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    expect(output.replace(/^(last alive|takes|queued) .*/gm, '$1')).toBe(
      [
        'backend              embedded',
        `where                ${scene.path('data/store')}`,
        'format               1 (the first one, nothing to upgrade from)',
        'last alive',
        'takes',
        'sessions             1 connected when the broker ended, 1 away, 0 over',
        'subscriptions        2',
        'queued',
        'in flight            1 message',
        'unfinished receipts  1 (QoS 2, PUBREL has not come)',
        'retained             1 message, 14 B',
        'wills pending        1',
      ].join('\n'),
    )
    const json = JSON.parse((await scene.run(['info', '--json'])).output)
    expect(json).toMatchObject({
      backend: 'embedded',
      format: 1,
      upgradesFrom: [],
      sessions: { connected: 1, away: 1, over: 0 },
      queued: { messages: 3 },
      inflight: 1,
      retained: { messages: 1 },
      bytes: { log: expect.any(Number), database: expect.any(Number) },
    })
    // Looking at it is no sign of life.
    expect(JSON.parse((await scene.run(['info', '--json'])).output).lastAliveAt).toBe(
      json.lastAliveAt,
    )
  })

  test('says that there is no store, and makes none', async () => {
    const scene = new StoreScene()
    for (const command of ['info', 'export', 'compact']) {
      expect(await scene.run([command])).toEqual({
        code: 1,
        output: '',
        errors: `mqtt-broker: there is no store in ${scene.path('data/store')}; see --config, node.data_dir and store.path\n`,
      })
    }
    expect(existsSync(scene.path('data'))).toBe(false)
  })

  test('and its siblings are refused while a broker runs, which goes on', async () => {
    const scene = new StoreScene()
    const broker = await scene.start()
    for (const command of ['info', 'export', 'import', 'compact']) {
      expect(await scene.run([command], { input: '' })).toEqual({
        code: 1,
        output: '',
        errors: `mqtt-broker: the store is in use by the broker that runs (pid ${broker.pid}): stop it first; only "mqtt-broker store backup" works while it runs\n`,
      })
    }
    await probe(broker.port())
  })
})

describe('store export and store import', () => {
  test('move everything to another store, on which a broker goes on', async () => {
    const scene = await filledScene()
    const file = scene.path('all.ndjson')
    expect(await scene.run(['export', file])).toEqual({
      code: 0,
      output: '',
      errors: 'exported 2 sessions, 3 queued and 1 retained messages\n',
    })
    const config = elsewhere(scene)
    expect(await scene.run(['import', file], { config })).toEqual({
      code: 0,
      output: '',
      errors: 'imported 2 sessions, 3 queued and 1 retained messages\n',
    })
    expect(bodyOf((await scene.run(['export'], { config })).output)).toEqual(
      bodyOf(readFileSync(file, 'utf8')),
    )
    scene.configure({ store: { path: 'other' } })
    const broker = await scene.start()
    expect(await collect(broker, 'away')).toEqual(['one', 'two', 'three'])
    const here = await RawClient.connect({ port: broker.port() }, { ...lasting, clientId: 'here' })
    expect(here.connack?.sessionPresent).toBe(true)
    expect(await here.expect('publish')).toMatchObject({ topic: 'b', dup: true })
    // Its receipt was unfinished: it does not come twice.
    here.send({ cmd: 'pubrel', messageId: 77 })
    expect((await here.expect('pubcomp')).reasonCode ?? 0).toBe(0)
    await here.subscribe('+')
    const retained = await here.expectMany('publish', 2)
    expect(retained.map(({ topic }) => topic).sort()).toEqual(['state', 'will'])
  })

  test('work as a pipe, which sha256sum agrees with', async () => {
    const scene = await filledScene()
    const { output } = await scene.run(['export'])
    const config = elsewhere(scene)
    const imported = await scene.run(['import'], { config, input: `${output}` })
    expect(imported).toMatchObject({ code: 0, output: '' })
    const lines = output.trimEnd().split('\n')
    const sum = createHash('sha256')
      .update(`${lines.slice(0, -1).join('\n')}\n`)
      .digest('hex')
    expect(JSON.parse(lines.at(-1) ?? '').sha256).toBe(sum)
  })

  test('an export is refused where the file exists, or cannot be made', async () => {
    const scene = await filledScene()
    const file = scene.path('all.ndjson')
    writeFileSync(file, 'precious')
    expect((await scene.run(['export', file])).errors).toBe(
      `mqtt-broker: ${file} exists already; wanted: a new file\n`,
    )
    expect(readFileSync(file, 'utf8')).toBe('precious')
    const { code, errors } = await scene.run(['export', scene.path('no/such.ndjson')])
    expect(code).toBe(1)
    expect(errors).toContain('ENOENT')
  })

  test('an import is refused where there is something, and where there is no file', async () => {
    const scene = await filledScene()
    const file = scene.path('all.ndjson')
    await scene.run(['export', file])
    expect(await scene.run(['import', file])).toEqual({
      code: 1,
      output: '',
      errors:
        'mqtt-broker: the store has 2 sessions and 1 retained messages in it; wanted: an empty one\n',
    })
    expect((await scene.run(['import', scene.path('none')])).errors).toContain('ENOENT')
    const config = elsewhere(scene)
    expect((await scene.run(['import'], { config, input: '' })).errors).toContain(
      'standard input: is empty, without a trailer; wanted: the whole export',
    )
  })

  test('an import refuses what is damaged, cut off or newer, and leaves nothing', async () => {
    const scene = await filledScene()
    const { output } = await scene.run(['export'])
    const config = elsewhere(scene)
    const damaged = scene.path('damaged.ndjson')
    const variants: [text: string, because: RegExp][] = [
      [
        output.slice(0, output.length / 2),
        /damaged\.ndjson(?::\d+: line: is not JSON|: ends behind)/,
      ],
      [output.replace('"qos":2', '"qos":3'), /damaged\.ndjson:\d+: .*qos: is 3; wanted: 0, 1 or 2/],
      [output.replace('"away"', '"gone"'), /damaged\.ndjson:\d+: sha256: is not that of the lines/],
      [output.replace('"format":1', '"format":2'), /damaged\.ndjson:1: format: is 2, from a newer/],
    ]
    for (const [text, because] of variants) {
      writeFileSync(damaged, text)
      const { code, errors } = await scene.run(['import', damaged], { config })
      expect(errors).toMatch(because)
      expect(code).toBe(1)
      const piped = await scene.run(['import'], { config, input: text })
      expect(piped.code).toBe(1)
    }
    const file = scene.path('all.ndjson')
    await scene.run(['export', file])
    expect((await scene.run(['import', file], { config })).code).toBe(0)
  })
})

describe('store compact', () => {
  test('puts the log into the database, and keeps everything', async () => {
    const scene = await filledScene()
    const before = (await scene.run(['export'])).output
    const { code, output } = await scene.run(['compact'])
    expect(code).toBe(0)
    expect(output).toMatch(/^before {2}4\.0 MB: log 4\.0 MB, database .*\nafter {3}.*: log 512 B, /)
    expect(bodyOf((await scene.run(['export'])).output)).toEqual(bodyOf(before))
    const broker = await scene.start()
    await publish(broker, 'a/3', ['four'])
    await broker.kill()
    const again = await scene.start()
    expect(await collect(again, 'away')).toEqual(['one', 'two', 'three', 'four'])
  })

  test('of another backend has nothing to do', async () => {
    const scene = new StoreScene({ store: { backend: 'memory' } })
    expect(await scene.run(['compact'])).toEqual({
      code: 0,
      output: 'store.backend is memory: there is nothing to compact',
      errors: '',
    })
  })
})

describe('a wrong command line', () => {
  test.each([
    [[], 'store what? wanted: info, export, import, compact or backup'],
    [['exprot'], 'Unknown argument: exprot; did you mean export?'],
    [['backup'], 'store backup where to? wanted: a new folder'],
    [['info', '--jsno'], 'Unknown argument: jsno; did you mean --json?'],
  ])('store %j says what was meant: exit code 64', async (words, message) => {
    const scene = new StoreScene()
    expect(await scene.run(words)).toEqual({
      code: 64,
      output: '',
      errors: `mqtt-broker: ${message}\nTry: mqtt-broker --help\n`,
    })
  })

  test('a wrong configuration is exit code 78', async () => {
    const scene = new StoreScene({ stoer: {} })
    const { code, errors } = await scene.run(['info'])
    expect(code).toBe(78)
    expect(errors).toContain('stoer: unknown key; did you mean store?')
  })
})
