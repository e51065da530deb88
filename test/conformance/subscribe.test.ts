import { describe, expect, test } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'
import { packet } from '../wire/support.ts'
import { acknowledge, cameTo, nextPayload, payloadsTo, publish, texts } from './messages.ts'

const versions = [3, 4, 5] as const

describe('SUBACK', () => {
  test.each(versions)(
    '[MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-2.2.1-6] version %i: answers each SUBSCRIBE with its identifier',
    async (version) => {
      const sub = await new TestBroker().connect({ version, clientId: 's' })
      expect((await sub.subscribe('a', {}, 65535)).messageId).toBe(65535)
      expect((await sub.subscribe('a', {}, 2)).messageId).toBe(2)
      await sub.expectSilence()
    },
  )

  const filters = [
    ['a', 2],
    ['$share/g', 1],
    ['b/#', 0],
    ['b/#/c', 0],
    ['c', 1],
  ] as const
  const subscribe = {
    cmd: 'subscribe',
    messageId: 3,
    subscriptions: filters.map(([topic, qos]) => ({ topic, qos })),
  } as const

  test('[MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-3.9.3-2] has a code for each filter in order', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    sub.send(subscribe)
    expect((await sub.expect('suback')).granted).toEqual([2, 0x8f, 0, 0x8f, 1])
    const pub = await broker.connect()
    for (const topic of ['a', 'b/c', 'c']) await publish(pub, topic, topic)
    expect((await sub.expectMany('publish', 3)).map(({ topic }) => topic)).toEqual([
      'a',
      'b/c',
      'c',
    ])
  })

  test('[MQTT3-3.9.3-2] [MQTT3-3.8.4-5] 3.1.1: a filter that failed is 0x80', async () => {
    const sub = await new TestBroker().connect({ version: 4, clientId: 's' })
    sub.send(subscribe)
    await sub.expect('suback')
    expect(sub.received.at(-1)?.bytes).toEqual(Buffer.from([0x90, 7, 0, 3, 2, 0x80, 0, 0x80, 1]))
  })

  test('3.1: a filter that failed is granted what it asked for', async () => {
    const sub = await new TestBroker().connect({ version: 3, clientId: 's' })
    sub.send(subscribe)
    await sub.expect('suback')
    expect(sub.received.at(-1)?.bytes).toEqual(Buffer.from([0x90, 7, 0, 3, 2, 1, 0, 0, 1]))
  })

  test('[MQTT-3.8.4-7] [MQTT-3.9.3-2] says what the zone does not serve', async () => {
    const broker = new TestBroker({
      channel: { wildcardSubscription: false, sharedSubscription: false, qosMax: 1 },
      session: { subscriptionsMax: 2 },
    })
    const sub = await broker.connect()
    const asked = ['a/#', '$share/g/a', 'a', 'b', 'c', 'a']
    const subscriptions = asked.map((topic) => ({ topic, qos: 2 }))
    sub.send({ cmd: 'subscribe', messageId: 1, subscriptions })
    expect((await sub.expect('suback')).granted).toEqual([0xa2, 0x9e, 1, 1, 0x97, 1])
  })

  test('[MQTT3-3.8.3-2] 3.1.1: a wildcard is refused where wildcards are not served', async () => {
    const broker = new TestBroker({ channel: { wildcardSubscription: false } })
    const sub = await broker.connect({ version: 4, clientId: 's' })
    expect((await sub.subscribe('a/+')).granted).toEqual([0x80])
  })

  test('that is larger than the client takes ends the connection', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect({ clientId: 's', properties: { maximumPacketSize: 30 } })
    const subscriptions = texts(40).map((topic) => ({ topic, qos: 0 }))
    sub.send({ cmd: 'subscribe', messageId: 1, subscriptions })
    await sub.closed()
    expect(sub.received.every(({ bytes }) => bytes.length <= 30)).toBe(true)
  })
})

