import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { type CommitUnderWay, FaultyStore } from '../support/faulty-store.ts'
import type { ConnectOptions } from '../support/raw-client.ts'
import { TestBroker } from '../support/test-broker.ts'

const lasting = { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 100 } }
const lasting3 = { clientId: 'c', clean: false, version: 4 } as const

/** A connection that subscribed to `a` at QoS 2, and dropped. */
async function leave(broker: TestBroker, options: ConnectOptions): Promise<void> {
  const client = await broker.connect(options)
  await client.subscribe('a', { qos: 2 })
  await client.drop()
  await broker.settle()
}

async function publish(broker: TestBroker, qos: 0 | 1 | 2, payload: string): Promise<void> {
  const publisher = await broker.connect()
  publisher.send({ cmd: 'publish', topic: 'a', payload, qos, messageId: 1 })
  if (qos === 1) await publisher.expect('puback')
  if (qos === 2) await publisher.expect('pubrec')
  await publisher.disconnect()
}

describe('clean start', () => {
  test('[MQTT-3.1.2-6] [MQTT-3.2.2-3] 0 without a session begins one', async () => {
    const client = await new TestBroker().connect(lasting)
    expect(client.connack?.sessionPresent).toBe(false)
  })

  test('[MQTT-3.1.2-5] [MQTT-3.1.2-23] [MQTT-3.1.3-2] [MQTT-3.2.2-3] 0 goes on with the session of that client id', async () => {
    const broker = new TestBroker()
    await leave(broker, lasting)
    await publish(broker, 1, 'missed')
    const other = await broker.connect({ ...lasting, clientId: 'd' })
    expect(other.connack?.sessionPresent).toBe(false)
    const again = await broker.connect(lasting)
    expect(again.connack?.sessionPresent).toBe(true)
    expect((await again.expect('publish')).payload.toString()).toBe('missed')
    await publish(broker, 1, 'new')
    expect((await again.expect('publish')).payload.toString()).toBe('new')
  })

  test('[MQTT-3.1.2-4] [MQTT-3.1.4-4] [MQTT-3.2.2-2] 1 discards what there was', async () => {
    const broker = new TestBroker()
    await leave(broker, lasting)
    await publish(broker, 1, 'missed')
    const again = await broker.connect({ ...lasting, clean: true })
    expect(again.connack?.sessionPresent).toBe(false)
    await publish(broker, 1, 'new')
    await again.expectSilence()
    await again.drop()
    expect((await broker.connect(lasting)).connack?.sessionPresent).toBe(true)
  })

  test('[MQTT-3.1.2-4] 1 also discards the QoS 2 ids of what there was', async () => {
    const broker = new TestBroker()
    const watcher = await broker.connect()
    await watcher.subscribe('t', { qos: 2 })
    const options = { ...lasting, clean: true }
    const packet = { cmd: 'publish', topic: 't', payload: 'x', qos: 2, messageId: 5 } as const
    for (const payload of ['first', 'second']) {
      const client = await broker.connect(options)
      client.send({ ...packet, payload })
      await client.expect('pubrec')
      await client.drop()
      expect((await watcher.expect('publish')).payload.toString()).toBe(payload)
    }
  })
})

describe('clean session of 3.1.1', () => {
  test('[MQTT3-3.1.2-4] [MQTT3-3.2.2-2] [MQTT3-3.2.2-3] 0 goes on with the session there is', async () => {
    const broker = new TestBroker()
    const first = await broker.connect(lasting3)
    expect(first.connack?.sessionPresent).toBe(false)
    await first.drop()
    expect((await broker.connect(lasting3)).connack?.sessionPresent).toBe(true)
  })

  test('[MQTT3-3.1.2-5] 0 keeps QoS 1 and 2 messages while the client is away', async () => {
    const broker = new TestBroker()
    await leave(broker, lasting3)
    await publish(broker, 1, 'one')
    await publish(broker, 2, 'two')
    const again = await broker.connect(lasting3)
    const [one, two] = await again.expectMany('publish', 2)
    expect([one?.payload.toString(), one?.qos]).toEqual(['one', 1])
    expect([two?.payload.toString(), two?.qos]).toEqual(['two', 2])
  })

  test('[MQTT3-3.1.2-6] [MQTT3-3.2.2-1] 1 discards what there was, and ends with the connection', async () => {
    const broker = new TestBroker()
    await leave(broker, lasting3)
    const clean = await broker.connect({ ...lasting3, clean: true })
    expect(clean.connack?.sessionPresent).toBe(false)
    await publish(broker, 1, 'x')
    await clean.expectSilence()
    await clean.drop()
    await broker.settle()
    expect(broker.broker.sessions.has('c')).toBe(false)
    expect((await broker.connect(lasting3)).connack?.sessionPresent).toBe(false)
  })

  test('[MQTT3-3.1.2-7] retained messages outlive the session of their publisher', async () => {
    const broker = new TestBroker()
    const client = await broker.connect({ ...lasting3, clean: true })
    client.send({ cmd: 'publish', topic: 'a', payload: 'kept', retain: true })
    await client.expectSilence()
    await client.disconnect()
    const later = await broker.connect()
    await later.subscribe('a')
    expect((await later.expect('publish')).payload.toString()).toBe('kept')
  })

  test('0 lasts as long as the zone says', async () => {
    const broker = new TestBroker({ channel: { sessionExpiryIntervalS: 60 } })
    await leave(broker, lasting3)
    await broker.time.pass(59_999)
    expect(broker.broker.sessions.has('c')).toBe(true)
    await broker.time.pass(2)
    expect(broker.broker.sessions.has('c')).toBe(false)
  })

  test('3.1 knows no Session Present: the byte is 0', async () => {
    const broker = new TestBroker()
    const options = { version: 3, clientId: 'c', clean: false } as const
    await leave(broker, options)
    await publish(broker, 1, 'missed')
    const again = await broker.connect(options)
    expect(again.received[0]?.bytes).toEqual(Buffer.from([0x20, 2, 0, 0]))
    expect((await again.expect('publish')).payload.toString()).toBe('missed')
  })
})

