import { describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { TestBroker } from '../support/test-broker.ts'
import { acknowledge, cameTo, nextPayload, payloadsTo, publish, texts } from './messages.ts'

const retain = true

/** A broker with retained messages `a/1` and `a/2`, and the client that published them. */
async function withRetained(): Promise<{ broker: TestBroker; pub: RawClient }> {
  const broker = new TestBroker()
  const pub = await broker.connect({ clientId: 'p' })
  await publish(pub, 'a/1', 'one', { qos: 1, retain })
  await publish(pub, 'a/2', 'two', { qos: 1, retain })
  return { broker, pub }
}

describe('what is retained', () => {
  test('[MQTT-3.3.1-5] a PUBLISH with RETAIN replaces the one there was', async () => {
    const { broker, pub } = await withRetained()
    await publish(pub, 'a/1', 'other', { qos: 2, retain })
    const sub = await broker.connect()
    await sub.subscribe('a/1', { qos: 2 })
    expect(await sub.expect('publish')).toMatchObject({ qos: 2, retain, topic: 'a/1' })
    await sub.expectSilence()
    expect(payloadsTo(sub)).toEqual(['other'])
  })

  test.each([4, 5] as const)(
    '[MQTT-3.3.1-5] [MQTT3-3.3.1-7] version %i: one at QoS 0 replaces one at QoS 1',
    async (version) => {
      const { broker } = await withRetained()
      const pub = await broker.connect({ version, clientId: 'q' })
      await publish(pub, 'a/1', 'zero', { retain })
      const sub = await broker.connect({ version, clientId: 's' })
      await sub.subscribe('a/1', { qos: 1 })
      expect(await sub.expect('publish')).toMatchObject({ qos: 0, retain })
      expect(payloadsTo(sub)).toEqual(['zero'])
    },
  )

  test.each([3, 4, 5] as const)(
    '[MQTT-3.3.1-6] [MQTT-3.3.1-7] version %i: an empty retained message removes the one there was, and is delivered',
    async (version) => {
      const { broker } = await withRetained()
      const live = await broker.connect({ version, clientId: 'live' })
      await live.subscribe('a/1', { qos: 1 })
      await live.expect('publish')
      const pub = await broker.connect({ version, clientId: 'q' })
      await publish(pub, 'a/1', '', { qos: 1, retain })
      expect(await live.expect('publish')).toMatchObject({ topic: 'a/1', retain: false })
      const late = await broker.connect({ version, clientId: 'late' })
      await late.subscribe('a/1', { qos: 1 })
      await late.expectSilence()
      expect(broker.broker.retainer.count).toBe(1)
    },
  )

  test('[MQTT-3.3.1-8] a PUBLISH without RETAIN leaves it as it is, an empty one too', async () => {
    const { broker, pub } = await withRetained()
    await publish(pub, 'a/1', 'live', { qos: 1 })
    await publish(pub, 'a/1', '', { qos: 1 })
    const sub = await broker.connect()
    await sub.subscribe('a/1', { qos: 1 })
    expect(await nextPayload(sub)).toBe('one')
    await sub.expectSilence()
  })

  test('outlives the session of its publisher', async () => {
    const { broker, pub } = await withRetained()
    await pub.disconnect()
    const sub = await broker.connect()
    await sub.subscribe('a/1')
    expect(await nextPayload(sub)).toBe('one')
  })

  test('past the limits of the retainer is delivered and not kept', async () => {
    const broker = new TestBroker({ retainer: { messagesMax: 1, payloadBytesMax: 10 } })
    const sub = await broker.connect()
    await sub.subscribe('#')
    const pub = await broker.connect()
    await publish(pub, 'a', '1', { qos: 1, retain })
    await publish(pub, 'b', '2', { qos: 1, retain })
    await publish(pub, 'a', 'x'.repeat(11), { qos: 1, retain })
    await sub.expectMany('publish', 3)
    const late = await broker.connect()
    await late.subscribe('#')
    expect(await nextPayload(late)).toBe('1')
    await late.expectSilence()
    expect(broker.broker.metrics.retainedRefused).toBe(2)
  })
})

describe('a SUBSCRIBE', () => {
  test.each([3, 4, 5] as const)(
    '[MQTT-3.3.1-9] [MQTT3-3.3.1-6] [MQTT3-3.3.1-8] version %i: is sent the retained messages that match, RETAIN set, behind SUBACK',
    async (version) => {
      const { broker, pub } = await withRetained()
      await publish(pub, 'b', 'other', { retain })
      const sub = await broker.connect({ version, clientId: 's' })
      await sub.subscribe('a/+', { qos: 1 })
      const came = await sub.expectMany('publish', 2)
      expect(came.map(({ payload }) => payload.toString()).sort()).toEqual(['one', 'two'])
      expect(came.every((one) => one.retain && one.qos === 1 && !one.dup)).toBe(true)
      await sub.expectSilence()
    },
  )

  test('[MQTT-3.3.1-9] with retain handling 0 is sent them each time', async () => {
    const { broker } = await withRetained()
    const sub = await broker.connect()
    for (let i = 0; i < 3; i++) {
      await sub.subscribe('a/1', { rh: 0 })
      expect(await nextPayload(sub)).toBe('one')
    }
  })

  test('[MQTT-3.3.1-10] with retain handling 1 is sent them only when it is new', async () => {
    const { broker } = await withRetained()
    const sub = await broker.connect()
    await sub.subscribe('a/1', { rh: 1 })
    expect(await nextPayload(sub)).toBe('one')
    await sub.subscribe('a/1', { rh: 1, qos: 1 })
    await sub.expectSilence()
    sub.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['a/1'] })
    await sub.expect('unsuback')
    await sub.subscribe('a/1', { rh: 1 })
    expect(await nextPayload(sub)).toBe('one')
  })

  test('[MQTT-3.3.1-10] a subscription of a resumed session is not new', async () => {
    const { broker } = await withRetained()
    const options = { clientId: 's', properties: { sessionExpiryInterval: 100 } }
    const sub = await broker.connect(options)
    await sub.subscribe('a/1', { rh: 1 })
    await nextPayload(sub)
    await sub.drop()
    const back = await broker.connect({ ...options, clean: false })
    await back.subscribe('a/1', { rh: 1 })
    await back.expectSilence()
  })

  test('[MQTT-3.3.1-11] with retain handling 2 is not sent them', async () => {
    const { broker, pub } = await withRetained()
    const sub = await broker.connect()
    await sub.subscribe('a/1', { rh: 2 })
    await sub.expectSilence()
    await publish(pub, 'a/1', 'live')
    expect(await nextPayload(sub)).toBe('live')
  })

  test('[MQTT3-3.8.4-3] 3.1.1: that is repeated is sent them again', async () => {
    const { broker } = await withRetained()
    const sub = await broker.connect({ version: 4, clientId: 's' })
    await sub.subscribe('a/1')
    await sub.expect('publish')
    await sub.subscribe('a/1', { qos: 1 })
    await broker.settle()
    expect(cameTo(sub).map((one) => [one.qos, one.retain])).toEqual([
      [0, true],
      [1, true],
    ])
  })

  test('[MQTT-3.3.4-3] is sent them with its subscription identifier', async () => {
    const { broker } = await withRetained()
    const sub = await broker.connect()
    sub.send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [
        { topic: 'a/1', qos: 0 },
        { topic: '+/2', qos: 0 },
      ],
      properties: { subscriptionIdentifier: 268_435_455 },
    })
    await sub.expect('suback')
    const came = await sub.expectMany('publish', 2)
    expect(came.map(({ properties }) => properties?.subscriptionIdentifier)).toEqual([
      268_435_455, 268_435_455,
    ])
  })

  test('[MQTT-3.8.4-8] is sent them at the lower QoS', async () => {
    const { broker } = await withRetained()
    const sub = await broker.connect()
    await sub.subscribe('a/1', { qos: 0 })
    expect((await sub.expect('publish')).qos).toBe(0)
    await sub.subscribe('a/2', { qos: 2 })
    expect((await sub.expect('publish')).qos).toBe(1)
  })

  test('[MQTT-4.7.2-1] with a wildcard first is not sent those of $ topics', async () => {
    const { broker, pub } = await withRetained()
    await publish(pub, '$own/1', 'hidden', { qos: 1, retain })
    const sub = await broker.connect()
    await sub.subscribe('+/1')
    expect(await nextPayload(sub)).toBe('one')
    await sub.expectSilence()
    await sub.subscribe('#')
    await sub.expectMany('publish', 2)
    await sub.expectSilence()
    await sub.subscribe('$own/#')
    expect(await nextPayload(sub)).toBe('hidden')
  })

  test('to a shared subscription is not sent them', async () => {
    const { broker, pub } = await withRetained()
    const sub = await broker.connect()
    await sub.subscribe('$share/g/a/#', { rh: 0 })
    await sub.expectSilence()
    await publish(pub, 'a/1', 'live')
    expect(await nextPayload(sub)).toBe('live')
  })
})

