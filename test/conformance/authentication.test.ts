import { describe, expect, test } from 'vitest'
import type { ConnectOptions, RawClient, Sendable } from '../support/raw-client.ts'
import { TestAuthenticator, testMethod } from '../support/test-authenticator.ts'
import { TestBroker } from '../support/test-broker.ts'

/** CONNECT that begins an exchange. */
function hello(options: ConnectOptions = {}): ConnectOptions {
  const properties = { ...options.properties, ...methodAnd('hello') }
  return { clientId: 'c', ...options, properties }
}

function methodAnd(said: string, method = testMethod) {
  return { authenticationMethod: method, authenticationData: Buffer.from(said) }
}

function auth(said: string, reasonCode = 0x18, method = testMethod): Sendable {
  return { cmd: 'auth', reasonCode, properties: methodAnd(said, method) }
}

/** A client that has come through both rounds. */
async function authenticated(broker: TestBroker, options = {}): Promise<RawClient> {
  const client = broker.open()
  client.sendConnect(hello(options))
  await client.expect('auth')
  client.send(auth('alice'))
  await client.expect('auth')
  client.send(auth('secret'))
  client.connack = await client.expect('connack')
  return client
}

/** What is said in an AUTH of the server. */
const saidBy = (packet: { properties?: { authenticationData?: Buffer } }) =>
  packet.properties?.authenticationData?.toString()

describe('user name and password', () => {
  test.each([
    [5, 0x86],
    [4, 4],
    [3, 4],
  ] as const)(
    '[MQTT-3.1.4-2] version %i: a wrong password is %i, and the end',
    async (version, code) => {
      const authenticator = new TestAuthenticator()
      const broker = new TestBroker({ authenticator })
      const login = { clientId: 'c', username: 'u', password: Buffer.from('wrong') }
      const client = broker.open(version)
      const connack = await client.handshake(login)
      expect(connack.reasonCode ?? connack.returnCode).toBe(code)
      await client.expectClosedSilently()
      expect(broker.broker.sessions.count).toBe(0)
      await broker.connect({ ...login, version, password: Buffer.from('right') })
    },
  )

  test('[MQTT-3.1.4-2] a refused client takes nobody over', async () => {
    const broker = new TestBroker({ authenticator: new TestAuthenticator() })
    const first = await broker.connect({ clientId: 'c' })
    const thief = broker.open()
    const login = { username: 'u', password: Buffer.from('wrong') }
    expect((await thief.handshake({ clientId: 'c', ...login })).reasonCode).toBe(0x86)
    await first.expectSilence()
  })

  test('an empty client id is asked about under the one that is assigned', async () => {
    const authenticator = new TestAuthenticator()
    const { connack } = await new TestBroker({ authenticator }).connect()
    expect(authenticator.asked).toEqual([connack?.properties?.assignedClientIdentifier])
  })
})

