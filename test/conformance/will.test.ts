import { describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { TestBroker } from '../support/test-broker.ts'

/** A broker with somebody who sees every will. */
async function watched(wish = {}): Promise<{ broker: TestBroker; watcher: RawClient }> {
  const broker = new TestBroker(wish)
  const watcher = await broker.connect({ clientId: 'watcher' })
  await watcher.subscribe('#', { qos: 2, rap: true })
  return { broker, watcher }
}

function will(wish: object = {}) {
  return { topic: 'will', payload: Buffer.from('gone'), qos: 0, retain: false, ...wish } as const
}

function delayed(willDelayInterval: number, wish: object = {}) {
  return will({ properties: { willDelayInterval }, ...wish })
}

describe('a will is published', () => {
  const ways: [string, (client: RawClient, broker: TestBroker) => unknown][] = [
    ['the network breaks', (client) => client.drop()],
    ['the client closes without DISCONNECT', (client) => client.stream.end()],
    ['a packet is ill-formed', (client) => client.sendBytes([0xff, 0x00])],
    ['keep alive is over', (_client, broker) => broker.time.pass(15_001)],
    ['the operator kicks it', (_client, broker) => broker.broker.sessions.kick('c')],
    ['the operator drops its session', (_client, broker) => broker.broker.sessions.destroy('c')],
    [
      'the broker shuts down',
      (_client, broker) => {
        for (const { channel } of broker.reception.connections) {
          if (channel.clientId !== 'watcher') channel.disconnect(0x8b, 'the broker shuts down')
        }
      },
    ],
  ]
  test.each(ways)('[MQTT-3.1.2-8] [MQTT-3.1.2-7] when %s', async (_when, end) => {
    const { broker, watcher } = await watched()
    const client = await broker.connect({ clientId: 'c', keepalive: 10, will: will() })
    await watcher.expectSilence()
    await end(client, broker)
    await broker.settle()
    expect(await watcher.expect('publish')).toMatchObject({ topic: 'will', qos: 0, retain: false })
    await watcher.expectSilence()
  })

  test.each(ways)('[MQTT3-3.1.2-8] of a 3.1.1 client when %s', async (_when, end) => {
    const { broker, watcher } = await watched()
    const options = { version: 4, clientId: 'c', keepalive: 10, clean: false } as const
    const client = await broker.connect({ ...options, will: will({ qos: 1 }) })
    await end(client, broker)
    await broker.settle()
    expect(await watcher.expect('publish')).toMatchObject({ topic: 'will', qos: 1 })
  })

  test('[MQTT-3.1.2-8] when the client says DISCONNECT 0x04', async () => {
    const { broker, watcher } = await watched()
    const client = await broker.connect({ will: will() })
    await client.disconnect({ reasonCode: 0x04 })
    expect((await watcher.expect('publish')).payload.toString()).toBe('gone')
  })

  test('[MQTT-3.1.2-8] when DISCONNECT names an error', async () => {
    const { broker, watcher } = await watched()
    const client = await broker.connect({ will: will() })
    await client.disconnect({ reasonCode: 0x80 })
    await watcher.expect('publish')
  })

  test('[MQTT-3.1.2-9] with all that CONNECT said of it, [MQTT-3.1.3-10] its user properties in order', async () => {
    const { broker, watcher } = await watched()
    const properties = {
      payloadFormatIndicator: true,
      contentType: 'text/plain',
      responseTopic: 'answer',
      correlationData: Buffer.from('17'),
      userProperties: { b: ['2', '1'], a: '3' },
      willDelayInterval: 0,
    }
    const client = await broker.connect({ will: will({ qos: 2, properties }) })
    await client.drop()
    const { willDelayInterval: _, ...expected } = properties
    const publish = await watcher.expect('publish')
    expect(publish).toMatchObject({ qos: 2, topic: 'will', properties: expected })
    expect(Object.keys(publish.properties?.userProperties ?? {})).toEqual(['b', 'a'])
  })

  test('with its message expiry counted from its publication', async () => {
    const { broker, watcher } = await watched()
    const properties = { messageExpiryInterval: 50, willDelayInterval: 100 }
    const client = await broker.connect({
      will: will({ properties }),
      properties: { sessionExpiryInterval: 1000 },
    })
    await client.drop()
    await broker.time.pass(100_001)
    const publish = await watcher.expect('publish')
    expect(publish.properties).toEqual({ messageExpiryInterval: 50 })
  })

  test('[MQTT-3.1.2-14] as a message that is not retained, [MQTT-3.1.2-15] or as a retained one', async () => {
    const { broker, watcher } = await watched()
    for (const retain of [false, true]) {
      const client = await broker.connect({ will: will({ topic: `will/${retain}`, retain }) })
      await client.drop()
      expect((await watcher.expect('publish')).retain).toBe(retain)
    }
    const later = await broker.connect()
    await later.subscribe('will/+')
    expect(await later.expect('publish')).toMatchObject({ topic: 'will/true', retain: true })
    await later.expectSilence()
  })

  test('[MQTT-3.1.2-10] once', async () => {
    const { broker, watcher } = await watched()
    const properties = { sessionExpiryInterval: 10 }
    const client = await broker.connect({ clientId: 'c', will: will(), properties })
    await client.drop()
    await watcher.expect('publish')
    const again = await broker.connect({ clientId: 'c', clean: false, properties })
    expect(again.connack?.sessionPresent).toBe(true)
    await again.drop()
    await broker.time.pass(10_001)
    expect(broker.broker.sessions.has('c')).toBe(false)
    await watcher.expectSilence()
  })
})

describe('a will is not published', () => {
  test('[MQTT-3.14.4-3] [MQTT-3.1.2-10] behind DISCONNECT 0x00, nor when the session ends later', async () => {
    const { broker, watcher } = await watched()
    for (const packet of [{}, { reasonCode: 0 }]) {
      const properties = { sessionExpiryInterval: 10 }
      const client = await broker.connect({ clientId: 'c', will: will(), properties })
      await client.disconnect(packet)
      await broker.time.pass(10_001)
      expect(broker.broker.sessions.has('c')).toBe(false)
    }
    await watcher.expectSilence()
  })

  test.each([3, 4] as const)(
    '[MQTT3-3.14.4-3] [MQTT3-3.1.2-10] behind DISCONNECT of version %i',
    async (version) => {
      const { broker, watcher } = await watched()
      const client = await broker.connect({ version, clientId: 'c', clean: false, will: will() })
      await client.disconnect()
      const again = await broker.connect({ version, clientId: 'c', clean: false })
      await again.drop()
      await watcher.expectSilence()
    },
  )

  test('[MQTT3-3.1.2-12] where CONNECT has none', async () => {
    const { broker, watcher } = await watched()
    const client = await broker.connect({ version: 4, clientId: 'c' })
    await client.drop()
    await watcher.expectSilence()
  })

  test('that an earlier connection left, where the new CONNECT has none', async () => {
    const { broker, watcher } = await watched()
    const properties = { sessionExpiryInterval: 100 }
    const first = await broker.connect({ clientId: 'c', will: delayed(50), properties })
    await first.drop()
    const second = await broker.connect({ clientId: 'c', clean: false, properties })
    await second.drop()
    await broker.time.pass(100_001)
    await watcher.expectSilence()
  })

  test('behind a refused CONNECT', async () => {
    const { broker, watcher } = await watched({ channel: { clientIdLengthMax: 23 } })
    const client = broker.open()
    await client.handshake({ clientId: 'x'.repeat(30), will: will() })
    await client.closed()
    await watcher.expectSilence()
  })
})

describe('the will delay', () => {
  test('[MQTT-3.1.2-8] passes first', async () => {
    const { broker, watcher } = await watched()
    const properties = { sessionExpiryInterval: 100 }
    const client = await broker.connect({ will: delayed(20), properties })
    await client.drop()
    await broker.time.pass(19_999)
    await watcher.expectSilence()
    await broker.time.pass(2)
    await watcher.expect('publish')
    await broker.time.pass(100_000)
    await watcher.expectSilence()
  })

  test.each([0, 5, 20])(
    '[MQTT-3.1.2-8] ends with a session of %i s, at the latest',
    async (sessionExpiryInterval) => {
      const { broker, watcher } = await watched()
      const client = await broker.connect({
        will: delayed(20),
        properties: { sessionExpiryInterval },
      })
      await broker.time.pass(1)
      await client.drop()
      if (sessionExpiryInterval > 0) {
        await broker.time.pass(sessionExpiryInterval * 1000 - 1)
        await watcher.expectSilence()
        await broker.time.pass(2)
      }
      await watcher.expect('publish')
      await watcher.expectSilence()
    },
  )

  test('[MQTT-3.1.3-9] is broken off by a client that is back, whose session goes on', async () => {
    const { broker, watcher } = await watched()
    const options = { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 100 } }
    const first = await broker.connect({ ...options, will: delayed(20) })
    await first.drop()
    await broker.time.pass(19_999)
    await broker.connect(options)
    await broker.time.pass(200_000)
    await watcher.expectSilence()
  })

  test('[MQTT-3.1.2-8] ends when a clean start ends the session', async () => {
    const { broker, watcher } = await watched()
    const options = { clientId: 'c', properties: { sessionExpiryInterval: 100 } }
    const first = await broker.connect({ ...options, will: delayed(20) })
    await first.drop()
    await watcher.expectSilence()
    await broker.connect({ ...options, clean: true })
    await watcher.expect('publish')
  })

  test('counts behind DISCONNECT 0x04, whose expiry may end it sooner', async () => {
    const { broker, watcher } = await watched()
    const properties = { sessionExpiryInterval: 100 }
    const client = await broker.connect({ will: delayed(20), properties })
    await client.disconnect({ reasonCode: 4, properties: { sessionExpiryInterval: 10 } })
    await broker.time.pass(9_999)
    await watcher.expectSilence()
    await broker.time.pass(2)
    await watcher.expect('publish')
  })
})

