import { describe, expect, test } from 'vitest'
import { TokenBucket } from '../../src/channel/token-bucket.ts'
import { TestBroker } from '../support/test-broker.ts'

describe('a token bucket', () => {
  test('has a burst of one period, then its rate; what is beyond is a debt to wait for', () => {
    const bucket = new TokenBucket(10, 1000, 0)
    expect(bucket.take(10, 0)).toBe(0)
    expect(bucket.take(1, 0)).toBe(100)
    expect(bucket.take(4, 0)).toBe(500)
    expect(bucket.take(0, 500)).toBe(0)
    expect(bucket.take(11, 100_000)).toBe(100)
  })

  test('gives one at a time without debt', () => {
    const bucket = new TokenBucket(2, 1000, 0)
    expect([0, 0, 0, 0, 499, 500, 500].map((now) => bucket.takeOne(now))).toEqual([
      true,
      true,
      false,
      false,
      false,
      true,
      false,
    ])
  })
})

describe('messages_rate and bytes_rate', () => {
  const messagesRate = { count: 10, perMs: 1000 }

  test('reading pauses above them: nothing is lost, and nobody is disconnected for the silence', async () => {
    const broker = new TestBroker({ channel: { messagesRate } })
    const client = await broker.connect({ keepalive: 1 })
    const { publishReceived } = broker.broker.metrics
    for (let i = 0; i < 40; i++) client.send({ cmd: 'publish', topic: `t${i}`, payload: '' })
    await broker.settle()
    expect(publishReceived[0]).toBe(11)
    await broker.time.pass(1000)
    expect(publishReceived[0]).toBe(21)
    await broker.time.pass(2000)
    expect(publishReceived[0]).toBe(40)
    await client.expectSilence()
  })

  test('bytes count before they are decoded', async () => {
    const broker = new TestBroker({ channel: { bytesRate: { count: 1000, perMs: 1000 } } })
    const client = await broker.connect()
    client.send({ cmd: 'publish', topic: 't', payload: Buffer.alloc(2000) }, { cmd: 'pingreq' })
    await broker.settle()
    expect(broker.broker.metrics.pingreqReceived).toBe(0)
    await broker.time.pass(1100)
    await client.expect('pingresp')
  })

  test('a connection that ends while it is held back leaves no deadline behind', async () => {
    const broker = new TestBroker({ channel: { messagesRate } })
    const before = broker.time.deadlines.size
    const client = await broker.connect({ keepalive: 60 })
    for (let i = 0; i < 40; i++) client.send({ cmd: 'publish', topic: `t${i}`, payload: '' })
    await broker.settle()
    expect(broker.time.deadlines.size).toBe(before + 2)
    await client.drop()
    await broker.settle()
    expect(broker.time.deadlines.size).toBe(before)
  })

  test('nor one that is ended for a message that is one too many', async () => {
    const broker = new TestBroker({
      channel: { messagesRate: { count: 1, perMs: 1000 }, retainAvailable: false },
    })
    const before = broker.time.deadlines.size
    const client = await broker.connect()
    const properties = { topicAlias: 1 }
    client.send(
      { cmd: 'publish', topic: 't', payload: '', properties },
      { cmd: 'publish', topic: 'u', payload: '', retain: true },
    )
    expect((await client.expect('disconnect')).reasonCode).toBe(0x9a)
    await client.closed()
    await broker.settle()
    expect(broker.time.deadlines.size).toBe(before)
  })
})
