import { createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { defaultConfig } from '../support/broker-process.ts'
import { RawClient } from '../support/raw-client.ts'
import { type Ctl, controlled, ctl, lasting } from './ctl-kit.ts'

describe('what is asked of a broker that runs', () => {
  test('status, for people and for programs', async () => {
    const { run } = await controlled()
    const { code, output } = await run('ctl status')
    expect(code).toBe(0)
    expect(output).toMatch(/^clients connected +0$/m)
    expect(output).toMatch(/^store state +ok$/m)
    expect(JSON.parse((await run('ctl status --json')).output)).toMatchObject({
      clients_connected: 0,
      store: { backend: 'memory', state: 'ok' },
    })
  })

  test('clients: listed, filtered, shown, kicked', async () => {
    const { broker, run } = await controlled()
    const at = { port: broker.port() }
    const one = await RawClient.connect(at, { clientId: 'meter/1', username: 'ann', ...lasting })
    await RawClient.connect(at, { clientId: '42', username: 'ben' })
    const table = (await run('ctl clients list')).output.split('\n')
    expect(table[0]).toMatch(/^CLIENT +USER +ADDRESS/)
    expect(table.slice(1).map((line) => line.split(/ +/)[0])).toEqual(['meter/1', '42'])
    expect(idsOf(await run('ctl clients list --client meter/ --json'))).toEqual(['meter/1'])
    expect(idsOf(await run('ctl clients list --user be --json'))).toEqual(['42'])
    expect((await run('ctl clients show 42')).output).toMatch(/^username +ben$/m)
    expect(await run('ctl clients kick meter/1')).toMatchObject({
      code: 0,
      output: 'meter/1: disconnected',
    })
    expect((await one.expect('disconnect')).reasonCode).toBe(0x98)
    expect(idsOf(await run('ctl sessions list --json'))).toEqual(['meter/1', '42'])
    expect(await run('ctl clients kick meter/1')).toEqual({
      code: 1,
      output: '',
      errors: 'mqtt-broker: no client "meter/1" is connected\n',
    })
  })

  test('sessions and subscriptions: listed up to a limit, dropped', async () => {
    const { broker, run } = await controlled()
    for (const clientId of ['a', 'b', 'c']) {
      const client = await RawClient.connect({ port: broker.port() }, { clientId, ...lasting })
      await client.subscribe(`t/${clientId}`, { qos: 1 })
    }
    const some = await run('ctl sessions list --limit 2')
    expect(some.output.split('\n')).toHaveLength(3)
    expect(some.errors).toBe('2 of 3 shown; for more: --limit <number> or infinity\n')
    expect(JSON.parse((await run('ctl sessions list --limit 2 --json')).output).meta).toEqual({
      count: 3,
      hasnext: true,
    })
    expect((await run('ctl sessions drop b')).output).toBe('b: its session is dropped')
    const { output } = await run('ctl subscriptions list --limit infinity --json')
    const { data } = JSON.parse(output) as { data: { topic: string }[] }
    expect(data.map(({ topic }) => topic)).toEqual(['t/a', 't/c'])
    expect((await run('ctl subscriptions list c')).output).toContain('t/c')
  })

  test('retained messages: text as text, other bytes as base64, --raw as they are', async () => {
    const { broker, run } = await controlled()
    const client = await RawClient.connect({ port: broker.port() })
    const bytes = Buffer.alloc(700_000, 0xfe)
    retain(client, 'text', 'grüße \u001b[2J', 1)
    retain(client, 'bytes', bytes, 2)
    await client.expectMany('puback', 2)
    const listed = await run('ctl retained list')
    expect(listed.output).toMatch(/^text /m)
    expect(listed.output).not.toContain('$SYS')
    // What a client has sent does nothing to the terminal of the operator.
    expect((await run('ctl retained get text')).output).toContain('grüße \\x1b[2J')
    expect((await run('ctl retained get text --raw')).output).toBe('grüße \u001b[2J')
    const told = JSON.parse((await run('ctl retained get bytes --json')).output)
    expect(told).toMatchObject({ payload_encoding: 'base64', payload_size: bytes.length })
    expect(Buffer.from(told.payload, 'base64').equals(bytes)).toBe(true)
    expect((await run('ctl retained del text')).code).toBe(0)
    expect(await run('ctl retained get text')).toMatchObject({ code: 1, output: '' })
  })

  test('listeners, and the log level', async () => {
    const { broker, run } = await controlled()
    expect((await run('ctl listeners list')).output).toMatch(
      new RegExp(`^tcp +tcp +127.0.0.1 +${broker.port()} +default +listening`, 'm'),
    )
    expect((await run('ctl log-level')).output).toBe('info')
    expect((await run('ctl log-level debug')).output).toBe('debug (before: info)')
    await RawClient.connect({ port: broker.port() }, { clientId: 'x' })
    expect(await run('ctl log-level loud')).toMatchObject({ code: 64 })
  })
})

describe('what cannot be asked', () => {
  test('no broker runs: exit code 69 and one line', async () => {
    const { broker, run } = await controlled()
    await broker.stop()
    const { code, errors, output } = await run('ctl clients list')
    expect({ code, output }).toEqual({ code: 69, output: '' })
    expect(errors).toMatch(/^mqtt-broker: no broker runs here: .*control\.sock.*\n$/)
  })

  test('no such command, no such flag: exit code 64', async () => {
    const { run } = await controlled()
    expect((await run('ctl')).code).toBe(64)
    expect((await run('ctl clients')).code).toBe(64)
    expect((await run('ctl clients kick')).code).toBe(64)
    expect((await run('ctl sessions list --limit 0')).code).toBe(64)
  })

  test('a wrong configuration is said as check says it; --socket needs none', async () => {
    const { broker } = await controlled()
    const wrong = await ctl(['ctl', 'status'], { MQTT_BROKER__NODE__NAME: '' })
    expect(wrong.code).toBe(78)
    const socket = `${broker.folder}/data/control.sock`
    const words = ['ctl', 'status', '--socket', socket]
    expect((await ctl(words, { MQTT_BROKER__NODE__NAME: '' })).code).toBe(0)
  })
})

describe('healthcheck', () => {
  test('0 while the broker does its work, 1 and one line when none runs', async () => {
    const { broker, run } = await controlled()
    expect(await run('healthcheck')).toEqual({ code: 0, output: 'healthy', errors: '' })
    await broker.stop()
    const { code, errors } = await run('healthcheck')
    expect(code).toBe(1)
    expect(errors).toMatch(/^mqtt-broker: no broker runs here.*\n$/)
  })

  test('1 when a broker hangs', async () => {
    const { broker, run } = await controlled()
    broker.signal('SIGSTOP')
    const { code, errors } = await run('healthcheck')
    broker.signal('SIGCONT')
    expect(code).toBe(1)
    expect(errors).toContain('the broker is silent')
  })

  test('1 when the store fails, or a listener accepts nothing', async () => {
    const port = await freePort()
    const answers = { store: { state: 'failing' }, listeners: [{ name: 'a', address, port }] }
    const run = await fakeBroker(answers)
    expect(await run('healthcheck')).toEqual({
      code: 1,
      output: '',
      errors:
        'mqtt-broker: the store cannot be written to; the log says why; ' +
        'listener a accepts no connections (ECONNREFUSED)\n',
    })
  })
})

const address = '127.0.0.1'

function idsOf({ output }: { output: string }): string[] {
  const { data } = JSON.parse(output) as { data: { clientid: string }[] }
  return data.map(({ clientid }) => clientid)
}

function retain(client: RawClient, topic: string, payload: string | Buffer, messageId: number) {
  client.send({ cmd: 'publish', topic, payload, qos: 1, messageId, retain: true })
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, address, done))
  const { port } = server.address() as { port: number }
  await new Promise((done) => server.close(done))
  return port
}

/** Somebody who answers everything with the same. */
async function fakeBroker(result: object): Promise<Ctl> {
  const { broker } = await controlled({ ...defaultConfig })
  await broker.stop()
  const path = `${broker.folder}/data/control.sock`
  const server = createServer((socket) => {
    socket.on('data', () => socket.write(`${JSON.stringify({ result })}\n`))
  })
  await new Promise<void>((done) => server.listen(path, done))
  onTestFinished(() => void server.close())
  return (line) => ctl([...line.split(' '), '--socket', path])
}
