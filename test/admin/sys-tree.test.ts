import { beforeEach, describe, expect, test } from 'vitest'
import { SysTree } from '../../src/admin/sys-tree.ts'
import { makeMessage } from '../../src/wire/make-message.ts'
import { TestBroker } from '../support/test-broker.ts'

let broker: TestBroker
let said: Map<string, string>
let tree: SysTree
beforeEach(() => {
  broker = new TestBroker()
  said = new Map()
  const { clock, deadlines } = broker.time
  tree = new SysTree({
    broker: broker.broker,
    clock,
    deadlines,
    version: '1.2.3',
    intervalMs: 10_000,
    figures: () => ({ sockets: 4, socketsOpened: 7, rssBytes: 1000 }),
    publish: (topic, payload) => {
      said.set(topic, payload)
      const own = { topic, payload: Buffer.from(payload), qos: 2, retain: true } as const
      const times = { receivedAt: clock.now(), expiresAt: Number.POSITIVE_INFINITY }
      const message = makeMessage({ ...own, from: '', number: 1, ...times })
      broker.broker.announce(message, broker.zone)
    },
  })
  tree.start()
})

test('says what there is in the words of mosquitto, everything at the start', () => {
  expect(said.get('$SYS/broker/version')).toBe('mqtt-broker version 1.2.3')
  expect(said.get('$SYS/broker/uptime')).toBe('0 seconds')
  expect(said.get('$SYS/broker/connections/socket/count')).toBe('4')
  expect(said.get('$SYS/broker/retained messages/count')).toMatch(/^\d+$/)
  expect(said.get('$SYS/broker/load/connections/15min')).toBe('0.00')
  for (const name of ['clients/total', 'messages/received', 'publish/bytes/sent', 'heap/maximum']) {
    expect(said.has(`$SYS/broker/${name}`)).toBe(true)
  }
})

test('says what has changed, every interval from the full minute on, and nothing else', async () => {
  const client = await broker.connect({ clientId: 'a' })
  client.send({ cmd: 'publish', topic: 't', payload: 'four', qos: 0, retain: false, dup: false })
  said.clear()
  // The wall clock is a second behind a full ten.
  await broker.time.pass(8999)
  expect(said.size).toBe(0)
  await broker.time.pass(1)
  expect(said.get('$SYS/broker/uptime')).toBe('9 seconds')
  expect(said.get('$SYS/broker/clients/connected')).toBe('1')
  expect(said.get('$SYS/broker/clients/maximum')).toBe('1')
  expect(said.get('$SYS/broker/publish/messages/received')).toBe('1')
  expect(said.get('$SYS/broker/publish/bytes/received')).toBe('4')
  expect(said.get('$SYS/broker/mqtt/connect/received')).toBe('1')
  expect(said.has('$SYS/broker/version')).toBe(false)
  expect(said.has('$SYS/broker/publish/messages/dropped')).toBe(false)
  said.clear()
  await broker.time.pass(10_000)
  expect(said.get('$SYS/broker/uptime')).toBe('19 seconds')
  expect(said.has('$SYS/broker/clients/connected')).toBe(false)
})

test('averages loads a minute, and forgets them', async () => {
  const client = await broker.connect({ clientId: 'a' })
  for (let i = 0; i < 60; i++) {
    client.send({ cmd: 'publish', topic: 't', payload: 'x', qos: 0, retain: false, dup: false })
  }
  await broker.time.pass(9000)
  const rate = (60 * 60) / 9
  const after = (minutes: number): string => (rate * (1 - Math.exp(-9 / 60 / minutes))).toFixed(2)
  expect(said.get('$SYS/broker/load/publish/received/1min')).toBe(after(1))
  expect(said.get('$SYS/broker/load/publish/received/15min')).toBe(after(15))
  await broker.time.pass(3_600_000)
  expect(said.get('$SYS/broker/load/publish/received/1min')).toBe('0.00')
})

describe('a client', () => {
  test('gets what is retained of it, and not with #', async () => {
    const client = await broker.connect({ clientId: 'a' })
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 1 }] })
    await client.expect('suback')
    await client.expectSilence()
    const filter = '$SYS/broker/version'
    client.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: filter, qos: 1 }] })
    await client.expect('suback')
    const { payload, qos, retain, topic } = await client.expect('publish')
    expect({ payload: String(payload), qos, retain, topic }).toEqual({
      payload: 'mqtt-broker version 1.2.3',
      qos: 1,
      retain: true,
      topic: filter,
    })
  })
})

test('after it was stopped nothing is said', async () => {
  tree.stop()
  said.clear()
  await broker.time.pass(60_000)
  expect(said.size).toBe(0)
})