describe('a SUBSCRIBE that breaks a rule ends the connection', () => {
  const wrong: [string, Buffer, number][] = [
    ['[MQTT-3.8.1-1] flags 0000', packet(0x80, [0, 1, 0], 'a', [0]), 0x81],
    ['[MQTT-3.8.3-1] a filter that is no UTF-8', packet(0x82, [0, 1, 0, 0, 1, 0xff, 0]), 0x81],
    ['[MQTT-3.8.3-2] no filter', packet(0x82, [0, 1, 0]), 0x82],
    ['[MQTT-3.8.3-4] No Local when shared', packet(0x82, [0, 1, 0], '$share/g/a', [4]), 0x82],
    ['[MQTT-3.8.3-5] reserved option bits', packet(0x82, [0, 1, 0], 'a', [0x40]), 0x81],
    ['QoS 3', packet(0x82, [0, 1, 0], 'a', [3]), 0x82],
    ['retain handling 3', packet(0x82, [0, 1, 0], 'a', [0x30]), 0x82],
    ['packet id 0', packet(0x82, [0, 0, 0], 'a', [0]), 0x82],
    ['subscription id 0', packet(0x82, [0, 1, 2, 0x0b, 0], 'a', [0]), 0x82],
    ['two subscription ids', packet(0x82, [0, 1, 4, 0x0b, 1, 0x0b, 2], 'a', [0]), 0x82],
  ]
  test.each(wrong)('%s', async (_what, bytes, code) => {
    const sub = await new TestBroker().connect()
    sub.sendBytes(bytes)
    expect((await sub.expect('disconnect')).reasonCode).toBe(code)
    await sub.expectClosedSilently()
  })

  const wrong3: [string, Buffer][] = [
    ['[MQTT3-2.2.2-2] flags 0000', packet(0x80, [0, 1], 'a', [0])],
    ['[MQTT3-3.8.3-3] no filter', packet(0x82, [0, 1])],
    ['[MQTT3-3.8.3-4] QoS 3', packet(0x82, [0, 1], 'a', [3])],
    ['[MQTT3-3.8.3-4] reserved bits', packet(0x82, [0, 1], 'a', [4])],
    ['[MQTT3-2.3.1-1] packet id 0', packet(0x82, [0, 0], 'a', [0])],
  ]
  test.each(wrong3)('3.1.1: %s', async (_what, bytes) => {
    const sub = await new TestBroker().connect({ version: 4, clientId: 's' })
    sub.sendBytes(bytes)
    await sub.expectClosedSilently()
  })
})

describe('a subscription', () => {
  test('is effective with its SUBACK, and before it for what came in behind SUBSCRIBE', async () => {
    const broker = new TestBroker()
    const pub = await broker.connect()
    for (const topic of texts(50)) {
      const sub = await broker.connect()
      await sub.subscribe(topic, { qos: 1 })
      expect(await publish(pub, topic, 'x', { qos: 1 })).toBe(0)
      expect(await nextPayload(sub)).toBe('x')
    }
    pub.send(
      { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'own', qos: 0 }] },
      { cmd: 'publish', topic: 'own', payload: 'y', qos: 1, messageId: 2 },
    )
    await broker.settle()
    expect(pub.received.slice(-3).map((one) => one.packet?.cmd)).toContain('publish')
  })

  test('[MQTT-3.8.3-3] with No Local leaves out what the client publishes itself', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect({ clientId: 'one' })
    await sub.subscribe('a', { nl: true, qos: 1 })
    await publish(sub, 'a', 'own', { qos: 1 })
    const other = await broker.connect({ clientId: 'two' })
    await publish(other, 'a', 'other', { qos: 1 })
    expect(await nextPayload(sub)).toBe('other')
    await sub.expectSilence()
  })

  test('[MQTT-3.8.3-3] with No Local leaves out its own retained messages and those of its will', async () => {
    const broker = new TestBroker()
    const options = { clientId: 'one', properties: { sessionExpiryInterval: 100 } }
    const will = { topic: 'a', payload: Buffer.from('will'), qos: 1 as const }
    const sub = await broker.connect({ ...options, will })
    await publish(sub, 'a', 'own', { qos: 1, retain: true })
    await sub.subscribe('a', { nl: true, qos: 1 })
    await sub.expectSilence()
    await sub.drop()
    const back = await broker.connect({ ...options, clean: false })
    await back.expectSilence()
  })

  test('[MQTT-3.8.4-3] [MQTT-3.8.4-8] is replaced by one with the same filter', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a', { qos: 2, nl: true })
    await sub.subscribe('a', { qos: 0, nl: false })
    sub.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 2, messageId: 1 })
    await broker.settle()
    expect(cameTo(sub).map(({ qos }) => qos)).toEqual([0])
  })

  test('[MQTT-3.8.4-4] [MQTT3-3.8.4-3] no message is lost while it is replaced', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a', { qos: 1 })
    const pub = await broker.connect()
    await publish(pub, 'a', 'kept', { qos: 1, retain: true })
    await acknowledge(sub, await sub.expect('publish'))
    const again = {
      cmd: 'subscribe',
      messageId: 5,
      subscriptions: [{ topic: 'a', qos: 1, rh: 0 }],
    } as const
    const message = { cmd: 'publish', topic: 'a', qos: 1 } as const
    for (const [i, payload] of texts(10).entries()) {
      sub.send(again)
      pub.send({ ...message, payload, messageId: i + 1 })
    }
    await broker.settle()
    const live = payloadsTo(sub).filter((payload) => payload !== 'kept')
    expect(live).toEqual(texts(10))
    expect(payloadsTo(sub).length - live.length).toBe(1 + 10)
  })

  test.each([
    [0, 2],
    [1, 2],
    [2, 0],
    [1, 0],
    [2, 1],
    [2, 2],
  ] as const)(
    '[MQTT-3.8.4-8] published at %i, granted %i: the lower',
    async (published, granted) => {
      const broker = new TestBroker()
      const sub = await broker.connect()
      await sub.subscribe('a', { qos: granted })
      const pub = await broker.connect()
      await publish(pub, 'a', 'x', { qos: published })
      expect((await sub.expect('publish')).qos).toBe(Math.min(published, granted))
    },
  )

  test('upgrade_qos takes the higher, as documented', async () => {
    const broker = new TestBroker({ session: { upgradeQoS: true } })
    const sub = await broker.connect()
    await sub.subscribe('a', { qos: 2 })
    const pub = await broker.connect()
    await publish(pub, 'a', 'x')
    expect((await sub.expect('publish')).qos).toBe(2)
  })
})