describe('RETAIN of a message that an established subscription gets', () => {
  test('[MQTT-3.3.1-12] is 0 without retain as published', async () => {
    const { broker, pub } = await withRetained()
    const sub = await broker.connect()
    await sub.subscribe('a/1', { rh: 2, rap: false })
    await publish(pub, 'a/1', 'x', { qos: 1, retain })
    expect((await sub.expect('publish')).retain).toBe(false)
  })

  test('[MQTT-3.3.1-13] is what the publisher set with retain as published', async () => {
    const { broker, pub } = await withRetained()
    const sub = await broker.connect()
    await sub.subscribe('a/1', { rh: 2, rap: true })
    await publish(pub, 'a/1', 'x', { retain })
    await publish(pub, 'a/1', 'y')
    expect((await sub.expect('publish')).retain).toBe(true)
    expect((await sub.expect('publish')).retain).toBe(false)
  })

  test('[MQTT3-3.3.1-9] is 0 in 3.1.1', async () => {
    const { broker, pub } = await withRetained()
    const sub = await broker.connect({ version: 4, clientId: 's' })
    await sub.subscribe('c', { qos: 1 })
    await publish(pub, 'c', 'x', { qos: 1, retain })
    expect((await sub.expect('publish')).retain).toBe(false)
  })

  test('[MQTT-3.3.1-12] [MQTT-3.3.1-13] stays so out of the queue of a client that was away', async () => {
    const { broker, pub } = await withRetained()
    const options = { clientId: 's', properties: { sessionExpiryInterval: 100 } }
    const sub = await broker.connect(options)
    await sub.subscribe('kept', { rap: true, qos: 1 })
    await sub.subscribe('cleared', { rap: false, qos: 1 })
    await sub.drop()
    await publish(pub, 'kept', 'x', { qos: 1, retain })
    await publish(pub, 'cleared', 'x', { qos: 1, retain })
    const back = await broker.connect({ ...options, clean: false })
    const came = await back.expectMany('publish', 2)
    expect(came.map((one) => [one.topic, one.retain])).toEqual([
      ['kept', true],
      ['cleared', false],
    ])
  })
})

