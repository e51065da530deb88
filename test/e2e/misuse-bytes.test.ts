import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type BrokerProcess, defaultConfig, startBroker } from '../support/broker-process.ts'
import { encode, RawClient } from '../support/raw-client.ts'
import { megabyte, memoryOf, probe } from './probe.ts'

const zones = { default: { idle_timeout: '500ms' } }
const connect = {
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 5,
  clientId: 'c',
  clean: true,
} as const
/** PUBLISH, with a remaining length of 268,435,455. */
const hugePublish = [0x30, 0xff, 0xff, 0xff, 0x7f]

let broker: BrokerProcess
beforeAll(async () => {
  broker = await startBroker({ config: { ...defaultConfig, zones } })
})
afterEach(() => probe(broker.port()))
afterAll(() => broker?.dispose())

test.each([
  ['garbage', Buffer.from('\u0000\u0001garbage that is no MQTT at all\r\n')],
  [
    'a TLS handshake',
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
  ],
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['an announcement of 256 MB before CONNECT', Buffer.from(hugePublish)],
  ['half a CONNECT', encode(connect).subarray(0, 9)],
  ['nothing', Buffer.alloc(0)],
])('%s ends the connection, and one line says why', async (_what, bytes) => {
  const client = await RawClient.open({ port: broker.port() })
  client.sendBytes(bytes)
  await client.expectClosedSilently()
  const { localPort } = client.stream as Socket
  expect(await broker.waitForLog((log) => log.address === `127.0.0.1:${localPort}`)).toMatchObject({
    msg: 'connection refused',
    because: expect.stringMatching(/\w+ \w+/),
  })
})

test('a packet of 256 MB is refused when it is announced, and costs no memory', async () => {
  const client = await RawClient.connect({ port: broker.port() }, { clientId: 'huge' })
  const before = memoryOf(broker)
  client.sendBytes([...hugePublish, 0, 1, 0x61])
  expect((await client.expect('disconnect')).reasonCode).toBe(0x95)
  await client.closed()
  expect(memoryOf(broker) - before).toBeLessThan(20 * megabyte)
})

test('256 MB after the announcement are read by nobody', async () => {
  const client = await RawClient.connect(
    { port: broker.port() },
    { clientId: 'pusher', version: 4 },
  )
  const before = memoryOf(broker)
  const block = Buffer.alloc(megabyte)
  client.sendBytes(hugePublish)
  for (let sent = 0; sent < 256 && !client.stream.destroyed; sent++) {
    const isOver = new Promise((resolve) => client.stream.once('close', resolve))
    const isTaken = new Promise((resolve) => client.stream.write(block, resolve))
    await Promise.race([isTaken, isOver])
  }
  await client.closed()
  expect(memoryOf(broker) - before).toBeLessThan(40 * megabyte)
})
