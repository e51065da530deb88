import { execFileSync } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type BrokerOptions,
  type BrokerProcess,
  defaultConfig,
  startBroker,
} from '../support/broker-process.ts'
import { RawClient } from '../support/raw-client.ts'
import { megabyte, memoryOf, probe } from './probe.ts'

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
      await broker.waitForLog(
        (line) =>
          line.clientId === first.connack?.properties?.assignedClientIdentifier &&
          line.by === 'client',
      )
      await probe(broker.port())
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

test('where the system has no file left for a connection, it says so and goes on', async () => {
  const broker = await start({})
  const at = { port: broker.port() }
  const served = await RawClient.connect(at, { clientId: 'served' })
  const files = Number(execFileSync('sh', ['-c', `ls /proc/${broker.pid}/fd | wc -l`]))
  execFileSync('prlimit', ['--pid', `${broker.pid}`, `--nofile=${files + 3}:${files + 3}`])
  const flood = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(at)))
  await broker.waitForLog((line) => line.msg.includes('EMFILE'))
  await served.expectSilence()
  for (const client of flood) client.stream.destroy()
  await Promise.all(flood.map((client) => client.closed()))
  await served.disconnect()
  await expect.poll(() => probe(at.port).then(() => 'served')).toBe('served')
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

function refused(broker: BrokerProcess) {
  return broker.logs.filter(({ msg }) => msg === 'connection refused')
}
