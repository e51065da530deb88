import { describe, expect, test } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'
import { packet } from '../wire/support.ts'
import { acknowledge, cameTo, nextPayload, payloadsTo, publish } from './messages.ts'

/** Bytes of a version 5 PUBLISH to `a` with this payload: header 2, topic 3, id, properties 1. */
const sizeOf = (payload: number, qos: number) => 2 + 3 + (qos > 0 ? 2 : 0) + 1 + payload

describe('the maximum packet size of the client', () => {
  test.each([0, 1, 2] as const)(
    '[MQTT-3.1.2-24] counts the whole packet, header included, at QoS %i',
    async (qos) => {
      const broker = new TestBroker()
      const properties = { maximumPacketSize: sizeOf(40, qos) }
      const sub = await broker.connect({ clientId: 's', properties })
      await sub.subscribe('a', { qos })
      const pub = await broker.connect()
      await publish(pub, 'a', 'x'.repeat(41), { qos })
      await publish(pub, 'a', 'y'.repeat(40), { qos })
      const came = await sub.expect('publish')
      expect(came.payload.toString()).toBe('y'.repeat(40))
      expect(sub.received.at(-1)?.bytes).toHaveLength(sizeOf(40, qos))
      expect(broker.broker.metrics.deliveriesDropped.too_large).toBe(1)
    },
  )

  test('[MQTT-3.1.2-24] is met at the byte where the remaining length becomes longer', async () => {
    for (const payload of [120, 121, 122, 123, 124, 125]) {
      for (const maximumPacketSize of [126, 127, 128, 129, 130, 131, 132, 133]) {
        const broker = new TestBroker()
        const sub = await broker.connect({ clientId: 's', properties: { maximumPacketSize } })
        await sub.subscribe('a')
        await publish(await broker.connect(), 'a', 'x'.repeat(payload))
        await broker.settle()
        const remaining = 3 + 1 + payload
        const size = 1 + (remaining > 127 ? 2 : 1) + remaining
        expect(cameTo(sub)).toHaveLength(size <= maximumPacketSize ? 1 : 0)
        expect(sub.received.every(({ bytes }) => bytes.length <= maximumPacketSize)).toBe(true)
      }
    }
  })

  test('[MQTT-3.1.2-24] counts what the broker adds: identifiers, expiry, alias', async () => {
    const broker = new TestBroker()
    const properties = { maximumPacketSize: sizeOf(40, 1) + 2 }
    const sub = await broker.connect({ clientId: 's', properties })
    const id = { subscriptionIdentifier: 5 }
    sub.send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [{ topic: 'a', qos: 1 }],
      properties: id,
    })
    await sub.expect('suback')
    const pub = await broker.connect()
    await publish(pub, 'a', 'x'.repeat(40), { qos: 1, properties: { messageExpiryInterval: 9 } })
    await publish(pub, 'a', 'y'.repeat(41), { qos: 1 })
    await publish(pub, 'a', 'z'.repeat(40), { qos: 1 })
    expect(await nextPayload(sub)).toBe('z'.repeat(40))
    expect(sub.received.at(-1)?.bytes).toHaveLength(properties.maximumPacketSize)
  })

  test('[MQTT-3.1.2-25] what is too large is discarded as if sent: nothing stalls behind it', async () => {
    const broker = new TestBroker()
    const properties = { maximumPacketSize: 60, receiveMaximum: 1 }
    const sub = await broker.connect({ clientId: 's', properties })
    await sub.subscribe('a', { qos: 2 })
    const pub = await broker.connect()
    await publish(pub, 'a', '1', { qos: 2 })
    for (const qos of [1, 2, 0] as const) await publish(pub, 'a', 'x'.repeat(100), { qos })
    await publish(pub, 'a', '2', { qos: 2 })
    await acknowledge(sub, await sub.expect('publish'))
    const second = await sub.expect('publish')
    expect(second.payload.toString()).toBe('2')
    await acknowledge(sub, second)
    await publish(pub, 'a', '3', { qos: 1 })
    expect(await nextPayload(sub)).toBe('3')
  })

  test('[MQTT-3.1.2-25] nor behind a large one in the queue, in flight, or retained', async () => {
    const broker = new TestBroker()
    const lasting = { sessionExpiryInterval: 100 }
    const sub = await broker.connect({ clientId: 's', properties: lasting })
    await sub.subscribe('a', { qos: 2 })
    const pub = await broker.connect()
    await publish(pub, 'a', 'in flight'.repeat(20), { qos: 1 })
    await publish(pub, 'a', 'small 1', { qos: 1 })
    await sub.expectMany('publish', 2)
    await sub.drop()
    await publish(pub, 'a', 'queued'.repeat(20), { qos: 1 })
    await publish(pub, 'a', 'small 2', { qos: 1 })
    await publish(pub, 'b', 'retained'.repeat(20), { qos: 1, retain: true })
    await publish(pub, 'c', 'small 3', { qos: 1, retain: true })
    const properties = { ...lasting, maximumPacketSize: 60, receiveMaximum: 3 }
    const back = await broker.connect({ clientId: 's', clean: false, properties })
    for (const expected of ['small 1', 'small 2']) {
      const came = await back.expect('publish')
      expect(came.payload.toString()).toBe(expected)
      await acknowledge(back, came)
    }
    await back.subscribe('+', { qos: 1 })
    expect(await nextPayload(back)).toBe('small 3')
    await back.expectSilence()
    expect(broker.broker.metrics.deliveriesDropped.too_large).toBe(3)
  })

  test('what one client has no room for reaches the others', async () => {
    const broker = new TestBroker()
    const small = await broker.connect({ clientId: 's', properties: { maximumPacketSize: 40 } })
    const large = await broker.connect()
    const old = await broker.connect({ version: 4, clientId: 'old' })
    for (const sub of [small, large, old]) await sub.subscribe('a')
    const pub = await broker.connect()
    for (const size of [100, 20, 100]) await publish(pub, 'a', 'x'.repeat(size))
    await broker.settle()
    expect(payloadsTo(small).map(({ length }) => length)).toEqual([20])
    expect(payloadsTo(large).map(({ length }) => length)).toEqual([100, 20, 100])
    expect(payloadsTo(old).map(({ length }) => length)).toEqual([100, 20, 100])
  })
})

describe('the maximum packet size of the broker', () => {
  test('is announced, and a packet of just that size is taken', async () => {
    const broker = new TestBroker({ channel: { maximumPacketSize: 200 } })
    const pub = await broker.connect()
    expect(pub.connack?.properties?.maximumPacketSize).toBe(200)
    await pub.subscribe('a')
    const body = (payload: number) => packet(0x30, 'a', [0], Buffer.alloc(payload, 0x78))
    expect(body(193)).toHaveLength(200)
    pub.sendBytes(body(193))
    expect((await pub.expect('publish')).payload).toHaveLength(193)
    pub.sendBytes(body(194))
    expect((await pub.expect('disconnect')).reasonCode).toBe(0x95)
    await pub.expectClosedSilently()
  })

  test('is kept by 3.1.1 clients too: a larger packet ends the connection', async () => {
    const broker = new TestBroker({ channel: { maximumPacketSize: 200 } })
    const pub = await broker.connect({ version: 4, clientId: 'p' })
    pub.sendBytes([0x30, 0xc7, 0x01])
    await pub.expectClosedSilently()
  })
})
