import { describe, expect, test } from 'vitest'
import { TestAuthenticator } from '../support/test-authenticator.ts'
import { TestBroker } from '../support/test-broker.ts'

describe('CONNACK of success', () => {
  test.each([5, 4, 3] as const)(
    '[MQTT-3.1.4-5] [MQTT-3.2.0-1] [MQTT-3.2.0-2] [MQTT-3.2.2-1] version %i: the first packet, only one, its flags 0',
    async (version) => {
      const client = await new TestBroker().connect({ version, clientId: 'c' })
      await client.expectSilence()
      const bytes = client.received.map((received) => received.bytes)
      expect(bytes).toHaveLength(2)
      expect([bytes[0]?.[0], bytes[0]?.[2], bytes[0]?.[3]]).toEqual([0x20, 0, 0])
    },
  )

  test('says nothing of what is at its default', async () => {
    const channel = { receiveMaximum: 65_535, topicAliasMax: 0, maximumPacketSize: 1000 }
    const client = await new TestBroker({ channel }).connect({
      clientId: 'c',
      keepalive: 10,
      properties: { sessionExpiryInterval: 10 },
    })
    expect(client.connack?.properties).toEqual({ maximumPacketSize: 1000 })
  })

  test('[MQTT-3.2.2-9] says what the zone does not have', async () => {
    const client = await new TestBroker({
      channel: {
        qosMax: 1,
        receiveMaximum: 7,
        retainAvailable: false,
        wildcardSubscription: false,
        sharedSubscription: false,
        topicAliasMax: 3,
      },
    }).connect({ clientId: 'c' })
    expect(client.connack?.properties).toMatchObject({
      maximumQoS: 1,
      receiveMaximum: 7,
      retainAvailable: false,
      wildcardSubscriptionAvailable: false,
      sharedSubscriptionAvailable: false,
      topicAliasMaximum: 3,
    })
  })

  test.each([0, 1] as const)(
    '[MQTT-3.2.2-10] with Maximum QoS %i a SUBSCRIBE of any QoS is granted up to it',
    async (qosMax) => {
      const client = await new TestBroker({ channel: { qosMax } }).connect()
      expect(client.connack?.properties?.maximumQoS).toBe(qosMax)
      expect((await client.subscribe('a', { qos: 2 })).granted).toEqual([qosMax])
      expect((await client.subscribe('b', { qos: 0 })).granted).toEqual([0])
    },
  )

  test('[MQTT-3.1.2-28] response information is sent to those who ask', async () => {
    const broker = new TestBroker({ channel: { responseInformation: 'answers/' } })
    const asks = await broker.connect({ properties: { requestResponseInformation: true } })
    expect(asks.connack?.properties?.responseInformation).toBe('answers/')
    for (const properties of [{}, { requestResponseInformation: false }]) {
      const silent = await broker.connect({ properties })
      expect(silent.connack?.properties?.responseInformation).toBeUndefined()
    }
  })

  test('larger than the client takes ends the connection, with 0x95 where that has room', async () => {
    const broker = new TestBroker()
    const client = broker.open()
    const connack = await client.handshake({ properties: { maximumPacketSize: 6 } })
    expect(connack.reasonCode).toBe(0x95)
    await client.expectClosedSilently()
    const narrow = broker.open()
    narrow.sendConnect({ properties: { maximumPacketSize: 3 } })
    await narrow.expectClosedSilently()
    expect(broker.broker.sessions.connectedCount).toBe(0)
  })
})