describe('enhanced authentication', () => {
  test('[MQTT-4.12.0-2] [MQTT-4.12.0-5] asks with 0x18 and the method, and ends in CONNACK with both', async () => {
    const client = new TestBroker({ authenticator: new TestAuthenticator() }).open()
    client.sendConnect(hello())
    const first = await client.expect('auth')
    expect(first).toMatchObject({ reasonCode: 0x18, properties: methodAnd('name?') })
    client.send(auth('alice'))
    expect(saidBy(await client.expect('auth'))).toBe('secret?')
    client.send(auth('secret'))
    const connack = await client.expect('connack')
    expect(connack).toMatchObject({ reasonCode: 0, properties: methodAnd('welcome') })
    await client.expectSilence()
  })

  test('[MQTT-4.12.0-2] works with an authenticator that takes its time', async () => {
    const authenticator = new TestAuthenticator({ isSlow: true })
    const broker = new TestBroker({ authenticator })
    const client = broker.open()
    client.sendConnect(hello())
    for (const said of ['alice', 'secret']) {
      await broker.settle()
      authenticator.release()
      await client.expect('auth')
      client.send(auth(said))
    }
    await broker.settle()
    expect(client.received).toHaveLength(2)
    authenticator.release()
    expect((await client.expect('connack')).reasonCode).toBe(0)
  })

  test('[MQTT-4.12.0-1] a method that is not there is 0x8C, and the end', async () => {
    const client = new TestBroker({ authenticator: new TestAuthenticator() }).open()
    const connack = await client.handshake({ properties: methodAnd('hello', 'OTHER') })
    expect(connack).toMatchObject({ reasonCode: 0x8c, sessionPresent: false })
    await client.expectClosedSilently()
  })

  test.each([
    ['in CONNECT', []],
    ['in the second round', ['alice']],
  ])(
    '[MQTT-4.12.0-4] [MQTT-4.13.2-1] a wrong answer %s is 0x87, and the end',
    async (_where, right) => {
      const broker = new TestBroker({ authenticator: new TestAuthenticator() })
      const client = broker.open()
      const rounds = [...right, 'wrong']
      if (right.length === 0) client.sendConnect({ properties: methodAnd('wrong') })
      else {
        client.sendConnect(hello())
        for (const said of rounds) {
          await client.expect('auth')
          client.send(auth(said))
        }
      }
      expect((await client.expect('connack')).reasonCode).toBe(0x87)
      await client.expectClosedSilently()
      expect(broker.broker.sessions.count).toBe(0)
    },
  )

  test('[MQTT-4.12.0-4] an authenticator that fails is 0x88', async () => {
    const client = new TestBroker({
      authenticator: new TestAuthenticator({ isBroken: true }),
    }).open()
    expect((await client.handshake(hello())).reasonCode).toBe(0x88)
    await client.expectClosedSilently()
  })

  const illegal: [string, Sendable][] = [
    ['SUBSCRIBE', { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 0 }] }],
    ['PUBLISH', { cmd: 'publish', topic: 'a', payload: 'x' }],
    ['PINGREQ', { cmd: 'pingreq' }],
    ['PUBACK', { cmd: 'puback', messageId: 1 }],
    ['AUTH that begins again', auth('alice', 0x19)],
    ['AUTH of another method', auth('alice', 0x18, 'OTHER')],
    ['AUTH without a method', { cmd: 'auth', reasonCode: 0x18 }],
    ['AUTH of success', auth('alice', 0x00)],
  ]
  test.each(illegal)(
    '[MQTT-3.1.2-30] [MQTT-4.13.1-1] %s between is 0x82, and the end',
    async (_what, packet) => {
      const client = new TestBroker({ authenticator: new TestAuthenticator() }).open()
      client.sendConnect(hello())
      await client.expect('auth')
      client.send(packet)
      expect((await client.expect('connack')).reasonCode).toBe(0x82)
      await client.expectClosedSilently()
    },
  )

  test('DISCONNECT between ends it without a word', async () => {
    const client = new TestBroker({ authenticator: new TestAuthenticator() }).open()
    client.sendConnect(hello())
    await client.expect('auth')
    client.send({ cmd: 'disconnect' })
    await client.expectClosedSilently()
  })

  test('who does not answer is cut off at the idle time-out', async () => {
    const broker = new TestBroker({
      authenticator: new TestAuthenticator(),
      channel: { idleTimeoutMs: 5000 },
    })
    const client = broker.open()
    client.sendConnect(hello())
    await client.expect('auth')
    await broker.time.pass(5001)
    expect((await client.expect('connack')).reasonCode).toBe(0x80)
    await client.expectClosedSilently()
  })

  test('[MQTT-3.2.0-1] AUTH may be pipelined behind CONNECT, and packets behind that wait', async () => {
    const authenticator = new TestAuthenticator({ isSlow: true })
    const broker = new TestBroker({ authenticator })
    const client = broker.open()
    client.sendConnect(hello())
    client.send(auth('alice'), auth('secret'), { cmd: 'pingreq' })
    for (let round = 0; round < 3; round++) {
      await broker.settle()
      expect(authenticator.held).toBe(1)
      authenticator.release()
    }
    await broker.settle()
    const names = client.received.map(({ packet }) => packet?.cmd)
    expect(names).toEqual(['auth', 'auth', 'connack', 'pingresp'])
  })

  test('[MQTT-4.12.0-6] [MQTT-4.12.0-7] without a method in CONNECT there is none, and AUTH is 0x82', async () => {
    const client = await new TestBroker({ authenticator: new TestAuthenticator() }).connect()
    expect(client.connack?.properties?.authenticationMethod).toBeUndefined()
    client.send(auth('hello', 0x19))
    expect((await client.expect('disconnect')).reasonCode).toBe(0x82)
    await client.expectClosedSilently()
  })

  test('[MQTT-3.15.1-1] reserved flags of AUTH are malformed', async () => {
    const client = await new TestBroker().connect()
    client.sendBytes([0xf1, 0])
    expect((await client.expect('disconnect')).reasonCode).toBe(0x81)
  })

  test('data without a method is a protocol error', async () => {
    const client = new TestBroker().open()
    const properties = { authenticationData: Buffer.from('x') }
    expect((await client.handshake({ properties })).reasonCode).toBe(0x82)
  })

  test('[MQTT-3.15.2-2] [MQTT-3.15.2-3] AUTH has no reason string and no user properties, however large packets may be', async () => {
    const client = new TestBroker({ authenticator: new TestAuthenticator() }).open()
    client.sendConnect(hello())
    const { properties } = await client.expect('auth')
    expect(Object.keys(properties ?? {}).sort()).toEqual(Object.keys(methodAnd('')).sort())
  })
})

