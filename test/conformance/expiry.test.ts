import { describe, expect, test } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'
import { acknowledge, cameTo, nextPayload, payloadsTo, publish } from './messages.ts'

const expiring = (seconds: number) => ({ properties: { messageExpiryInterval: seconds } })
const lasting = { clientId: 's', properties: { sessionExpiryInterval: 1000 } }

/** The expiry of a message, as it says. */
function expiryOf(packet: { properties?: { messageExpiryInterval?: number } }): number | undefined {
  return packet.properties?.messageExpiryInterval
}

describe('the expiry that is sent', () => {
  test.each([0, 1, 2] as const)(
    '[MQTT-3.3.2-6] is what came in when nothing waited, at QoS %i',
    async (qos) => {
      const broker = new TestBroker()
      const sub = await broker.connect()
      await sub.subscribe('a', { qos })
      await publish(await broker.connect(), 'a', 'x', { qos, ...expiring(60) })
      expect(expiryOf(await sub.expect('publish'))).toBe(60)
    },
  )

  test('[MQTT-3.3.2-6] is what is left after a time in the queue of a client that was away', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect(lasting)
    await sub.subscribe('a', { qos: 1 })
    await sub.drop()
    const pub = await broker.connect()
    await publish(pub, 'a', '0', expiring(60))
    await publish(pub, 'a', '1', { qos: 1, ...expiring(60) })
    await publish(pub, 'a', 'none', { qos: 1 })
    await broker.time.pass(20_000)
    const back = await broker.connect({ ...lasting, clean: false })
    const came = await back.expectMany('publish', 3)
    expect(came.map(expiryOf)).toEqual([40, 40, undefined])
  })

  test('[MQTT-3.3.2-6] is what is left after a time behind a full window', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect({ properties: { receiveMaximum: 1 } })
    await sub.subscribe('a', { qos: 1 })
    const pub = await broker.connect()
    await publish(pub, 'a', '1', { qos: 1, ...expiring(60) })
    await publish(pub, 'a', '2', { qos: 1, ...expiring(60) })
    const first = await sub.expect('publish')
    await broker.time.pass(15_000)
    await acknowledge(sub, first)
    expect(expiryOf(await sub.expect('publish'))).toBe(45)
  })

  test('[MQTT-3.3.2-6] is what is left of a retained message', async () => {
    const broker = new TestBroker()
    const pub = await broker.connect()
    await publish(pub, 'a', 'x', { retain: true, ...expiring(60) })
    await broker.time.pass(59_500)
    const sub = await broker.connect()
    await sub.subscribe('a')
    expect(expiryOf(await sub.expect('publish'))).toBe(1)
  })

  test('[MQTT-3.3.2-6] is what is left when a message is sent again', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect(lasting)
    await sub.subscribe('a', { qos: 1 })
    await publish(await broker.connect(), 'a', 'x', { qos: 1, ...expiring(60) })
    expect(expiryOf(await sub.expect('publish'))).toBe(60)
    await sub.drop()
    await broker.time.pass(25_000)
    const back = await broker.connect({ ...lasting, clean: false })
    const again = await back.expect('publish')
    expect(again.dup).toBe(true)
    expect(expiryOf(again)).toBe(35)
  })
})

describe('a message that has expired', () => {
  test('[MQTT-3.3.2-5] is deleted for a client that is away, and the next one comes', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect(lasting)
    await sub.subscribe('a', { qos: 2 })
    await sub.drop()
    const pub = await broker.connect()
    for (const qos of [0, 1, 2] as const) {
      await publish(pub, 'a', 'short', { qos, ...expiring(10) })
      await publish(pub, 'a', `long ${qos}`, { qos, ...expiring(100) })
    }
    await broker.time.pass(10_000)
    const back = await broker.connect({ ...lasting, clean: false })
    await broker.settle()
    expect(payloadsTo(back)).toEqual(['long 0', 'long 1', 'long 2'])
    expect(broker.broker.metrics.deliveriesDropped.expired).toBe(3)
  })

  test('[MQTT-3.3.2-5] is deleted behind a full window', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect({ properties: { receiveMaximum: 1 } })
    await sub.subscribe('a', { qos: 1 })
    const pub = await broker.connect()
    await publish(pub, 'a', '1', { qos: 1 })
    await publish(pub, 'a', 'short', { qos: 1, ...expiring(1) })
    await publish(pub, 'a', '3', { qos: 1 })
    const first = await sub.expect('publish')
    await broker.time.pass(1000)
    await acknowledge(sub, first)
    expect(await nextPayload(sub)).toBe('3')
  })

  test('[MQTT-3.3.2-5] is no retained message any more, also before it is swept away', async () => {
    const broker = new TestBroker()
    await broker.broker.start()
    const pub = await broker.connect()
    await publish(pub, 'a', 'x', { qos: 1, retain: true, ...expiring(3) })
    await publish(pub, 'b', 'y', { qos: 1, retain: true, ...expiring(300) })
    await broker.time.pass(3000)
    const sub = await broker.connect()
    await sub.subscribe('#')
    expect(await nextPayload(sub)).toBe('y')
    await sub.expectSilence()
    await broker.time.pass(60_000)
    expect(broker.broker.retainer.count).toBe(1)
  })

  test.each([1, 2] as const)(
    '[MQTT-4.3.3-7] does not expire once it was sent: at QoS %i it is sent again',
    async (qos) => {
      const broker = new TestBroker()
      const sub = await broker.connect(lasting)
      await sub.subscribe('a', { qos })
      await publish(await broker.connect(), 'a', 'x', { qos, ...expiring(2) })
      const { messageId } = await sub.expect('publish')
      await sub.drop()
      await broker.time.pass(100_000)
      const back = await broker.connect({ ...lasting, clean: false })
      const again = await back.expect('publish')
      expect(again).toMatchObject({ messageId, dup: true, qos })
      await acknowledge(back, again)
      await back.expectSilence()
    },
  )

  test('[MQTT-4.3.3-7] nor while the connection lasts: its late PUBREC is answered PUBREL', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a', { qos: 2 })
    await publish(await broker.connect(), 'a', 'x', { qos: 2, ...expiring(1) })
    const came = await sub.expect('publish')
    await broker.time.pass(100_000)
    await acknowledge(sub, came)
    await sub.expectSilence()
    expect(cameTo(sub)).toHaveLength(1)
  })

  test('of 0 seconds goes to nobody later on', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect(lasting)
    await sub.subscribe('a', { qos: 1 })
    await sub.drop()
    await publish(await broker.connect(), 'a', 'x', { qos: 1, ...expiring(0) })
    const back = await broker.connect({ ...lasting, clean: false })
    await back.expectSilence()
  })
})
