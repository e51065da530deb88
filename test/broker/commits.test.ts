import { expect, test } from 'vitest'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { type CommitUnderWay, FaultyStore } from '../support/faulty-store.ts'
import { TestBroker } from '../support/test-broker.ts'

/** A store that says when a commit is done only when it is told to. */
function heldStore(): { store: FaultyStore; release: () => void } {
  const held: CommitUnderWay[] = []
  const store = new FaultyStore(new MemoryStore(), (commit) => held.push(commit))
  const release = (): void => {
    for (const commit of held.splice(0)) commit.settle('commit')
  }
  return { store, release }
}

const empty = { cmd: 'publish', topic: 'r', payload: '', qos: 1, retain: true } as const

test('a second clearing of a retained message is answered only when the first one is safe', async () => {
  const { store, release } = heldStore()
  const broker = new TestBroker({ store })
  const one = await broker.connect({ clientId: 'one' })
  one.send({ ...empty, payload: 'x', messageId: 1 })
  await broker.settle()
  release()
  await one.expect('puback')
  one.send({ ...empty, messageId: 2 })
  await broker.settle()
  const other = await broker.connect({ clientId: 'other' })
  other.send({ ...empty, messageId: 1 })
  await broker.settle()
  await other.expectSilence()
  release()
  await broker.settle()
  release()
  await other.expect('puback')
})

test('a QoS 2 PUBLISH that comes again is answered only when its first effect is safe', async () => {
  const { store, release } = heldStore()
  const broker = new TestBroker({ store, channel: { durability: 'none' } })
  const again = { clientId: 'p', clean: false, properties: { sessionExpiryInterval: 60 } }
  const publish = { ...empty, payload: 'x', qos: 2, messageId: 7 }
  const before = await broker.connect(again)
  before.send(publish)
  await broker.settle()
  await before.drop()
  const after = await broker.connect(again)
  expect(after.connack?.sessionPresent).toBe(true)
  after.send({ ...publish, dup: true })
  await broker.settle()
  await after.expectSilence()
  release()
  await broker.settle()
  release()
  expect((await after.expect('pubrec')).messageId).toBe(7)
})