describe('keep alive', () => {
  test('[MQTT-3.2.2-22] the client keeps its own where the server says nothing', async () => {
    const broker = new TestBroker()
    const client = await broker.connect({ keepalive: 10 })
    expect(client.connack?.properties?.serverKeepAlive).toBeUndefined()
    await broker.time.pass(14_999)
    await client.expectSilence()
    await broker.time.pass(15_001)
    expect((await client.expect('disconnect')).reasonCode).toBe(0x8d)
  })

  test.each([
    ['replaces it', { serverKeepAliveS: 20 }, 10, 20],
    ['bounds it', { keepAliveMaxS: 20 }, 100, 20],
    ['bounds the one that is off', { keepAliveMaxS: 20 }, 0, 20],
  ])('Server Keep Alive %s, is told and counts', async (_how, channel, keepalive, seconds) => {
    const broker = new TestBroker({ channel })
    const client = await broker.connect({ keepalive })
    expect(client.connack?.properties?.serverKeepAlive).toBe(seconds)
    await broker.time.pass(seconds * 1500 - 1)
    await client.expectSilence()
    await broker.time.pass(seconds * 1500 + 1)
    expect((await client.expect('disconnect')).reasonCode).toBe(0x8d)
  })

  test('a keep alive below the longest allowed stays, and so does that of 3.1.1', async () => {
    const broker = new TestBroker({ channel: { keepAliveMaxS: 20 } })
    const client = await broker.connect({ keepalive: 19 })
    expect(client.connack?.properties?.serverKeepAlive).toBeUndefined()
    const old = await broker.connect({ version: 4, clientId: 'c', keepalive: 100 })
    await broker.time.pass(149_999)
    await old.expectSilence()
  })
})

describe('CONNACK that refuses', () => {
  const refusals = [
    ['a wrong password', 0x86, 4, {}, { username: 'u', password: Buffer.from('wrong') }],
    ['a will of too high QoS', 0x9b, undefined, { qosMax: 1 }, { will: will({ qos: 2 }) }],
    [
      'a retained will',
      0x9a,
      undefined,
      { retainAvailable: false },
      { will: will({ retain: true }) },
    ],
    [
      'a client id that is too long',
      0x85,
      2,
      { clientIdLengthMax: 23 },
      { clientId: 'x'.repeat(24) },
    ],
    [
      'a will for which the client has no permission',
      0x87,
      5,
      {},
      { will: will({ topic: 'secret' }) },
    ],
  ] as const

  test.each(refusals)(
    '[MQTT-3.1.4-2] [MQTT-3.2.2-6] [MQTT-3.2.2-7] [MQTT-4.13.2-1] %s: code %i, and the end',
    async (_what, code, _code3, channel, options) => {
      const broker = new TestBroker({ channel, authenticator: strict() })
      const client = broker.open()
      const connack = await client.handshake({ clientId: 'c', clean: false, ...options })
      expect(connack).toMatchObject({ reasonCode: code, sessionPresent: false })
      expect(connack.properties?.reasonString).not.toBe('')
      await client.expectClosedSilently()
      expect(broker.broker.sessions.count).toBe(0)
    },
  )

  test.each(refusals)(
    '[MQTT3-3.2.2-4] [MQTT3-3.2.2-5] [MQTT3-3.2.2-6] 3.1.1, %s: its return code, or the end without one',
    async (_what, _code, code3, channel, options) => {
      const broker = new TestBroker({ channel, authenticator: strict() })
      const client = broker.open(4)
      client.sendConnect({ clientId: 'c', ...options })
      if (code3 !== undefined) {
        const connack = await client.expect('connack')
        expect(connack).toMatchObject({ returnCode: code3, sessionPresent: false })
      }
      await client.expectClosedSilently()
      expect(broker.broker.sessions.count).toBe(0)
    },
  )

  test.each([5, 4] as const)(
    '[MQTT-3.2.2-12] [MQTT-3.2.2-13] what the zone allows of a will is accepted, version %i',
    async (version) => {
      const broker = new TestBroker({ channel: { qosMax: 1, retainAvailable: false } })
      await broker.connect({ version, clientId: 'c', will: will({ qos: 1 }) })
      await new TestBroker().connect({
        version,
        clientId: 'c',
        will: will({ qos: 2, retain: true }),
      })
    },
  )

  test('a will under a topic of the broker is refused, any other under $ is not', async () => {
    const broker = new TestBroker()
    const client = broker.open()
    const connack = await client.handshake({ will: will({ topic: '$SYS/broker/x' }) })
    expect(connack.reasonCode).toBe(0x87)
    await broker.connect({ will: will({ topic: '$device/gone' }) })
  })

  test.each([
    [5, 0x88],
    [4, 3],
  ] as const)(
    '[MQTT3-4.8.0-2] version %i: an authenticator that fails is "not available now"',
    async (version, code) => {
      const client = new TestBroker({
        authenticator: new TestAuthenticator({ isBroken: true }),
      }).open(version)
      const connack = await client.handshake({ clientId: 'c' })
      expect(connack.reasonCode ?? connack.returnCode).toBe(code)
      await client.expectClosedSilently()
    },
  )

  test.each([
    [5, 0x89],
    [4, 3],
    [3, 3],
  ] as const)('version %i: a listener that is full says %i', async (version, code) => {
    const broker = new TestBroker({ listener: { connectionsMax: 1 } })
    const first = await broker.connect({ clientId: 'first' })
    const client = broker.open(version)
    const connack = await client.handshake({ clientId: 'c' })
    expect(connack.reasonCode ?? connack.returnCode).toBe(code)
    await client.expectClosedSilently()
    await first.disconnect()
    await broker.settle()
    await broker.connect({ version, clientId: 'c' })
  })

  test('a listener that is full says so however many have been told', async () => {
    const broker = new TestBroker({ listener: { connectionsMax: 1 } })
    await broker.connect()
    for (let i = 0; i < 100; i++) {
      const client = broker.open()
      expect((await client.handshake()).reasonCode).toBe(0x89)
      await client.closed()
      await client.drop()
    }
  })

  test('a listener that connections come to too fast says 0x9F', async () => {
    const broker = new TestBroker({ listener: { connectionRate: { count: 1, perMs: 1000 } } })
    await broker.connect()
    expect((await broker.open().handshake()).reasonCode).toBe(0x9f)
    await broker.time.pass(2000)
    await broker.connect()
  })

  test('no room for another session is 0x97, and one that is away makes room', async () => {
    const broker = new TestBroker({ limits: { sessionsMax: 2 } })
    const away = await broker.connect({
      clientId: 'away',
      properties: { sessionExpiryInterval: 9 },
    })
    await broker.connect({ clientId: 'here' })
    expect((await broker.open().handshake({ clientId: 'new' })).reasonCode).toBe(0x97)
    await away.drop()
    await broker.connect({ clientId: 'new' })
    expect(broker.broker.sessions.has('away')).toBe(false)
  })

  test('[MQTT-3.2.2-8] [MQTT-3.14.0-1] who is too slow, kicked, taken over or shut down before CONNACK gets a code that CONNACK has', async () => {
    const connackCodes = [
      0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97,
      0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f,
    ]
    const authenticator = new TestAuthenticator({ isSlow: true })
    const broker = new TestBroker({ authenticator, channel: { idleTimeoutMs: 5000 } })
    const late = broker.open()
    late.sendConnect({ clientId: 'late' })
    await broker.time.pass(5001)
    const down = broker.open()
    down.sendConnect({ clientId: 'down' })
    await broker.settle()
    for (const { channel } of broker.reception.connections) channel.disconnect(0x8b, 'bye')
    for (const client of [late, down]) {
      expect(connackCodes).toContain((await client.expect('connack')).reasonCode)
      await client.expectClosedSilently()
    }
  })
})

