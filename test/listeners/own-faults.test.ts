import { expect, test } from 'vitest'
import { TestAuthenticator } from '../support/test-authenticator.ts'
import { TestBroker } from '../support/test-broker.ts'

const expiring = { messageExpiryInterval: 1 }

/** What a bug of ours looks like from outside: code of the broker that throws. */
function bug(): never {
  throw new Error('a bug')
}

function expectTold(broker: TestBroker, clientId: string): void {
  const told = broker.logged.filter(({ level }) => level === 'error')
  expect(told).toMatchObject([
    {
      fields: { clientId, err: { message: 'a bug' } },
      message: 'a bug in the broker ends a connection',
    },
  ])
  expect(broker.broker.metrics.internalErrors).toBe(1)
}

test('a bug in handling a packet ends that connection with 0x83, with a log line and a count', async () => {
  const mayPublish = (topic: string): boolean => (topic === 'bug' ? bug() : true)
  const broker = new TestBroker({ authenticator: new TestAuthenticator({ mayPublish }) })
  const other = await broker.connect({ clientId: 'other' })
  const client = await broker.connect({ clientId: 'c' })
  client.send({ cmd: 'publish', topic: 'bug', payload: '' }, { cmd: 'pingreq' })
  expect((await client.expect('disconnect')).reasonCode).toBe(0x83)
  await client.expectClosedSilently()
  expectTold(broker, 'c')
  await other.expectSilence()
  expect(broker.reception.connections.size).toBe(1)
})

test('a bug behind a drained socket ends that connection', async () => {
  const broker = new TestBroker({
    listener: { highWatermark: 1024 },
    events: { messageDropped: bug },
  })
  const properties = { sessionExpiryInterval: 60 }
  const slow = await broker.connect({ clientId: 'slow', properties })
  await slow.subscribe('t')
  slow.stream.pause()
  const other = await broker.connect({ clientId: 'other' })
  for (let i = 0; i < 100; i++) {
    other.send({ cmd: 'publish', topic: 't', payload: Buffer.alloc(2000), properties: expiring })
    await broker.settle()
  }
  await broker.time.pass(2000)
  slow.stream.resume()
  await slow.closed()
  expectTold(broker, 'slow')
  await other.expectSilence()
})

test('a bug that shows itself again while the connection ends does not keep it open', async () => {
  const events = { messageAcked: bug, sessionTerminated: bug }
  const broker = new TestBroker({ events })
  const client = await broker.connect({ clientId: 'c' })
  await client.subscribe('t', { qos: 1 })
  client.send({ cmd: 'publish', topic: 't', payload: '', qos: 1, messageId: 1 })
  await client.expectMany('publish', 1)
  client.send({ cmd: 'puback', messageId: 1 })
  await client.closed()
  expect(broker.reception.connections.size).toBe(0)
  expect(broker.broker.metrics.internalErrors).toBe(1)
})

test('a bug in a deadline of a connection ends that connection', async () => {
  const broker = new TestBroker({
    channel: { messagesRate: { count: 1, perMs: 1000 } },
    authenticator: new TestAuthenticator({ mayPublish: (topic) => topic !== 'bug' || bug() }),
  })
  const other = await broker.connect({ clientId: 'other' })
  const client = await broker.connect({ clientId: 'c' })
  for (const topic of ['a', 'b', 'bug']) client.send({ cmd: 'publish', topic, payload: '' })
  await broker.settle()
  expect(broker.broker.metrics.internalErrors).toBe(0)
  await broker.time.pass(1000)
  expect((await client.expect('disconnect')).reasonCode).toBe(0x83)
  expectTold(broker, 'c')
  await other.expectSilence()
})