describe('authenticating again', () => {
  test('[MQTT-4.12.0-5] [MQTT-4.12.1-1] ends in AUTH of success, with the method', async () => {
    const broker = new TestBroker({ authenticator: new TestAuthenticator() })
    const client = await authenticated(broker)
    for (let again = 0; again < 2; again++) {
      client.send(auth('hello', 0x19))
      expect(await client.expect('auth')).toMatchObject({ reasonCode: 0x18 })
      client.send(auth('bob'))
      expect(saidBy(await client.expect('auth'))).toBe('secret?')
      client.send(auth('secret'))
      const last = await client.expect('auth')
      expect(last).toMatchObject({ reasonCode: 0, properties: methodAnd('welcome') })
    }
    await client.expectSilence()
  })

  test('lets other packets through meanwhile, also while the authenticator thinks', async () => {
    const authenticator = new TestAuthenticator()
    const broker = new TestBroker({ authenticator })
    const client = await authenticated(broker)
    await client.subscribe('a', { qos: 1 })
    authenticator.isSlow = true
    client.send(auth('hello', 0x19))
    client.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 1 })
    const names = [(await client.next()).cmd, (await client.next()).cmd].sort()
    expect(names).toEqual(['puback', 'publish'])
    await client.expectSilence()
    authenticator.release()
    await client.expect('auth')
    await client.expectSilence()
  })

  test.each([
    ['a wrong answer', auth('wrong', 0x19), 0x87],
    ['another method', auth('hello', 0x19, 'OTHER'), 0x82],
    ['AUTH that continues nothing', auth('hello', 0x18), 0x82],
  ])('[MQTT-4.12.1-2] [MQTT-4.12.1-1] %s ends the connection', async (_what, packet, code) => {
    const client = await authenticated(new TestBroker({ authenticator: new TestAuthenticator() }))
    client.send(packet)
    expect((await client.expect('disconnect')).reasonCode).toBe(code)
    await client.expectClosedSilently()
  })

  test('[MQTT-4.12.1-2] AUTH while the authenticator thinks is a protocol error', async () => {
    const authenticator = new TestAuthenticator()
    const broker = new TestBroker({ authenticator })
    const client = await authenticated(broker)
    authenticator.isSlow = true
    client.send(auth('hello', 0x19), auth('alice'))
    expect((await client.expect('disconnect')).reasonCode).toBe(0x82)
    await client.expectClosedSilently()
    authenticator.release()
    await broker.settle()
  })

  test('[MQTT-4.12.1-2] a failure publishes the will', async () => {
    const broker = new TestBroker({ authenticator: new TestAuthenticator() })
    const watcher = await broker.connect()
    await watcher.subscribe('will')
    const will = { topic: 'will', payload: Buffer.from('gone'), qos: 0, retain: false } as const
    const client = await authenticated(broker, { will })
    client.send(auth('wrong', 0x19))
    await client.expect('disconnect')
    await watcher.expect('publish')
  })

  test('is about the client id that was assigned', async () => {
    const authenticator = new TestAuthenticator()
    const client = await authenticated(new TestBroker({ authenticator }), { clientId: '' })
    const assigned = client.connack?.properties?.assignedClientIdentifier
    client.send(auth('hello', 0x19))
    await client.expect('auth')
    expect(authenticator.asked).toEqual([assigned, assigned])
  })

  test('keeps the session and its subscriptions', async () => {
    const broker = new TestBroker({ authenticator: new TestAuthenticator() })
    const client = await authenticated(broker)
    await client.subscribe('a')
    client.send(auth('hello', 0x19), auth('alice'), auth('secret'))
    await client.expectMany('auth', 3)
    client.send({ cmd: 'publish', topic: 'a', payload: 'x' })
    expect((await client.expect('publish')).payload.toString()).toBe('x')
  })

  test('counts from its success on: until then the client may do what it might', async () => {
    const mayPublish = (topic: string, username: string | undefined) => topic === username
    const authenticator = new TestAuthenticator({ mayPublish })
    const client = await authenticated(new TestBroker({ authenticator }))
    const publish = async (topic: string): Promise<number | undefined> => {
      client.send({ cmd: 'publish', topic, payload: 'x', qos: 1, messageId: 1 })
      return (await client.expect('puback')).reasonCode
    }
    expect([await publish('alice'), await publish('bob')]).toEqual([0x10, 0x87])
    client.send(auth('hello', 0x19), auth('bob'))
    await client.expectMany('auth', 2)
    expect([await publish('alice'), await publish('bob')]).toEqual([0x10, 0x87])
    client.send(auth('secret'))
    await client.expect('auth')
    expect([await publish('alice'), await publish('bob')]).toEqual([0x87, 0x10])
  })

  test('a round without an end is ended', async () => {
    const endless = new TestAuthenticator()
    endless.exchange = () => ({ next: () => ({ step: 'continue', data: undefined }) })
    const client = new TestBroker({ authenticator: endless }).open()
    client.sendConnect(hello())
    for (let round = 1; round <= 32; round++) {
      await client.expect('auth')
      client.send(auth('and now?'))
    }
    expect((await client.expect('connack')).reasonCode).toBe(0x87)
    await client.expectClosedSilently()
  })
})

test('an authenticator that takes its time gets a minute, whatever the idle time-out; then 0x88', async () => {
  const authenticator = new TestAuthenticator({ isSlow: true })
  const broker = new TestBroker({ authenticator, channel: { idleTimeoutMs: 5000 } })
  const patient = broker.open()
  patient.sendConnect({ clientId: 'a' })
  await broker.time.pass(40_000)
  authenticator.release()
  expect((await patient.expect('connack')).reasonCode).toBe(0)
  const unlucky = broker.open(4)
  unlucky.sendConnect({ clientId: 'b' })
  await broker.time.pass(60_001)
  expect((await unlucky.expect('connack')).returnCode).toBe(3)
  await unlucky.expectClosedSilently()
})