describe('overlapping subscriptions of a client', () => {
  const ids = [
    ['a/b', 0, 7],
    ['a/+', 2, 300],
    ['a/#', 1, undefined],
    ['#', 1, 7],
    ['b', 2, 9],
  ] as const

  test('[MQTT-3.3.4-2] [MQTT-3.3.4-4] get one copy at the highest QoS with all identifiers', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    for (const [topic, qos, id] of ids) {
      const properties = id === undefined ? {} : { subscriptionIdentifier: id }
      sub.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }], properties })
      await sub.expect('suback')
    }
    const pub = await broker.connect()
    await publish(pub, 'a/b', 'x', { qos: 2 })
    const came = await sub.expect('publish')
    expect(came.qos).toBe(2)
    expect(came.properties?.subscriptionIdentifier).toEqual([7, 7, 300])
    await acknowledge(sub, came)
    await sub.expectSilence()
  })

  test('[MQTT-3.3.4-3] [MQTT-3.3.4-4] keep their identifiers out of the queue, at QoS 1 and 0', async () => {
    const broker = new TestBroker()
    const options = { clientId: 's', properties: { sessionExpiryInterval: 100 } }
    const sub = await broker.connect(options)
    for (const [topic, id] of [
      ['a', 1],
      ['+', 2],
    ] as const) {
      const properties = { subscriptionIdentifier: id }
      sub.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }], properties })
      await sub.expect('suback')
    }
    await sub.drop()
    const pub = await broker.connect()
    await publish(pub, 'a', 'x', { qos: 1 })
    await publish(pub, 'a', 'y')
    const back = await broker.connect({ ...options, clean: false })
    const came = await back.expectMany('publish', 2)
    expect(came.map(({ properties }) => properties?.subscriptionIdentifier)).toEqual([
      [1, 2],
      [1, 2],
    ])
  })

  test('[MQTT-3.3.4-5] copies for several clients and groups have the identifier of their own', async () => {
    const broker = new TestBroker()
    const one = await broker.connect()
    const two = await broker.connect()
    const asked = [
      [one, 'a', 1],
      [one, '$share/g/a', 2],
      [two, '+', 3],
    ] as const
    for (const [client, topic, id] of asked) {
      const properties = { subscriptionIdentifier: id }
      client.send({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [{ topic, qos: 0 }],
        properties,
      })
      await client.expect('suback')
    }
    await publish(await broker.connect(), 'a', 'x')
    await broker.settle()
    const idsOf = (client: typeof one) =>
      cameTo(client).map(({ properties }) => properties?.subscriptionIdentifier)
    expect(idsOf(one).sort()).toEqual([1, 2])
    expect(idsOf(two)).toEqual([3])
  })

  test('[MQTT-3.3.4-3] an identifier goes when the subscription is replaced without one', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    const properties = { subscriptionIdentifier: 9 }
    sub.send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [{ topic: 'a', qos: 0 }],
      properties,
    })
    await sub.expect('suback')
    await publish(sub, 'a', 'x')
    expect((await sub.expect('publish')).properties?.subscriptionIdentifier).toBe(9)
    await sub.subscribe('a')
    await publish(sub, 'a', 'x')
    expect((await sub.expect('publish')).properties?.subscriptionIdentifier).toBeUndefined()
  })

  test('[MQTT3-3.3.5-1] 3.1.1: get one copy at the highest QoS', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect({ version: 4, clientId: 's' })
    await sub.subscribe('a/b', { qos: 0 })
    await sub.subscribe('a/#', { qos: 1 })
    await publish(await broker.connect(), 'a/b', 'x', { qos: 2 })
    await broker.settle()
    expect(cameTo(sub).map(({ qos }) => qos)).toEqual([1])
  })
})
