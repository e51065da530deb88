import { describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { TestBroker, type TestBrokerWish } from '../support/test-broker.ts'
import { payloadsTo, publish, texts } from './messages.ts'

const highWatermark = 16_384
const size = 1000

/** A broker with a subscriber that has stopped reading, one that reads, and a publisher. */
async function withStuck(wish: TestBrokerWish = {}): Promise<{
  broker: TestBroker
  stuck: RawClient
  well: RawClient
  pub: RawClient
}> {
  const broker = new TestBroker({ ...wish, listener: { highWatermark } })
  const properties = { sessionExpiryInterval: 1000 }
  const stuck = await broker.connect({ clientId: 'stuck', properties })
  const well = await broker.connect({ clientId: 'well' })
  for (const client of [stuck, well]) await client.subscribe('a', { qos: 2 })
  await broker.settle()
  stuck.stream.pause()
  return { broker, stuck, well, pub: await broker.connect({ clientId: 'p' }) }
}

/** Publishes `count` numbered messages of `size` bytes. */
async function flood(
  broker: TestBroker,
  pub: RawClient,
  count: number,
  qos: 0 | 1,
  from = 0,
): Promise<void> {
  for (const text of texts(count, from)) {
    const payload = text.padEnd(size)
    pub.send({ cmd: 'publish', topic: 'a', payload, qos, ...(qos > 0 && { messageId: 1 }) })
    await new Promise((resolve) => setImmediate(resolve))
  }
  await broker.settle()
}

/** The numbers that came, as they came. */
function numbersTo(client: RawClient): string[] {
  return payloadsTo(client).map((payload) => payload.trim())
}

describe('a client that never reads', () => {
  test('holds nobody else up, and not its publisher', async () => {
    const { broker, well, pub } = await withStuck()
    await flood(broker, pub, 500, 0)
    await flood(broker, pub, 30, 1, 500)
    expect(numbersTo(well)).toEqual(texts(530))
    await pub.expectMany('puback', 30)
    await pub.expectSilence()
  })

  test('without mqueue_store_qos0: QoS 0 is dropped and counted, and little is held', async () => {
    const { broker, stuck, pub } = await withStuck({ session: { mqueueStoreQoS0: false } })
    await flood(broker, pub, 500, 0)
    const { qos0_msg } = broker.broker.metrics.deliveriesDropped
    expect(broker.broker.sessions.lookup('stuck')?.session.queuedBytes).toBe(0)
    stuck.stream.resume()
    await broker.settle()
    const came = numbersTo(stuck)
    expect(came.length + qos0_msg).toBe(500)
    expect(came.length * size).toBeLessThan(3 * highWatermark + 16_384)
    expect(came).toEqual(texts(came.length))
  })

  test('with mqueue_store_qos0: QoS 0 fills the mqueue, whose oldest go, and are counted', async () => {
    const { broker, stuck, pub } = await withStuck({ session: { mqueueLengthMax: 100 } })
    await flood(broker, pub, 500, 0)
    const dropped = broker.broker.metrics.deliveriesDropped.queue_full
    expect(broker.broker.sessions.lookup('stuck')?.session.info().mqueue_len).toBe(100)
    stuck.stream.resume()
    await broker.settle()
    const came = numbersTo(stuck)
    expect(came.length + dropped).toBe(500)
    expect(came.slice(-100)).toEqual(texts(100, 400))
    expect(broker.logged.some(({ message }) => message.includes('mqueue is full'))).toBe(true)
  })

  test('max_mqueue_bytes bounds what is held for it', async () => {
    const { broker, pub } = await withStuck({ session: { mqueueBytesMax: 50_000 } })
    await flood(broker, pub, 500, 1)
    const session = broker.broker.sessions.lookup('stuck')?.session
    expect(session?.queuedBytes).toBeLessThanOrEqual(50_000)
    expect(session?.queuedBytes).toBeGreaterThan(40_000)
    expect(broker.broker.metrics.deliveriesDropped.queue_full).toBeGreaterThan(400)
  })

  test('QoS 1 stays in its mqueue and comes when it reads again', async () => {
    const { broker, stuck, pub } = await withStuck({ session: { inflightMax: 65_535 } })
    await flood(broker, pub, 300, 1)
    const waiting = broker.broker.sessions.lookup('stuck')?.session.info().mqueue_len ?? 0
    expect(waiting).toBeGreaterThan(300 - (3 * highWatermark) / size)
    stuck.stream.resume()
    await broker.settle()
    expect(numbersTo(stuck)).toEqual(texts(300))
  })

  test('QoS 1 comes in order on its next connection', async () => {
    const { broker, stuck, pub } = await withStuck({ session: { inflightMax: 100 } })
    await flood(broker, pub, 60, 1)
    await stuck.drop()
    const properties = { sessionExpiryInterval: 1000 }
    const back = await broker.connect({ clientId: 'stuck', clean: false, properties })
    await broker.settle()
    expect(numbersTo(back)).toEqual(texts(60))
  })

  test('a burst of retained messages waits in the retainer, not in its socket', async () => {
    const { broker, stuck, pub } = await withStuck()
    for (const text of texts(300)) {
      pub.send({ cmd: 'publish', topic: `r/${text}`, payload: text.padEnd(size), retain: true })
    }
    await broker.settle()
    const sentBefore = broker.broker.metrics.publishSent[0]
    stuck.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: 'r/+', qos: 0 }] })
    await broker.settle()
    const sent = broker.broker.metrics.publishSent[0] - sentBefore
    expect(sent * size).toBeLessThan(3 * highWatermark)
    stuck.stream.resume()
    await broker.settle()
    expect(new Set(numbersTo(stuck))).toEqual(new Set(texts(300)))
  })

  test('is not read either once it leaves answers unread, and goes on when it reads', async () => {
    const broker = new TestBroker({ listener: { highWatermark } })
    const stuck = await broker.connect({ clientId: 'stuck' })
    const well = await broker.connect({ clientId: 'well' })
    stuck.stream.pause()
    const message = { cmd: 'publish', topic: 'x', payload: 'x', qos: 1, messageId: 1 } as const
    for (let i = 0; i < 50; i++) {
      stuck.send(...Array.from({ length: 1000 }, () => message))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await broker.settle()
    const pubackSize = 5
    const pubacks = broker.broker.metrics.acksSent[0]
    expect(pubacks).toBeGreaterThan(1000)
    expect(pubacks * pubackSize).toBeLessThan(6 * highWatermark)
    await well.expectSilence()
    stuck.stream.resume()
    await stuck.expectMany('puback', 50_000)
  })
})

