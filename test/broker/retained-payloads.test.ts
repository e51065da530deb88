import { expect, test } from 'vitest'
import type { Message } from '../../src/mqtt/message.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { TestBroker } from '../support/test-broker.ts'

const large = 'x'.repeat(2000)

/** A store that is slow to read, and fails when it is told to. */
class ReadableStore extends MemoryStore {
  reads = 0
  isFailing = false
  onRead: () => void = () => {}

  override async readRetained(topic: string): Promise<Message | undefined> {
    this.reads++
    this.onRead()
    if (this.isFailing) throw new Error('EIO')
    return super.readRetained(topic)
  }
}

async function retain(broker: TestBroker, topic: string, payload: string): Promise<void> {
  const client = await broker.connect({ clientId: 'p' })
  client.send({ cmd: 'publish', topic, payload, qos: 1, messageId: 1, retain: true })
  await client.expect('puback')
  await client.drop()
}

function isInMemory(broker: TestBroker, topic: string): boolean {
  return broker.broker.retainer.get(topic)?.toMessage() !== undefined
}

test('a large payload is only in the store when it is safe there, a small one in memory', async () => {
  const store = new ReadableStore()
  const broker = new TestBroker({ store })
  await retain(broker, 'large', large)
  await retain(broker, 'small', 'x'.repeat(1000))
  expect([isInMemory(broker, 'large'), isInMemory(broker, 'small')]).toEqual([false, true])
  const sub = await broker.connect({ clientId: 's' })
  await sub.subscribe('#', { qos: 1 })
  const got = await sub.expectMany('publish', 2)
  const lengths = Object.fromEntries(got.map((each) => [each.topic, String(each.payload).length]))
  expect(lengths).toEqual({ large: 2000, small: 1000 })
  expect(got.map(({ retain }) => retain)).toEqual([true, true])
  expect(store.reads).toBe(1)
})

test('without a store everything stays in memory', async () => {
  const broker = new TestBroker({ channel: { durability: 'none' }, store: new MemoryStore() })
  await retain(broker, 'large', large)
  expect(isInMemory(broker, 'large')).toBe(true)
})

test('after a restart large payloads are not in memory, and are found', async () => {
  const store = new ReadableStore()
  await retain(new TestBroker({ store }), 'large', large)
  const next = new TestBroker({ store })
  await next.broker.start()
  expect(isInMemory(next, 'large')).toBe(false)
  const sub = await next.connect({ clientId: 's' })
  await sub.subscribe('large', { qos: 0 })
  expect(String((await sub.expect('publish')).payload)).toBe(large)
})

test('a store that cannot be read is asked again; what waits behind it comes in order', async () => {
  const store = new ReadableStore()
  const broker = new TestBroker({ store })
  await retain(broker, 'large', large)
  store.isFailing = true
  const sub = await broker.connect({ clientId: 's' })
  await sub.subscribe('large', { qos: 1 })
  await broker.time.pass(2500)
  await sub.expectSilence()
  expect(store.reads).toBe(3)
  store.isFailing = false
  await broker.time.pass(1000)
  expect(String((await sub.expect('publish')).payload)).toBe(large)
})

test('one that is replaced while it is read is not sent: the new one was', async () => {
  const store = new ReadableStore()
  const broker = new TestBroker({ store })
  await retain(broker, 'large', large)
  const publisher = await broker.connect({ clientId: 'p' })
  store.onRead = () => {
    publisher.send({ cmd: 'publish', topic: 'large', payload: 'new', qos: 0, retain: true })
    store.onRead = () => {}
  }
  const sub = await broker.connect({ clientId: 's' })
  await sub.subscribe('large', { qos: 1 })
  await broker.settle()
  const got = await sub.expect('publish')
  expect([String(got.payload), got.retain]).toEqual(['new', false])
  await sub.expectSilence()
})
