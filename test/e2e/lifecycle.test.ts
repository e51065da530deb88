import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type BrokerOptions,
  type BrokerProcess,
  defaultConfig,
  startBroker,
} from '../support/broker-process.ts'
import { RawClient } from '../support/raw-client.ts'
import { ClientProgram, projectFolder } from './client-program.ts'
import { ownDefaults } from './own-data.ts'
import { probe } from './probe.ts'

const program = join(projectFolder, 'bin/mqtt-broker')
const startMsMax = 500

const brokers: BrokerProcess[] = []
afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.dispose()
})

/** Processor time: what the clock says depends on what else the machine does. */
function mainThreadMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'latin1')
  // After the name, which may have spaces, user and system time are the 12th and the 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const msPerTick = 10
  return (Number(fields[11]) + Number(fields[12])) * msPerTick
}

async function start(options: BrokerOptions = {}): Promise<BrokerProcess> {
  const broker = await startBroker(options)
  brokers.push(broker)
  return broker
}

describe('starting', () => {
  test('works for less than half a second until it listens (median of 5)', async () => {
    const times: number[] = []
    for (let i = 0; i < 5; i++) {
      const broker = await start()
      times.push(mainThreadMs(broker.pid))
      await broker.stop()
    }
    expect(times.sort((a, b) => a - b)[2]).toBeLessThan(startMsMax)
  })

  test('without a configuration it listens on this machine only, and says so', async () => {
    const broker = new ClientProgram(process.execPath, [program], ownDefaults())
    await broker.printed('mosquitto_pub')
    const logs = broker.lines.map((line) => JSON.parse(line))
    expect(logs[0]).toMatchObject({ msg: 'listening', address: '127.0.0.1', zone: 'default' })
    expect(logs[1].msg).toContain('no configuration, all settings at their defaults: this machine')
    await probe(logs[0].port)
  })

  test('on a port in use it says so in one line: exit code 1', async () => {
    const broker = await start()
    const at = `${broker.port()}`
    const words = [program, '--listen', at]
    const second = new ClientProgram(process.execPath, words, ownDefaults())
    expect(await second.ended).toBe(1)
    expect(second.lines.filter((line) => line !== '')).toEqual([])
    expect(second.errors).toBe(
      `mqtt-broker: listener tcp (tcp 127.0.0.1:${at}): the address is already in use; ` +
        'stop the other program or choose another port\n',
    )
    await probe(broker.port())
  })
})

