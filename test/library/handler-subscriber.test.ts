import { expect, test } from 'vitest'
import type { BrokerEventMap, ReceivedMessage } from '../../src/index.ts'
import { Collected, connectTo, startLibraryBroker } from './kit.ts'

test('a handler gets messages in their order, and never inside of publish', async () => {
  const broker = await startLibraryBroker()
  const got = new Collected<string>()
  broker.subscribe('a', (message) => got.add(message.text()))
  for (const payload of ['1', '2', '3']) void broker.publish({ topic: 'a', payload })
  expect(got.items).toEqual([])
  expect(await got.until(3)).toEqual(['1', '2', '3'])
})

test('what comes while a promise of the handler is pending waits, and may not be more than the limit', async () => {
  const broker = await startLibraryBroker()
  const got: string[] = []
  const dropped = new Collected<BrokerEventMap['messageDropped']>()
  broker.on('messageDropped', dropped.add)
  const gates: (() => void)[] = []
  const arrived = new Collected<string>()
  const subscription = broker.subscribe('a', { queueLengthMax: 2 }, (message) => {
    got.push(message.text())
    arrived.add(message.text())
    return new Promise<void>((resolve) => gates.push(resolve))
  })
  await broker.publish({ topic: 'a', payload: '0' })
  await arrived.until(1)
  for (const payload of ['1', '2', '3']) await broker.publish({ topic: 'a', payload })
  expect([subscription.queueLength, subscription.dropped]).toEqual([2, 1])
  expect((await dropped.until(1))[0]).toMatchObject({ clientId: '', reason: 'queue_full' })
  for (let i = 0; i < 2; i++) {
    gates[i]?.()
    await arrived.until(i + 2)
  }
  expect(got).toEqual(['0', '2', '3'])
})

test('a handler that throws or rejects loses its message and gets the next one', async () => {
  const broker = await startLibraryBroker()
  const got = new Collected<string>()
  broker.subscribe('a', (message) => {
    got.add(message.text())
    if (message.text() === 'throws') throw new Error('as asked')
    return message.text() === 'rejects' ? Promise.reject(new Error('as asked')) : undefined
  })
  for (const payload of ['throws', 'rejects', 'works'])
    await broker.publish({ topic: 'a', payload })
  expect(await got.until(3)).toEqual(['throws', 'rejects', 'works'])
})

test('after unsubscribe the handler is not called, also not for what waits', async () => {
  const broker = await startLibraryBroker()
  const got: string[] = []
  const subscription = broker.subscribe('a', (message) => got.push(message.text()))
  const published = broker.publish({ topic: 'a', payload: 'late' })
  subscription.unsubscribe()
  await published
  expect(await broker.publish({ topic: 'a' })).toEqual({ isMatched: false })
  expect(got).toEqual([])
})

test('noLocal leaves out what the program publishes, and leaves what clients do', async () => {
  const broker = await startLibraryBroker()
  const client = await connectTo(broker, 'c')
  const got = new Collected<string>()
  broker.subscribe('a', { noLocal: true }, (message) => got.add(message.text()))
  await broker.publish({ topic: 'a', payload: 'own' })
  await client.publishAsync('a', 'other', { qos: 1 })
  expect(await got.until(1)).toEqual(['other'])
})

test('members of a shared subscription share the messages with clients of the network', async () => {
  const broker = await startLibraryBroker()
  const client = await connectTo(broker, 'c')
  const all = new Collected<string>()
  client.on('message', () => all.add('client'))
  await client.subscribeAsync('$share/g/a', { qos: 1 })
  broker.subscribe('$share/g/a', () => all.add('program'))
  for (let i = 0; i < 4; i++) await broker.publish({ topic: 'a', qos: 1 })
  expect((await all.until(4)).sort()).toEqual(['client', 'client', 'program', 'program'])
})

test('retained messages come first, more than may wait too', async () => {
  const broker = await startLibraryBroker()
  for (let i = 0; i < 50; i++) await broker.publish({ topic: `r/${i}`, payload: 'x', retain: true })
  const got = new Collected<ReceivedMessage>()
  const options = { queueLengthMax: 4 }
  const subscription = broker.subscribe('r/#', options, async (message) => {
    await Promise.resolve()
    got.add(message)
  })
  const messages = await got.until(50)
  expect(messages.every(({ retain }) => retain)).toBe(true)
  expect(new Set(messages.map(({ topic }) => topic)).size).toBe(50)
  expect(subscription.dropped).toBe(0)
  broker.subscribe('r/#', { retainHandling: 2 }, () => expect.unreachable())
})

test('a run of QoS 0 messages comes one by one, and stays what it was while it waits', async () => {
  const broker = await startLibraryBroker()
  const client = await connectTo(broker, 'c')
  const got = new Collected<string>()
  broker.subscribe('a', async (message) => {
    await new Promise((resolve) => setImmediate(resolve))
    got.add(message.text())
  })
  for (let i = 0; i < 100; i++) client.publish('a', `message ${String(i).padStart(3, '0')}`)
  const messages = await got.until(100)
  expect(messages).toEqual([...messages].sort())
  expect(new Set(messages).size).toBe(100)
})

test.each([
  ['a/#/b', {}, /will not do/],
  ['$share/g', {}, /will not do/],
  ['a', { qos: 3 }, /qos is 3/],
  ['a', { queueLengthMax: 0 }, /numbers from 1/],
  ['$share/g/a', { noLocal: true }, /not for shared/],
])('a subscription that will not do throws: %s %j', async (filter, options, wanted) => {
  const broker = await startLibraryBroker()
  expect(() => broker.subscribe(filter, options as object, () => {})).toThrow(wanted)
})
