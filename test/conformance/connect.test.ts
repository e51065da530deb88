import { describe, expect, test } from 'vitest'
import { TestAuthenticator } from '../support/test-authenticator.ts'
import { TestBroker } from '../support/test-broker.ts'
import { packet } from '../wire/support.ts'

/** CONNECT of a level and flags, with keep alive 0, behind its version's own name. */
const connectOf = (level: number, flags: number, ...payload: (Buffer | string | number[])[]) =>
  packet(0x10, (level & 0x7f) === 3 ? 'MQIsdp' : 'MQTT', [level, flags, 0, 0], ...payload)

describe('the first packet', () => {
  test.each([
    ['PUBLISH', packet(0x30, 'a', 'x')],
    ['SUBSCRIBE', packet(0x82, [0, 1, 0], 'a', [0])],
    ['PINGREQ', packet(0xc0)],
    ['DISCONNECT', packet(0xe0)],
    ['AUTH', packet(0xf0)],
    ['what is not MQTT', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])(
    '[MQTT-3.1.0-1] [MQTT-3.14.0-1] %s instead of CONNECT closes without a word',
    async (_what, bytes) => {
      const client = new TestBroker().open()
      client.sendBytes(bytes)
      await client.expectClosedSilently()
    },
  )

  test('[MQTT-3.1.0-2] a second CONNECT ends the connection with 0x82', async () => {
    const client = await new TestBroker().connect()
    client.sendConnect()
    expect((await client.expect('disconnect')).reasonCode).toBe(0x82)
    await client.expectClosedSilently()
  })

  test('[MQTT3-3.1.0-2] a second CONNECT ends a 3.1.1 connection', async () => {
    const client = await new TestBroker().connect({ version: 4, clientId: 'c' })
    client.sendConnect({ clientId: 'c' })
    await client.expectClosedSilently()
  })
})

describe('the protocol', () => {
  test('[MQTT-3.1.2-1] [MQTT3-3.1.2-1] another protocol name ends the connection, after a CONNACK 0x01', async () => {
    const client = new TestBroker().open(4)
    client.sendBytes(packet(0x10, 'MQTX', [4, 2, 0, 0], 'c'))
    expect((await client.expect('connack')).returnCode).toBe(0x01)
    await client.expectClosedSilently()
  })

  test('[MQTT-3.1.2-2] a level above 5 is answered with CONNACK 0x84, as version 5 writes it', async () => {
    const client = new TestBroker().open()
    client.sendBytes(packet(0x10, 'MQTT', [6, 2, 0, 0, 0], 'c'))
    expect((await client.expect('connack')).reasonCode).toBe(0x84)
    await client.expectClosedSilently()
  })

  test('[MQTT3-3.1.2-2] a level that is not served is answered with CONNACK 0x01', async () => {
    const client = new TestBroker().open(4)
    client.sendBytes(packet(0x10, 'MQTT', [2, 2, 0, 0], 'c'))
    expect((await client.expect('connack')).returnCode).toBe(0x01)
    await client.expectClosedSilently()
  })

  test.each([
    [5, 0x84],
    [4, 0x01],
    [3, 0x01],
  ] as const)('[MQTT-3.1.2-2] a listener may not serve version %i: %i', async (version, code) => {
    const protocolVersions = ([3, 4, 5] as const).filter((served) => served !== version)
    const client = new TestBroker({ listener: { protocolVersions } }).open(version)
    const connack = await client.handshake({ clientId: 'c' })
    expect(connack.reasonCode ?? connack.returnCode).toBe(code)
    await client.expectClosedSilently()
  })

  test.each([3, 4] as const)('version %i may have the bridge bit', async (version) => {
    const client = await new TestBroker().connect({
      version,
      clientId: 'bridge',
      bridgeMode: true,
    } as object)
    await client.subscribe('a')
    client.send({ cmd: 'publish', topic: 'a', payload: 'own' })
    await client.expectSilence()
  })

  test('version 5 has no bridge bit: 0x84', async () => {
    const client = new TestBroker().open()
    client.sendBytes(connectOf(0x85, 2, [0], 'c'))
    expect((await client.expect('connack')).reasonCode).toBe(0x84)
  })
})

describe('an ill-formed CONNECT', () => {
  const ill: [string, (level: number) => Buffer][] = [
    ['[MQTT-3.1.2-3] the reserved flag', (level) => connectOf(level, 0x03, empty(level), 'c')],
    [
      '[MQTT-3.1.2-11] a will QoS without a will',
      (level) => connectOf(level, 0x0a, empty(level), 'c'),
    ],
    [
      '[MQTT-3.1.2-13] a will retain without a will',
      (level) => connectOf(level, 0x22, empty(level), 'c'),
    ],
    [
      '[MQTT-3.1.2-12] a will of QoS 3',
      (level) => connectOf(level, 0x1e, empty(level), 'c', empty(level), 't', 'm'),
    ],
    [
      '[MQTT-3.1.2-9] a will flag and no will',
      (level) => connectOf(level, 0x06, empty(level), 'c'),
    ],
    [
      '[MQTT-3.1.2-17] a user name flag and no user name',
      (level) => connectOf(level, 0x82, empty(level), 'c'),
    ],
    [
      '[MQTT-3.1.2-16] a user name and no flag',
      (level) => connectOf(level, 0x02, empty(level), 'c', 'u'),
    ],
    [
      '[MQTT-3.1.2-19] a password flag and no password',
      (level) => connectOf(level, 0xc2, empty(level), 'c', 'u'),
    ],
    ['[MQTT-3.1.3-3] no client id', (level) => connectOf(level, 0x02, empty(level))],
    [
      '[MQTT-3.1.3-4] a client id that is no UTF-8',
      (level) => connectOf(level, 0x02, empty(level), [0, 2, 0xc3, 0x28]),
    ],
    [
      '[MQTT-3.1.3-11] a will topic that is no UTF-8',
      (level) => connectOf(level, 0x06, empty(level), 'c', empty(level), [0, 1, 0xff], 'm'),
    ],
    [
      '[MQTT-3.1.3-12] a user name that is no UTF-8',
      (level) => connectOf(level, 0x82, empty(level), 'c', [0, 1, 0xff]),
    ],
  ]
  test.each(ill)(
    '[MQTT-3.1.4-1] %s ends a version 5 connection with CONNACK 0x81',
    async (_what, make) => {
      const client = new TestBroker().open()
      client.sendBytes(make(5))
      const connack = await client.expect('connack')
      expect(connack).toMatchObject({ reasonCode: 0x81, sessionPresent: false })
      await client.expectClosedSilently()
    },
  )

  test.each(ill)(
    '[MQTT3-3.1.4-1] [MQTT3-4.8.0-1] %s ends a 3.1.1 connection without CONNACK',
    async (_what, make) => {
      const client = new TestBroker().open(4)
      client.sendBytes(make(4))
      await client.expectClosedSilently()
    },
  )

  test('[MQTT-3.1.4-1] a property that comes twice is CONNACK 0x82', async () => {
    const client = new TestBroker().open()
    client.sendBytes(connectOf(5, 2, [10, 0x11, 0, 0, 0, 1, 0x11, 0, 0, 0, 1], 'c'))
    expect((await client.expect('connack')).reasonCode).toBe(0x82)
    await client.expectClosedSilently()
  })

  test('[MQTT3-3.1.2-22] a password without a user name ends a 3.1.1 connection', async () => {
    const client = new TestBroker().open(4)
    client.sendBytes(connectOf(4, 0x42, 'c', 'p'))
    await client.expectClosedSilently()
  })

  test('[MQTT-3.1.2-19] version 5 allows a password without a user name', async () => {
    const client = new TestBroker({ authenticator: new TestAuthenticator() }).open()
    client.sendBytes(connectOf(5, 0x42, [0], 'c', 'wrong'))
    expect((await client.expect('connack')).reasonCode).toBe(0x86)
    const other = new TestBroker({ authenticator: new TestAuthenticator() }).open()
    other.sendBytes(connectOf(5, 0x42, [0], 'c', 'p'))
    expect((await other.expect('connack')).reasonCode).toBe(0)
  })

  test('a CONNECT larger than the zone takes is cut off before it is there', async () => {
    const client = new TestBroker({ channel: { maximumPacketSize: 100 } }).open()
    client.sendBytes([0x10, 0xff, 0xff, 0x7f])
    await client.expectClosedSilently()
  })
})

describe('the time until CONNECT', () => {
  test('a connection that says nothing is closed at the idle time-out, without a word', async () => {
    const broker = new TestBroker({ channel: { idleTimeoutMs: 5000 } })
    const client = broker.open()
    await broker.time.pass(4999)
    expect(broker.reception.connections.size).toBe(1)
    await broker.time.pass(2)
    await client.expectClosedSilently()
    expect(broker.reception.connections.size).toBe(0)
  })

  test('bytes of an incomplete CONNECT do not put the idle time-out off', async () => {
    const broker = new TestBroker({ channel: { idleTimeoutMs: 5000 } })
    const client = broker.open()
    const bytes = connectOf(5, 2, [0], 'client')
    for (const byte of bytes.subarray(0, 5)) {
      client.sendBytes([byte])
      await broker.time.pass(1000)
    }
    await broker.time.pass(2)
    await client.expectClosedSilently()
  })

  test('a CONNECT that comes byte by byte is taken', async () => {
    const broker = new TestBroker()
    const client = broker.open()
    for (const byte of connectOf(5, 2, [0], 'client')) {
      client.sendBytes([byte])
      await broker.settle()
    }
    expect((await client.expect('connack')).reasonCode).toBe(0)
  })
})

describe('packets pipelined behind CONNECT', () => {
  const rest = [
    { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 1 }] },
    { cmd: 'publish', topic: 'a', payload: '1', qos: 1, messageId: 7 },
    { cmd: 'publish', topic: 'a', payload: '2', qos: 0 },
    { cmd: 'pingreq' },
  ] as const
  const connect = { cmd: 'connect', protocolId: 'MQTT', clean: true, keepalive: 0 } as const

  test.each([5, 4] as const)(
    '[MQTT-3.2.0-1] are handled in order behind CONNACK in version %i',
    async (version) => {
      const client = new TestBroker().open(version)
      client.send({ ...connect, protocolVersion: version, clientId: 'c' }, ...rest)
      const names = []
      while (names.length < 6) names.push((await client.next()).cmd)
      expect(names.slice(0, 2)).toEqual(['connack', 'suback'])
      expect(names.slice(2).sort()).toEqual(['pingresp', 'puback', 'publish', 'publish'])
    },
  )

  test('[MQTT-3.2.0-1] wait for a slow authenticator', async () => {
    const authenticator = new TestAuthenticator({ isSlow: true })
    const broker = new TestBroker({ authenticator })
    const client = broker.open()
    client.send({ ...connect, protocolVersion: 5, clientId: 'c' }, ...rest)
    await broker.settle()
    client.send({ cmd: 'publish', topic: 'a', payload: '3' })
    await broker.settle()
    expect(client.received).toEqual([])
    expect(broker.broker.metrics.publishReceived).toEqual([0, 0, 0])
    authenticator.release()
    await broker.settle()
    const packets = client.received.map(({ packet: received }) => received)
    expect(packets.slice(0, 2).map((received) => received?.cmd)).toEqual(['connack', 'suback'])
    const payloads = packets.flatMap((received) =>
      received?.cmd === 'publish' ? [received.payload.toString()] : [],
    )
    expect(payloads).toEqual(['1', '2', '3'])
  })

  test.each([5, 4] as const)(
    '[MQTT-3.1.4-6] are not handled behind a refused CONNECT of version %i',
    async (version) => {
      const authenticator = new TestAuthenticator({ isSlow: true })
      const broker = new TestBroker({ authenticator })
      const client = broker.open(version)
      const credentials = { username: 'u', password: Buffer.from('wrong') }
      client.send({ ...connect, protocolVersion: version, clientId: 'c', ...credentials }, ...rest)
      await broker.settle()
      authenticator.release()
      const connack = await client.expect('connack')
      expect(connack.reasonCode ?? connack.returnCode).toBe(version === 5 ? 0x86 : 4)
      await client.expectClosedSilently()
      expect(broker.broker.metrics.publishReceived).toEqual([0, 0, 0])
      expect(broker.broker.metrics.subscribeReceived).toBe(0)
    },
  )

  test('a client that is gone before its authenticator answers leaves nothing', async () => {
    const authenticator = new TestAuthenticator({ isSlow: true })
    const broker = new TestBroker({ authenticator })
    const client = broker.open()
    client.sendConnect({ clientId: 'c', properties: { sessionExpiryInterval: 100 } })
    await broker.settle()
    await client.drop()
    authenticator.release()
    await broker.settle()
    expect(broker.broker.sessions.count).toBe(0)
  })
})

function empty(level: number): number[] {
  return level === 5 ? [0] : []
}
