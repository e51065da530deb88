import { expect, test } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'

const topics = 4000

async function brokerWithRetained(): Promise<TestBroker> {
  const broker = new TestBroker()
  const publisher = await broker.connect({ clientId: 'p' })
  for (let i = 0; i < topics; i++) {
    publisher.send({ cmd: 'publish', topic: `r/${i}`, payload: 'x'.repeat(500), retain: true })
  }
  await publisher.expectSilence()
  return broker
}

test('a SUBSCRIBE of many filters gets all retained messages, filter by filter', async () => {
  const broker = await brokerWithRetained()
  const client = await broker.connect({ clientId: 's' })
  const filters = ['#', '+/#', 'r/#', '+/+', 'r/+']
  const subscriptions = filters.map((topic) => ({ topic, qos: 0 as const }))
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions })
  await client.expect('suback')
  const received = await client.expectMany('publish', topics * filters.length)
  expect(received.every(({ retain }) => retain)).toBe(true)
  expect(new Set(received.slice(0, topics).map(({ topic }) => topic)).size).toBe(topics)
})

test('a client that does not read cannot make the broker look up filter after filter', async () => {
  const broker = await brokerWithRetained()
  const client = await broker.connect({ clientId: 's' })
  client.stream.pause()
  const subscriptions = Array.from({ length: 200 }, (_, i) => ({
    topic: i % 2 ? '#' : 'r/#',
    qos: 0 as const,
  }))
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions })
  await broker.settle()
  const session = broker.broker.sessions.lookup('s')?.session
  expect(session?.retainedLength).toBeGreaterThan(0)
  expect(session?.retainedLength).toBeLessThan(10_000 + topics)
})