describe('session expiry', () => {
  test('[MQTT-4.1.0-1] does not run while the client is connected', async () => {
    const broker = new TestBroker()
    const client = await broker.connect({ ...lasting, properties: { sessionExpiryInterval: 1 } })
    await client.subscribe('a', { qos: 1 })
    await broker.time.pass(10_000)
    await publish(broker, 1, 'x')
    expect((await client.expect('publish')).payload.toString()).toBe('x')
  })

  test('[MQTT-4.1.0-2] ends the session when it has passed, [MQTT-3.1.2-23] and no sooner', async () => {
    const broker = new TestBroker()
    await leave(broker, lasting)
    await broker.time.pass(99_999)
    expect(broker.broker.sessions.has('c')).toBe(true)
    await broker.time.pass(2)
    expect(broker.broker.sessions.has('c')).toBe(false)
    expect((await broker.connect(lasting)).connack?.sessionPresent).toBe(false)
  })

  test('[MQTT-4.1.0-2] starts anew with each connection', async () => {
    const broker = new TestBroker()
    await leave(broker, lasting)
    await broker.time.pass(60_000)
    await leave(broker, lasting)
    await broker.time.pass(99_999)
    expect(broker.broker.sessions.has('c')).toBe(true)
  })

  test.each([{}, { sessionExpiryInterval: 0 }])(
    '[MQTT-4.1.0-2] of %o ends the session with the connection',
    async (properties) => {
      const broker = new TestBroker()
      await leave(broker, { ...lasting, properties })
      expect(broker.broker.sessions.has('c')).toBe(false)
      expect((await broker.connect(lasting)).connack?.sessionPresent).toBe(false)
    },
  )

  test('[MQTT-4.1.0-2] of 0xFFFFFFFF never passes', async () => {
    const broker = new TestBroker()
    const properties = { sessionExpiryInterval: 0xffff_ffff }
    const client = await broker.connect({ ...lasting, properties })
    expect(client.connack?.properties?.sessionExpiryInterval).toBeUndefined()
    await client.drop()
    await broker.time.pass(20 * 365 * 86_400_000)
    expect((await broker.connect(lasting)).connack?.sessionPresent).toBe(true)
  })

  test.each([101, 0xffff_ffff])(
    'of %i is cut to the longest that the zone has, and told',
    async (sessionExpiryInterval) => {
      const broker = new TestBroker({ channel: { sessionExpiryIntervalMaxS: 100 } })
      const client = await broker.connect({ ...lasting, properties: { sessionExpiryInterval } })
      expect(client.connack?.properties?.sessionExpiryInterval).toBe(100)
      await client.drop()
      await broker.time.pass(99_999)
      expect(broker.broker.sessions.has('c')).toBe(true)
      await broker.time.pass(2)
      expect(broker.broker.sessions.has('c')).toBe(false)
      const modest = await broker.connect(lasting)
      expect(modest.connack?.properties?.sessionExpiryInterval).toBeUndefined()
    },
  )

  test.each([
    [10, 10],
    [1000, 100],
  ])('of DISCONNECT, %i s, replaces that of CONNECT, up to %i s', async (asked, seconds) => {
    const broker = new TestBroker({ channel: { sessionExpiryIntervalMaxS: 100 } })
    const client = await broker.connect({ ...lasting, properties: { sessionExpiryInterval: 20 } })
    await client.disconnect({ properties: { sessionExpiryInterval: asked } })
    await broker.time.pass(seconds * 1000 - 1)
    expect(broker.broker.sessions.has('c')).toBe(true)
    await broker.time.pass(2)
    expect(broker.broker.sessions.has('c')).toBe(false)
  })

  test('of DISCONNECT, 0 s, ends the session at once', async () => {
    const broker = new TestBroker()
    const client = await broker.connect(lasting)
    await client.disconnect({ properties: { sessionExpiryInterval: 0 } })
    await broker.settle()
    expect(broker.broker.sessions.has('c')).toBe(false)
  })
})

