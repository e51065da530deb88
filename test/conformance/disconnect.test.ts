import { describe, expect, test } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'

const lasting = { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 100 } }

describe('DISCONNECT from the client', () => {
  test.each([3, 4, 5] as const)(
    '[MQTT-3.14.4-1] [MQTT-3.14.4-2] ends a version %i connection, and what follows is not handled',
    async (version) => {
      const broker = new TestBroker()
      const watcher = await broker.connect()
      await watcher.subscribe('#')
      const client = await broker.connect({ version, clientId: 'c' })
      client.send({ cmd: 'disconnect' }, { cmd: 'publish', topic: 'a', payload: 'x' })
      await client.expectClosedSilently()
      await watcher.expectSilence()
      expect(broker.reception.connections.size).toBe(1)
    },
  )

  test.each([
    ['of CONNECT without one', {}],
    ['of 0', { sessionExpiryInterval: 0 }],
  ])('raising an expiry %s is a protocol error', async (_what, properties) => {
    const broker = new TestBroker()
    const client = await broker.connect({ clientId: 'c', properties })
    client.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: 10 } })
    expect((await client.expect('disconnect')).reasonCode).toBe(0x82)
    await client.expectClosedSilently()
    expect(broker.broker.sessions.has('c')).toBe(false)
  })

  test('an expiry of 0 behind an expiry of 0 is none', async () => {
    const client = await new TestBroker().connect()
    client.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: 0 } })
    await client.expectClosedSilently()
  })

  test.each([0x01, 0x87, 0x8e, 0xff])(
    '[MQTT-3.14.2-1] a reason code that no client has, %i, is 0x82',
    async (code) => {
      const client = await new TestBroker().connect()
      client.sendBytes([0xe0, 1, code])
      expect((await client.expect('disconnect')).reasonCode).toBe(0x82)
      await client.expectClosedSilently()
    },
  )

  test('[MQTT-3.14.1-1] reserved flags are malformed', async () => {
    const client = await new TestBroker().connect()
    client.sendBytes([0xe1, 0])
    expect((await client.expect('disconnect')).reasonCode).toBe(0x81)
    await client.expectClosedSilently()
  })
})

describe('DISCONNECT from the server', () => {
  test('[MQTT-3.14.4-1] [MQTT-3.14.4-2] [MQTT-4.13.2-1] is its last packet, and it closes', async () => {
    const broker = new TestBroker()
    const client = await broker.connect(lasting)
    await client.subscribe('a')
    const publisher = await broker.connect()
    broker.broker.sessions.kick('c')
    publisher.send({ cmd: 'publish', topic: 'a', payload: 'x' })
    expect((await client.expect('disconnect')).reasonCode).toBe(0x98)
    await client.expectClosedSilently()
  })

  test('[MQTT-3.14.4-2] a client that does not close is cut off', async () => {
    const broker = new TestBroker()
    const client = await broker.connect()
    client.stream.pause()
    client.sendBytes([0xff, 0])
    await broker.time.pass(6000)
    expect(broker.reception.connections.size).toBe(0)
    await client.drop()
  })

  test('[MQTT-3.14.2-2] has no session expiry interval', async () => {
    const broker = new TestBroker({ channel: { sessionExpiryIntervalMaxS: 10 } })
    const client = await broker.connect(lasting)
    broker.broker.sessions.kick('c')
    const { properties } = await client.expect('disconnect')
    expect(properties?.sessionExpiryInterval).toBeUndefined()
  })

  test('[MQTT-3.14.2-3] [MQTT-3.14.2-4] says why, but not beyond the Maximum Packet Size', async () => {
    const broker = new TestBroker()
    const wide = await broker.connect({ clientId: 'c' })
    broker.broker.sessions.kick('c')
    expect((await wide.expect('disconnect')).properties?.reasonString).toContain('operator')
    const properties = { maximumPacketSize: 20 }
    const narrow = await broker.connect({ clientId: 'c', properties })
    broker.broker.sessions.kick('c')
    const disconnect = await narrow.expect('disconnect')
    expect(disconnect.reasonCode).toBe(0x98)
    expect(disconnect.properties?.reasonString).toBeUndefined()
    for (const { bytes } of narrow.received) expect(bytes.length).toBeLessThanOrEqual(20)
  })

  test('3.x has none: kick, shutdown and protocol errors only close', async () => {
    const broker = new TestBroker()
    const kicked = await broker.connect({ version: 4, clientId: 'c' })
    broker.broker.sessions.kick('c')
    await kicked.expectClosedSilently()
    const down = await broker.connect({ version: 3, clientId: 'c' })
    for (const { channel } of broker.reception.connections) channel.disconnect(0x8b, 'bye')
    await down.expectClosedSilently()
  })

  test('shutdown is 0x8B, and the session waits', async () => {
    const broker = new TestBroker()
    const client = await broker.connect(lasting)
    for (const { channel } of broker.reception.connections) channel.disconnect(0x8b, 'bye')
    expect((await client.expect('disconnect')).reasonCode).toBe(0x8b)
    expect(broker.broker.sessions.has('c')).toBe(true)
  })
})