describe('the will of a connection that is taken over', () => {
  const cases: [string, object, object, boolean][] = [
    ['of version 5 without a delay: published', { will: will() }, {}, true],
    ['of version 5 with a delay: dropped', { will: delayed(20) }, {}, false],
    ['by a clean start: published', { will: delayed(20) }, { clean: true }, true],
    [
      'whose session had no expiry: published',
      { will: delayed(20), properties: { sessionExpiryInterval: 0 } },
      {},
      true,
    ],
  ]
  test.each(cases)(
    '[MQTT-3.1.4-3] [MQTT-3.1.2-8] %s',
    async (_what, first, second, isPublished) => {
      const { broker, watcher } = await watched()
      const options = { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 100 } }
      await broker.connect({ ...options, ...first })
      await broker.connect({ ...options, ...second })
      await broker.time.pass(1000)
      if (isPublished) await watcher.expect('publish')
      await broker.time.pass(100_000)
      await watcher.expectSilence()
    },
  )

  test.each([true, false])(
    '[MQTT3-3.1.2-8] of 3.1.1, clean session %s: published',
    async (clean) => {
      const { broker, watcher } = await watched()
      const options = { version: 4, clientId: 'c', clean } as const
      await broker.connect({ ...options, will: will() })
      await broker.connect(options)
      await watcher.expect('publish')
      await watcher.expectSilence()
    },
  )
})