describe('a session that outlives the broker', () => {
  async function restarted(store: MemoryStore): Promise<TestBroker> {
    const broker = new TestBroker({ store })
    await broker.broker.start()
    return broker
  }

  test('[MQTT-3.1.2-23] [MQTT-4.1.0-2] goes on where it was, and its expiry runs from the start', async () => {
    const store = new MemoryStore()
    const before = new TestBroker({ store })
    await leave(before, lasting)
    await publish(before, 1, 'missed')
    const broker = await restarted(store)
    await broker.time.pass(99_999)
    const again = await broker.connect(lasting)
    expect(again.connack?.sessionPresent).toBe(true)
    expect((await again.expect('publish')).payload.toString()).toBe('missed')
  })

  test('[MQTT-3.1.2-7] publishes its will although the broker was killed', async () => {
    const store = new MemoryStore()
    const before = new TestBroker({ store })
    const properties = { willDelayInterval: 5 }
    await before.connect({ ...lasting, will: { ...will, properties } })
    const broker = await restarted(store)
    const watcher = await broker.connect()
    await watcher.subscribe('will')
    await broker.time.pass(5001)
    await watcher.expect('publish')
  })

  test('[MQTT-3.1.2-10] [MQTT-3.14.4-3] has no will any more behind DISCONNECT, and the expiry of that', async () => {
    const store = new MemoryStore()
    const before = new TestBroker({ store })
    const properties = { willDelayInterval: 5 }
    const client = await before.connect({ ...lasting, will: { ...will, properties } })
    await client.disconnect({ properties: { sessionExpiryInterval: 20 } })
    await before.settle()
    const broker = await restarted(store)
    const watcher = await broker.connect()
    await watcher.subscribe('will')
    await broker.time.pass(19_999)
    expect(broker.broker.sessions.has('c')).toBe(true)
    await broker.time.pass(2)
    expect(broker.broker.sessions.has('c')).toBe(false)
    await watcher.expectSilence()
  })
})

describe('while the store has not recorded the session', () => {
  /** A broker whose commits stay under way until `commits` are settled. */
  function stalling(): { broker: TestBroker; commits: CommitUnderWay[] } {
    const commits: CommitUnderWay[] = []
    const store = new FaultyStore(new MemoryStore(), (commit) => commits.push(commit))
    return { broker: new TestBroker({ store }), commits }
  }

  async function settleAll(broker: TestBroker, commits: CommitUnderWay[]): Promise<void> {
    for (;;) {
      await broker.settle()
      if (commits.length === 0) return
      for (const commit of commits.splice(0)) commit.settle('commit')
    }
  }

  test('[MQTT-3.2.0-1] CONNACK waits, and what is pipelined behind CONNECT with it', async () => {
    const { broker, commits } = stalling()
    const client = broker.open()
    client.sendConnect(lasting)
    client.send({ cmd: 'pingreq' })
    await broker.settle()
    expect(client.received).toEqual([])
    await settleAll(broker, commits)
    expect(client.received.map(({ packet }) => packet?.cmd)).toEqual(['connack', 'pingresp'])
  })

  test('CONNACK waits as long as the store fails', async () => {
    const { broker, commits } = stalling()
    const client = broker.open()
    client.sendConnect(lasting)
    await broker.settle()
    commits.shift()?.settle('fail')
    await broker.time.pass(500)
    expect(client.received).toEqual([])
    await broker.time.pass(1000)
    await settleAll(broker, commits)
    expect((await client.expect('connack')).reasonCode).toBe(0)
  })

  test('[MQTT-3.1.2-8] a client that goes before its CONNACK has no will to publish', async () => {
    const { broker, commits } = stalling()
    const watcher = await broker.connect()
    await watcher.subscribe('will')
    const client = broker.open()
    client.sendConnect({ ...lasting, will })
    await broker.settle()
    await client.drop()
    await settleAll(broker, commits)
    await broker.time.pass(100_001)
    await settleAll(broker, commits)
    expect(broker.broker.sessions.has('c')).toBe(false)
    await watcher.expectSilence()
  })

  test('[MQTT-3.1.4-3] [MQTT-3.2.2-8] a client that is taken over before its CONNACK is refused with 0x80', async () => {
    const { broker, commits } = stalling()
    const first = broker.open()
    first.sendConnect(lasting)
    await broker.settle()
    const second = broker.open()
    second.sendConnect(lasting)
    await broker.settle()
    expect((await first.expect('connack')).reasonCode).toBe(0x80)
    await first.expectClosedSilently()
    await settleAll(broker, commits)
    expect((await second.expect('connack')).sessionPresent).toBe(true)
    await second.expectSilence()
  })
})

const will = { topic: 'will', payload: Buffer.from('gone'), qos: 0, retain: false } as const