describe('what CONNACK says of the reason', () => {
  test('[MQTT-3.2.2-19] [MQTT-3.2.2-20] has no reason string, nor user properties, beyond the Maximum Packet Size', async () => {
    const broker = new TestBroker({ authenticator: strict() })
    const login = { username: 'u', password: Buffer.from('wrong') }
    const wide = await broker.open().handshake({ ...login })
    expect(wide.properties?.reasonString).toContain('password')
    const client = broker.open()
    const narrow = await client.handshake({ ...login, properties: { maximumPacketSize: 10 } })
    expect(narrow.reasonCode).toBe(0x86)
    expect(narrow.properties ?? {}).toEqual({})
    expect(client.received[0]?.bytes.length).toBeLessThanOrEqual(10)
  })

  test('[MQTT-3.1.2-29] has one also for who asked for no problem information', async () => {
    const client = new TestBroker({ authenticator: strict() }).open()
    const connack = await client.handshake({
      username: 'u',
      password: Buffer.from('wrong'),
      properties: { requestProblemInformation: false },
    })
    expect(connack.properties?.reasonString).toContain('password')
  })
})

function will(wish: object) {
  return { topic: 'will', payload: Buffer.from('gone'), qos: 0, retain: false, ...wish } as const
}

function strict(): TestAuthenticator {
  return new TestAuthenticator({ mayPublish: (topic) => topic !== 'secret' })
}
