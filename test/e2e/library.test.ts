import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import { ClientProgram, projectFolder } from './client-program.ts'

test('the examples are the three that are tried here', () => {
  const files = readdirSync(join(projectFolder, 'examples')).filter((name) =>
    /\.[mc]?js$/.test(name),
  )
  expect(files.sort()).toEqual(['embedded.mjs', 'last-values.mjs', 'test-fixture.mjs'])
})

test('examples/embedded.mjs answers questions, and stops when it is asked to', async () => {
  const { program, client } = await startExample('embedded')
  await program.printed('is here, from 127.0.0.1')
  const answer = messageOf(client)
  await client.subscribeAsync('answer/1', { qos: 1 })
  await client.publishAsync('question/1', 'hello', { qos: 1 })
  expect(await answer).toEqual(['answer/1', 'HELLO'])
  program.signal('SIGTERM')
  expect(await program.ended).toBe(0)
})

test('examples/last-values.mjs keeps a summary', async () => {
  const { client } = await startExample('last-values')
  const summary = messageOf(client)
  await client.subscribeAsync('sensors/summary', { qos: 1 })
  await client.publishAsync('sensors/a/value', '3', { qos: 1 })
  const [topic, text] = await summary
  expect([topic, JSON.parse(text)]).toEqual([
    'sensors/summary',
    { count: 1, highest: 3, lowest: 3 },
  ])
})

test('examples/test-fixture.mjs passes its tests', async () => {
  const program = new ClientProgram(process.execPath, ['--test', 'examples/test-fixture.mjs'])
  await program.succeeds()
  expect(program.lines.join('\n')).toMatch(/pass 2/)
})

test('what npm packs has types for programs without our sources, and wrong ones are errors', () => {
  const home = mkdtempSync(join(tmpdir(), 'mqtt-broker-consumer-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const own = join(home, 'node_modules/mqtt-broker-daemon')
  mkdirSync(own, { recursive: true })
  execFileSync('npm', ['pack', '--pack-destination', home], { cwd: projectFolder, stdio: 'pipe' })
  const archive = readdirSync(home).find((name) => name.endsWith('.tgz')) ?? ''
  execFileSync('tar', ['xzf', join(home, archive), '-C', own, '--strip-components', '1'])
  for (const name of ['zod', 'aedes-packet', 'mqtt-packet', '@types', 'undici-types']) {
    symlinkSync(join(projectFolder, 'node_modules', name), join(home, 'node_modules', name))
  }
  expect(readdirSync(own).sort()).toEqual(
    [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin',
      'config',
      'contrib',
      'dist',
      'package.json',
    ].sort(),
  )
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(home, 'program.ts'), consumer)
  const tsc = join(projectFolder, 'node_modules/.bin/tsc')
  for (const resolution of [
    ['--module', 'nodenext'],
    ['--module', 'esnext', '--moduleResolution', 'bundler'],
  ]) {
    const options = '--noEmit --strict --exactOptionalPropertyTypes --target es2022 --types node'
    const words = [...options.split(' '), ...resolution, 'program.ts']
    const { stdout } = spawnSync(tsc, words, { cwd: home, encoding: 'utf8' })
    // What @types/node has against itself is not ours.
    const ours = stdout
      .split('\n')
      .filter((line) => /^\S/.test(line) && !line.includes('@types/node'))
    expect(ours).toEqual([])
  }
})

const consumer = `
import { ConfigurationError, createBroker, type ReceivedMessage } from 'mqtt-broker-daemon'

const broker = createBroker({
  listeners: [{ name: 'tcp', bind: '127.0.0.1:0', max_connections: 'infinity' }],
  zones: { default: { max_inflight: 3, durability: 'async', mqueue_priorities: { a: 1 } } },
  store: { backend: 'memory' },
})
broker.on('clientConnected', (client): string => client.clientId)
broker.subscribe('a', (message: ReceivedMessage): Buffer => message.payload)
export const published: Promise<{ isMatched: boolean }> = broker.publish({
  topic: 'a',
  qos: 1,
  properties: { userProperties: { a: 'b' } },
})
export const problems = (error: ConfigurationError): string[] => error.problems.map((p) => p.path)
// @ts-expect-error There is no such event.
broker.on('clientConected', () => {})
// @ts-expect-error There is no such key.
createBroker({ zonez: {} })
// @ts-expect-error There is no such word.
createBroker({ store: { backend: 'postgres' } })
// @ts-expect-error It has no name.
createBroker({ listeners: [{ bind: '127.0.0.1:0' }] })
// @ts-expect-error There is no such QoS.
void broker.publish({ topic: 'a', qos: 4 })
`

/** An example on a free port, and a client of it; both end with the test. */
async function startExample(name: string) {
  const program = new ClientProgram(process.execPath, [`examples/${name}.mjs`, '0'])
  await program.printed('listening on port')
  const port = /port (\d+)/.exec(program.lines.join('\n'))?.[1]
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 })
  onTestFinished(() => {
    client.end(true)
  })
  return { program, client }
}

function messageOf(client: Awaited<ReturnType<typeof connectAsync>>): Promise<[string, string]> {
  return new Promise((resolve) => {
    client.once('message', (topic, payload) => resolve([topic, payload.toString()]))
  })
}
