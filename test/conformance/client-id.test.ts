import { describe, expect, test } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'
import { packet } from '../wire/support.ts'

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

describe('client ids', () => {
  test.each([3, 4, 5] as const)(
    '[MQTT-3.1.3-5] of 1 to 23 letters and digits are accepted in version %i',
    async (version) => {
      const broker = new TestBroker({ channel: { clientIdLengthMax: 23 } })
      const ids = ['0', alphabet.slice(0, 23), alphabet.slice(23, 46), alphabet.slice(-23)]
      for (const clientId of ids) {
        const client = await broker.connect({ version, clientId })
        expect(client.connack?.properties?.assignedClientIdentifier).toBeUndefined()
        expect(broker.broker.sessions.has(clientId)).toBe(true)
      }
    },
  )

  test.each([4, 5] as const)(
    'of other characters and longer ones are accepted up to the limit, version %i',
    async (version) => {
      const broker = new TestBroker({ channel: { clientIdLengthMax: 100 } })
      await broker.connect({ version, clientId: 'ü/# +$'.padEnd(99, '.') })
      const client = broker.open(version)
      const connack = await client.handshake({ clientId: 'x'.repeat(101) })
      expect(connack.reasonCode ?? connack.returnCode).toBe(version === 5 ? 0x85 : 2)
    },
  )

  test('[MQTT-3.1.3-8] one that is refused ends the connection with 0x85', async () => {
    const client = new TestBroker({ channel: { clientIdLengthMax: 23 } }).open()
    expect((await client.handshake({ clientId: 'x'.repeat(24) })).reasonCode).toBe(0x85)
    await client.expectClosedSilently()
  })

  test('[MQTT3-3.1.3-9] one that is refused ends a 3.1.1 connection with 0x02', async () => {
    const client = new TestBroker({ channel: { clientIdLengthMax: 23 } }).open(4)
    expect((await client.handshake({ clientId: 'x'.repeat(24) })).returnCode).toBe(2)
    await client.expectClosedSilently()
  })

  test('of 3.1 have 1 to 23 characters', async () => {
    const broker = new TestBroker()
    for (const clientId of ['x'.repeat(23), 'ü'.repeat(23)]) {
      await broker.connect({ version: 3, clientId })
    }
    for (const clientId of ['', 'x'.repeat(24)]) {
      const client = broker.open(3)
      client.sendBytes(packet(0x10, 'MQIsdp', [3, 2, 0, 0], clientId))
      expect((await client.expect('connack')).returnCode).toBe(2)
      await client.expectClosedSilently()
    }
  })

  test('are compared byte by byte', async () => {
    const broker = new TestBroker()
    const clients = await Promise.all(
      ['a', 'A', 'a ', 'ä', 'a\u0308'].map((clientId) => broker.connect({ clientId })),
    )
    for (const client of clients) await client.expectSilence()
    expect(broker.broker.sessions.connectedCount).toBe(5)
  })

  test('may be replaced by the user name', async () => {
    const broker = new TestBroker({ channel: { useUsernameAsClientId: true } })
    await broker.connect({ clientId: 'c', username: 'u' })
    expect([broker.broker.sessions.has('u'), broker.broker.sessions.has('c')]).toEqual([
      true,
      false,
    ])
  })
})

