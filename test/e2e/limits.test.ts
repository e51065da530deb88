import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
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
import { megabyte, memoryOf, probe } from './probe.ts'

const program = join(projectFolder, 'bin/mqtt-broker')
const brokers: BrokerProcess[] = []
afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.dispose()
})

async function start(config: object, options: BrokerOptions = {}): Promise<BrokerProcess> {
  const broker = await startBroker({ config: { ...defaultConfig, ...config }, ...options })
  brokers.push(broker)
  return broker
}

describe('max_connections', () => {
  const listener = { name: 'tcp', type: 'tcp', bind: '127.0.0.1:0' }

  test.each([
    ['of a listener', { listeners: [{ ...listener, max_connections: 2 }] }],
    ['of a zone', { zones: { default: { max_connections: 2 } } }],
  ])(
    '%s: one more is told 0x89, or 3; a place that is free again is given',
    async (_of, config) => {
      const broker = await start(config)
      const at = { port: broker.port() }
      const first = await RawClient.connect(at)
      await RawClient.connect(at)
      for (const [version, code] of [
        [5, 0x89],
        [4, 3],
        [3, 3],
      ] as const) {
        const third = await RawClient.open({ ...at, version })
        const connack = await third.handshake({ clientId: 'third' })
        expect(connack.reasonCode ?? connack.returnCode).toBe(code)
        await third.expectClosedSilently()
      }
      expect(broker.output).toMatch(/connections are refused: max_connections of .+ is reached/)
      await first.disconnect()
      // The place is free when both sides have closed.
      await expect.poll(() => isServed(broker.port())).toBe(true)
    },
  )

  test('a flood beyond it ends, with one warning, and the broker serves on', async () => {
    const broker = await start({ listeners: [{ ...listener, max_connections: 2 }] })
    const at = { port: broker.port() }
    const served = await RawClient.connect(at, { clientId: 'served' })
    await RawClient.connect(at, { clientId: 'other' })
    const flood = await Promise.all(Array.from({ length: 500 }, () => RawClient.open(at)))
    for (const client of flood) client.sendConnect()
    await Promise.all(flood.map((client) => client.closed()))
    await served.expectSilence()
    expect(broker.logs.filter(({ level }) => level === 'warn')).toHaveLength(1)
  })
})

test('max_conn_rate of a zone: a connection that comes too fast is told 0x9F', async () => {
  const broker = await start({ zones: { default: { max_conn_rate: '2/1h' } } })
  const at = { port: broker.port() }
  await RawClient.connect(at)
  await RawClient.connect(at)
  expect((await (await RawClient.open(at)).handshake()).reasonCode).toBe(0x9f)
})

test('1,000 connections that say nothing are dropped after idle_timeout, and leave nothing', async () => {
  const broker = await start({ zones: { default: { idle_timeout: '1s' } } })
  const at = { port: broker.port() }
  await probe(at.port)
  const before = memoryOf(broker)
  const idle = await Promise.all(Array.from({ length: 1000 }, () => RawClient.open(at)))
  await probe(at.port)
  await Promise.all(idle.map((client) => client.expectClosedSilently(10_000)))
  await broker.waitForLog(() => refused(broker).length === 1000)
  expect(refused(broker)[0]?.because).toBe('no whole CONNECT within 1000 ms')
  expect(memoryOf(broker) - before).toBeLessThan(60 * megabyte)
  await probe(at.port)
})

describe('open files', () => {
  test('connections stay below the limit of the process, and a warning says so', async () => {
    const words = ['--nofile=200:200', process.execPath, program, '--listen', '0']
    const broker = new ClientProgram('prlimit', words)
    await broker.printed('mosquitto_pub')
    const port = JSON.parse(broker.lines[0] ?? '').port
    const served = await RawClient.connect({ port })
    const flood = await Promise.all(Array.from({ length: 300 }, () => RawClient.open({ port })))
    for (const client of flood) client.sendConnect()
    await broker.printed('connections are refused: the limit of open files of the process')
    await served.expectSilence()
    for (const client of flood) client.stream.destroy()
    await expect.poll(() => isServed(port)).toBe(true)
  })

  test('where the system has none left, clients are served, and new ones once it has again', async () => {
    const broker = await start({})
    const at = { port: broker.port() }
    const served = await RawClient.connect(at, { clientId: 'served' })
    const openMax = readdirSync(`/proc/${broker.pid}/fd`).length + 3
    execFileSync('prlimit', ['--pid', `${broker.pid}`, `--nofile=${openMax}:${openMax}`])
    const flood = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(at)))
    await served.expectSilence()
    for (const client of flood) client.stream.destroy()
    await expect.poll(() => isServed(broker.port())).toBe(true)
  })
})

describe('addresses', () => {
  const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === '::1'),
  )

  test('*:0 listens on IPv4 and, where there is one, on IPv6', async () => {
    const listeners = [{ name: 'tcp', type: 'tcp', bind: '*:0' }]
    const broker = await start({ listeners, auth: { allow_anonymous: true } })
    await probe(broker.port(), '127.0.0.1')
    const address = expect.stringMatching(/^127\.0\.0\.1:\d+$/)
    expect(broker.logs.find((line) => line.msg === 'client connected')).toMatchObject({ address })
    if (hasIpv6) await probe(broker.port(), '::1')
  })

  if (hasIpv6) {
    test('[::1]:0 listens on IPv6', async () => {
      const broker = await start({ listeners: [{ name: 'tcp', type: 'tcp', bind: '[::1]:0' }] })
      await probe(broker.port(), '::1')
      const address = expect.stringMatching(/^\[::1\]:\d+$/)
      expect(broker.logs.find((line) => line.msg === 'client connected')).toMatchObject({ address })
    })
  }
})

function isServed(port: number): Promise<boolean> {
  return probe(port).then(
    () => true,
    () => false,
  )
}

function refused(broker: BrokerProcess) {
  return broker.logs.filter(({ msg }) => msg === 'connection refused')
}