describe('the limits on what a client sends', () => {
  test('messages_rate pauses reading, loses nothing, and holds nobody else up', async () => {
    const messagesRate = { count: 10, perMs: 1000 }
    const broker = new TestBroker({ channel: { messagesRate } })
    const sub = await broker.connect()
    await sub.subscribe('#')
    const fast = await broker.connect({ clientId: 'fast', keepalive: 1 })
    const received = broker.broker.metrics.publishReceived
    const message = { cmd: 'publish', topic: 'a', qos: 1 } as const
    fast.send(...texts(50).map((payload, i) => ({ ...message, payload, messageId: i + 1 })))
    await broker.settle()
    expect(received[1]).toBeGreaterThanOrEqual(10)
    expect(received[1]).toBeLessThanOrEqual(11)
    const other = await broker.connect({ clientId: 'other' })
    await publish(other, 'b', 'x', { qos: 1 })
    await broker.time.pass(1000)
    expect(received[1]).toBeLessThanOrEqual(22)
    await broker.time.pass(3500)
    await fast.expectMany('puback', 50)
    expect(payloadsTo(sub).filter((payload) => payload !== 'x')).toEqual(texts(50))
  })

  test('a run of QoS 0 counts as many messages as it has', async () => {
    const messagesRate = { count: 10, perMs: 1000 }
    const broker = new TestBroker({ channel: { messagesRate } })
    const pub = await broker.connect()
    const run = Array.from(
      { length: 50 },
      () => ({ cmd: 'publish', topic: 'a', payload: 'x' }) as const,
    )
    pub.send(...run)
    await broker.settle()
    pub.send({ cmd: 'pingreq' })
    await broker.time.pass(3900)
    expect(pub.received).toHaveLength(1)
    await broker.time.pass(300)
    expect(pub.received).toHaveLength(2)
  })

  test('bytes_rate pauses reading', async () => {
    const broker = new TestBroker({ channel: { bytesRate: { count: 10_000, perMs: 1000 } } })
    const pub = await broker.connect()
    const received = broker.broker.metrics.publishReceived
    for (let i = 0; i < 5; i++) {
      pub.send({ cmd: 'publish', topic: 'a', payload: 'x'.repeat(10_000) })
      await broker.settle()
    }
    expect(received[0]).toBeLessThanOrEqual(2)
    await broker.time.pass(6000)
    expect(received[0]).toBe(5)
    await pub.expectSilence()
  })
})