describe('an empty client id', () => {
  /** An MQTT 5 CONNECT that leaves the id to us, which mqtt-packet will not write for clean start 0. */
  const nameless = (clean: boolean) =>
    packet(0x10, 'MQTT', [5, clean ? 2 : 0, 0, 0], [5, 0x11, 0, 0, 0, 10], '')

  test.each([true, false])(
    '[MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16] is replaced by a unique one, and told (clean start %s)',
    async (clean) => {
      const broker = new TestBroker()
      const ids = new Set<string>()
      for (let i = 0; i < 50; i++) {
        const client = broker.open()
        client.sendBytes(nameless(clean))
        const connack = await client.expect('connack')
        const assigned = connack.properties?.assignedClientIdentifier
        expect(connack.sessionPresent).toBe(false)
        expect(broker.broker.sessions.has(assigned ?? '')).toBe(true)
        ids.add(assigned ?? '')
      }
      expect(ids.size).toBe(50)
      expect(broker.broker.sessions.connectedCount).toBe(50)
    },
  )

  test('[MQTT-3.2.2-16] is not replaced by one that a session has, also one that is away', async () => {
    const first = new TestBroker({ seed: 7 })
    const assigned = (await first.connect()).connack?.properties?.assignedClientIdentifier ?? ''
    const broker = new TestBroker({ seed: 7 })
    const properties = { sessionExpiryInterval: 10 }
    const taken = await broker.connect({ clientId: assigned, properties })
    await taken.drop()
    const other = (await broker.connect()).connack?.properties?.assignedClientIdentifier
    expect(other).not.toBe(assigned)
  })

  test('[MQTT-3.1.3-7] that was replaced brings its client back to its session', async () => {
    const broker = new TestBroker()
    const first = broker.open()
    first.sendBytes(nameless(false))
    const clientId = (await first.expect('connack')).properties?.assignedClientIdentifier ?? ''
    await first.drop()
    const again = await broker.connect({ clientId, clean: false })
    expect(again.connack?.sessionPresent).toBe(true)
    expect(again.connack?.properties?.assignedClientIdentifier).toBeUndefined()
  })

  test('[MQTT3-3.1.3-6] of 3.1.1 with clean session 1 is replaced by a unique one', async () => {
    const broker = new TestBroker()
    const clients = [await broker.connect({ version: 4 }), await broker.connect({ version: 4 })]
    for (const client of clients) await client.expectSilence()
    expect(broker.broker.sessions.connectedCount).toBe(2)
  })

  test('[MQTT3-3.1.3-8] of 3.1.1 with clean session 0 is refused with 0x02', async () => {
    const client = new TestBroker().open(4)
    client.sendBytes(packet(0x10, 'MQTT', [4, 0, 0, 0], ''))
    expect((await client.expect('connack')).returnCode).toBe(2)
    await client.expectClosedSilently()
  })
})

describe('a client id that is connected already', () => {
  const lasting = { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 100 } }

  test.each([true, false])(
    '[MQTT-3.1.4-3] the first connection ends with 0x8E, and nothing behind it (clean start %s)',
    async (clean) => {
      const broker = new TestBroker()
      const first = await broker.connect(lasting)
      const second = await broker.connect({ ...lasting, clean })
      expect(second.connack?.sessionPresent).toBe(!clean)
      expect((await first.expect('disconnect')).reasonCode).toBe(0x8e)
      await first.expectClosedSilently()
      await second.expectSilence()
      expect(broker.broker.sessions.connectedCount).toBe(1)
    },
  )

  test('[MQTT3-3.1.4-2] the first connection of 3.1.1 ends', async () => {
    const broker = new TestBroker()
    const options = { version: 4, clientId: 'c', clean: false } as const
    const first = await broker.connect(options)
    const second = await broker.connect(options)
    expect(second.connack?.sessionPresent).toBe(true)
    await first.expectClosedSilently()
    await second.expectSilence()
  })

  test('what was in flight is sent again to the second one, and no message is lost or doubled', async () => {
    const broker = new TestBroker()
    const first = await broker.connect(lasting)
    await first.subscribe('a', { qos: 1 })
    const publisher = await broker.connect()
    const send = (payload: string, messageId: number) =>
      publisher.send({ cmd: 'publish', topic: 'a', payload, qos: 1, messageId })
    send('1', 1)
    send('2', 2)
    const [one] = await first.expectMany('publish', 2)
    first.send({ cmd: 'puback', messageId: one?.messageId })
    const second = broker.open()
    second.sendConnect(lasting)
    send('3', 3)
    await second.expect('connack')
    const got = await second.expectMany('publish', 2)
    expect(got.map(({ payload, dup }) => [payload.toString(), dup])).toEqual([
      ['2', true],
      ['3', false],
    ])
    await second.expectSilence()
  })

  test('many at once: the last one stays', async () => {
    const broker = new TestBroker()
    const clients = Array.from({ length: 20 }, () => broker.open())
    for (const client of clients) client.sendConnect(lasting)
    await broker.settle()
    const last = clients.pop()
    for (const client of clients) await client.closed()
    expect((await last?.expect('connack'))?.sessionPresent).toBe(true)
    await last?.expectSilence()
    expect(broker.broker.sessions.connectedCount).toBe(1)
  })
})