describe('PINGREQ', () => {
  test.each([3, 4, 5] as const)(
    '[MQTT-3.12.4-1] is answered with PINGRESP in version %i',
    async (version) => {
      const client = await new TestBroker().connect({ version, clientId: 'c' })
      client.send({ cmd: 'pingreq' }, { cmd: 'pingreq' })
      await client.expectMany('pingresp', 2)
      expect(client.received.at(-1)?.bytes).toEqual(Buffer.from([0xd0, 0]))
    },
  )

  test('[MQTT3-3.12.4-1] is answered while QoS 1 messages wait for their acknowledgements', async () => {
    const broker = new TestBroker({ session: { inflightMax: 1 } })
    const client = await broker.connect({ version: 4, clientId: 'c' })
    await client.subscribe('a', { qos: 1 })
    client.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 1 })
    client.send({ cmd: 'publish', topic: 'a', payload: 'y', qos: 1, messageId: 2 })
    await broker.settle()
    client.send({ cmd: 'pingreq' })
    await broker.settle()
    expect(client.received.at(-1)?.packet?.cmd).toBe('pingresp')
  })
})

describe('keep alive', () => {
  test.each([3, 4, 5] as const)(
    '[MQTT-3.1.2-22] [MQTT3-3.1.2-24] ends a silent version %i connection after one and a half',
    async (version) => {
      const broker = new TestBroker()
      const client = await broker.connect({ version, clientId: 'c', keepalive: 10 })
      await broker.time.pass(14_999)
      expect(broker.reception.connections.size).toBe(1)
      await broker.time.pass(2)
      if (version === 5) expect((await client.expect('disconnect')).reasonCode).toBe(0x8d)
      await client.expectClosedSilently()
    },
  )

  test.each([
    { cmd: 'pingreq' },
    { cmd: 'publish', topic: 'a', payload: 'x' },
    { cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 1 },
    { cmd: 'puback', messageId: 9 },
    { cmd: 'pubrel', messageId: 9 },
    { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 0 }] },
    { cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['a'] },
  ] as const)('[MQTT-3.1.2-22] begins anew with each packet: $cmd', async (packet) => {
    const broker = new TestBroker()
    const client = await broker.connect({ keepalive: 10 })
    await broker.time.pass(14_000)
    client.send(packet)
    await broker.time.pass(14_999)
    expect(broker.reception.connections.size).toBe(1)
    await broker.time.pass(2)
    expect(broker.reception.connections.size).toBe(0)
  })

  test('[MQTT-3.1.2-22] does not begin anew with bytes of an incomplete packet', async () => {
    const broker = new TestBroker()
    const client = await broker.connect({ keepalive: 10 })
    client.sendBytes([0x30, 100, 0, 1, 0x61])
    for (let i = 0; i < 14; i++) {
      await broker.time.pass(1000)
      client.sendBytes([0x78])
    }
    await broker.time.pass(1001)
    expect((await client.expect('disconnect')).reasonCode).toBe(0x8d)
    await client.expectClosedSilently()
  })

  test('[MQTT-3.1.2-22] does not begin anew with what the server sends', async () => {
    const broker = new TestBroker()
    const client = await broker.connect({ keepalive: 10 })
    await client.subscribe('a')
    const publisher = await broker.connect()
    for (let i = 0; i < 14; i++) {
      await broker.time.pass(1000)
      publisher.send({ cmd: 'publish', topic: 'a', payload: 'x' })
    }
    await broker.time.pass(1001)
    await client.expectMany('publish', 14)
    expect((await client.expect('disconnect')).reasonCode).toBe(0x8d)
  })

  test('of 0 never ends a connection', async () => {
    const broker = new TestBroker()
    const client = await broker.connect({ keepalive: 0 })
    await broker.time.pass(86_400_000)
    await client.expectSilence()
  })

  test('keep alive times the multiplier of the zone', async () => {
    const broker = new TestBroker({ channel: { keepAliveMultiplier: 3 } })
    await broker.connect({ keepalive: 10 })
    await broker.time.pass(29_999)
    expect(broker.reception.connections.size).toBe(1)
    await broker.time.pass(2)
    expect(broker.reception.connections.size).toBe(0)
  })
})