describe('stopping', () => {
  test('SIGTERM: clients of MQTT 5 are told 0x8B, those of 3.x are closed: exit code 0', async () => {
    const broker = await start()
    const at = { port: broker.port() }
    const clients = await Promise.all(
      ([5, 4, 3] as const).map((version) =>
        RawClient.connect(at, { version, clientId: `v${version}` }),
      ),
    )
    broker.signal('SIGTERM')
    const [five, four, three] = clients
    expect((await five?.expect('disconnect'))?.reasonCode).toBe(0x8b)
    for (const client of [five, four, three]) await client?.expectClosedSilently()
    expect(await broker.exited).toBe(0)
    expect(broker.logs.at(-1)?.msg).toBe('stopped')
  })

  test('SIGTERM: what was received before is answered', async () => {
    const broker = await start()
    const client = await RawClient.connect({ port: broker.port() })
    const count = 200
    for (let messageId = 1; messageId <= count; messageId++) {
      client.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId })
    }
    await client.expect('puback')
    broker.signal('SIGTERM')
    const rest = await client.expectMany('puback', count - 1)
    expect(rest.at(-1)?.messageId).toBe(count)
    expect((await client.expect('disconnect')).reasonCode).toBe(0x8b)
    expect(await broker.exited).toBe(0)
  })

  test('SIGTERM: a client that never reads holds it up no longer than shutdown.timeout', async () => {
    const broker = await start({ config: { ...defaultConfig, shutdown: { timeout: '500ms' } } })
    await stuckClient(broker)
    const stoppedAt = performance.now()
    expect(await broker.stop()).toBe(0)
    expect(performance.now() - stoppedAt).toBeLessThan(500 + 2000)
    expect(broker.output).toContain('connections cut off: shutdown.timeout passed')
  })

  test('a second SIGTERM ends it at once: exit code 143', async () => {
    const broker = await start({ config: { ...defaultConfig, shutdown: { timeout: '1h' } } })
    await stuckClient(broker)
    broker.signal('SIGTERM')
    await broker.waitForLog((line) => line.msg === 'stopping')
    broker.signal('SIGTERM')
    expect(await broker.exited).toBe(143)
  })

  test('a second SIGINT ends it at once: exit code 130', async () => {
    const broker = await start({ config: { ...defaultConfig, shutdown: { timeout: '1h' } } })
    await stuckClient(broker)
    broker.signal('SIGTERM')
    await broker.waitForLog((line) => line.msg === 'stopping')
    broker.signal('SIGINT')
    expect(await broker.exited).toBe(130)
  })

  test('SIGTERM: connections before CONNECT, or before their upgrade, do not hold it up', async () => {
    const listeners = [
      { name: 'tcp', type: 'tcp', bind: '127.0.0.1:0' },
      { name: 'ws', type: 'ws', bind: '127.0.0.1:0' },
    ]
    const broker = await start({
      config: { ...defaultConfig, listeners },
      listeners: ['tcp', 'ws'],
    })
    const silent = await RawClient.open({ port: broker.port() })
    const half = await RawClient.open({ port: broker.port('ws') })
    half.sendBytes(Buffer.from('GET /mqtt HTTP/1.1\r\nHost: x\r\n'))
    await probe(broker.port())
    expect(await broker.stop()).toBe(0)
    await Promise.all([silent.closed(), half.closed()])
  })
})

describe('the log', () => {
  test('has a line for each connection and its end, and none for a message', async () => {
    const config = { ...defaultConfig, log: { level: 'debug', format: 'json' } }
    const broker = await start({ config })
    const at = { port: broker.port() }
    const polite = await RawClient.connect(at, { clientId: 'polite' })
    await polite.subscribe('a', { qos: 1 })
    polite.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 1 })
    await Promise.all([polite.next(), polite.next()])
    await polite.disconnect()
    const rude = await RawClient.connect(at, { clientId: 'rude', version: 4 })
    await rude.drop()
    const wrong = await RawClient.connect(at, { clientId: 'wrong' })
    wrong.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 5,
      clean: true,
      clientId: 'x',
    })
    await wrong.closed()
    await broker.waitForLog((line) => line.clientId === 'wrong' && line.by !== undefined)
    const address = expect.stringMatching(/^127\.0\.0\.1:\d+$/)
    const known = { level: 'info', address, listener: 'tcp' }
    const connected = { ...known, msg: 'client connected' }
    const gone = { ...known, msg: 'client disconnected' }
    expect(broker.logs.slice(1)).toMatchObject([
      { ...connected, clientId: 'polite', protocol: 5 },
      { ...gone, clientId: 'polite', reason: 'success', by: 'client' },
      { ...connected, clientId: 'rude', protocol: 4 },
      { ...gone, clientId: 'rude', by: 'network' },
      { ...connected, clientId: 'wrong' },
      { ...gone, clientId: 'wrong', by: 'server', because: expect.stringContaining('CONNECT') },
    ])
    expect(broker.logs).toHaveLength(7)
  })
})

/** A client with more to read than fits into any buffer of the system, which reads nothing. */
async function stuckClient(broker: BrokerProcess): Promise<void> {
  const at = { port: broker.port() }
  const client = await RawClient.connect(at, {
    clientId: 'stuck',
    properties: { receiveMaximum: 65_535 },
  })
  await client.subscribe('flood', { qos: 1 })
  client.stream.pause()
  const publisher = await RawClient.connect(at, { clientId: 'flooder' })
  const payload = Buffer.alloc(500_000)
  for (let messageId = 1; messageId <= 40; messageId++) {
    publisher.send({ cmd: 'publish', topic: 'flood', payload, qos: 1, messageId })
    await publisher.expect('puback')
  }
}
