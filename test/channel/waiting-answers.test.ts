import { expect, test } from 'vitest'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { type CommitUnderWay, FaultyStore } from '../support/faulty-store.ts'
import { encode } from '../support/raw-client.ts'
import { TestBroker } from '../support/test-broker.ts'

const lasting = { clean: false, properties: { sessionExpiryInterval: 100 } }

test('while ten thousand answers wait for their commits, their client is not read', async () => {
  const commits: CommitUnderWay[] = []
  let isStalling = false
  const store = new FaultyStore(new MemoryStore(), (commit) => {
    if (isStalling) commits.push(commit)
    else commit.settle('commit')
  })
  const broker = new TestBroker({ store, channel: { receiveMaximum: 65535 } })
  const sub = await broker.connect({ clientId: 's', ...lasting })
  await sub.subscribe('t', { qos: 1 })
  await sub.drop()
  const pub = await broker.connect({ clientId: 'p' })
  isStalling = true
  const publish = (messageId: number): Buffer =>
    encode({ cmd: 'publish', topic: 't', payload: '', qos: 1, messageId })
  const sent = 12_000
  for (let i = 1; i <= sent; i += 100) {
    pub.sendBytes(Buffer.concat(Array.from({ length: 100 }, (_, k) => publish(i + k))))
  }
  await broker.settle()
  const { publishReceived } = broker.broker.metrics
  expect(publishReceived[1]).toBe(10_000)
  await broker.time.pass(1_000_000)
  expect(publishReceived[1]).toBe(10_000)
  isStalling = false
  for (const commit of commits.splice(0)) commit.settle('commit')
  await broker.settle()
  expect(publishReceived[1]).toBe(sent)
  const acked = await pub.expectMany('puback', sent)
  expect(acked.map(({ messageId }) => messageId)).toEqual(acked.map((_, i) => i + 1))
})