describe('a burst of retained messages', () => {
  const count = 5000

  async function burst(): Promise<TestBroker> {
    const broker = new TestBroker({ session: { mqueueLengthMax: 1000 } })
    const pub = await broker.connect()
    const message = { cmd: 'publish', qos: 1, retain } as const
    const portion = 500
    for (let first = 0; first < count; first += portion) {
      const numbers = texts(portion, first)
      pub.send(
        ...numbers.map((payload, i) => ({
          ...message,
          topic: `r/${payload}`,
          payload,
          messageId: i + 1,
        })),
      )
      await pub.expectMany('puback', portion)
    }
    return broker
  }

  test('arrives whole, whatever max_mqueue_len is', async () => {
    const broker = await burst()
    const sub = await broker.connect()
    await sub.subscribe('r/+', { qos: 1 })
    for (let i = 0; i < count; i++) await acknowledge(sub, await sub.expect('publish'))
    await sub.expectSilence()
    expect(new Set(payloadsTo(sub))).toEqual(new Set(texts(count)))
    expect(broker.broker.metrics.deliveriesDropped.queue_full).toBe(0)
  })

  test('[MQTT-3.3.4-9] keeps to the receive maximum, and live messages come behind it', async () => {
    const broker = await burst()
    const sub = await broker.connect({ properties: { receiveMaximum: 7 } })
    await sub.subscribe('r/+', { qos: 1 })
    await broker.settle()
    expect(cameTo(sub)).toHaveLength(7)
    const pub = await broker.connect()
    await publish(pub, 'r/0', 'live', { qos: 1 })
    for (let i = 0; i < count; i++) {
      await acknowledge(sub, await sub.expect('publish'))
      if (i % 500 !== 0) continue
      await broker.settle()
      expect(cameTo(sub)).toHaveLength(i + 1 + 7)
    }
    expect(await nextPayload(sub)).toBe('live')
  })
})
