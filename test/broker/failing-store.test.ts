import { beforeEach, expect, test } from 'vitest'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { type CommitUnderWay, FaultyStore } from '../support/faulty-store.ts'
import type { ConnectOptions, RawClient } from '../support/raw-client.ts'
import { TestBroker, type TestBrokerWish } from '../support/test-broker.ts'

const lasting = { clean: false, properties: { sessionExpiryInterval: 100 } }

let fate: 'commit' | 'fail' | 'stall'
let stalled: CommitUnderWay[]
let store: FaultyStore
let broker: TestBroker

function start(wish: TestBrokerWish = {}): void {
  fate = 'commit'
  stalled = []
  store = new FaultyStore(new MemoryStore(), (commit) => {
    if (fate === 'stall') stalled.push(commit)
    else commit.settle(fate)
  })
  broker = new TestBroker({ store, ...wish })
}

/** A subscriber of `kept` that is away, so that what comes for it has to be kept. */
async function awaySubscriber(qos: 1 | 2 = 2): Promise<void> {
  const sub = await broker.connect({ clientId: 'away', ...lasting })
  await sub.subscribe('kept', { qos })
  await sub.drop()
}

/** From here on nothing can be written; the broker finds that out with one message. */
async function fail(): Promise<RawClient> {
  fate = 'fail'
  const first = await broker.connect({ clientId: 'first' })
  publish(first, 1, 'kept', { messageId: 1 })
  await broker.settle()
  return first
}

async function recover(): Promise<void> {
  fate = 'commit'
  for (const commit of stalled.splice(0)) commit.settle('commit')
  await broker.time.pass(1000)
}

function publish(
  client: RawClient,
  qos: 0 | 1 | 2,
  topic: string,
  rest: { messageId?: number; retain?: boolean; payload?: string } = {},
): void {
  client.send({ cmd: 'publish', topic, payload: '', qos, ...rest })
}

async function codeOf(options: ConnectOptions): Promise<number | undefined> {
  const { reasonCode, returnCode } = await broker
    .open(options.version ?? 5)
    .handshake({ clientId: 'c', ...options })
  return reasonCode ?? returnCode
}

function errors(): string[] {
  return broker.logged.filter(({ level }) => level === 'error').map(({ message }) => message)
}

beforeEach(() => start())

test('answers wait while the store fails, are never negative, and leave when it works', async () => {
  await awaySubscriber()
  const pub = await fail()
  publish(pub, 2, 'kept', { messageId: 2 })
  publish(pub, 1, 'nobody/cares', { messageId: 3 })
  await broker.time.pass(90_000)
  await pub.expectSilence()
  expect(errors()).toEqual(Array(2).fill(errors()[0]))
  expect(errors()[0]).toBe('the store fails: nothing is acknowledged until it works again')
  await recover()
  expect((await pub.expect('puback')).reasonCode).toBe(0)
  expect((await pub.expect('pubrec')).reasonCode).toBe(0)
  expect((await pub.expect('puback')).messageId).toBe(3)
  expect(broker.logged.at(-1)?.message).toBe('the store works again')
})

test.each([
  [5, 0x88],
  [4, 3],
] as const)(
  'MQTT %i: no session that must be kept begins or goes on while the store fails',
  async (version, refusal) => {
    const kept = version === 5 ? lasting : { clean: false }
    const owner = await broker.connect({ clientId: 'owner', version, ...kept })
    await awaySubscriber()
    await fail()
    expect(await codeOf({ clientId: 'new', version, ...kept })).toBe(refusal)
    expect(await codeOf({ clientId: 'away', version, ...kept })).toBe(refusal)
    expect(await codeOf({ clientId: 'away', version, clean: true })).toBe(refusal)
    // Whoever has a connection keeps it, and what needs no store goes on.
    expect(await codeOf({ clientId: 'owner', version, ...kept })).toBe(refusal)
    owner.send({ cmd: 'pingreq' })
    await owner.expect('pingresp')
    expect(await codeOf({ clientId: 'passing', version, clean: true })).toBe(0)
    await recover()
    expect(await codeOf({ clientId: 'away', version, ...kept })).toBe(0)
  },
)

test('who promises nothing is not refused: zones with durability async and none', async () => {
  for (const durability of ['async', 'none'] as const) {
    start({ channel: { durability } })
    fate = 'fail'
    await broker.connect({ clientId: 'first', ...lasting })
    await broker.time.pass(5000)
    expect(await codeOf({ clientId: 'second', ...lasting })).toBe(0)
  }
})

test('on_failure reject: MQTT 5 is told what cannot be kept; what need not be is delivered', async () => {
  start({ journal: { refusesOnFailure: true } })
  await awaySubscriber()
  const passing = await broker.connect({ clientId: 'passing' })
  await passing.subscribe('passing', { qos: 1 })
  await fail()
  const pub = await broker.connect({ clientId: 'pub' })
  publish(pub, 1, 'kept', { messageId: 1 })
  publish(pub, 2, 'kept', { messageId: 2 })
  publish(pub, 1, 'retained', { messageId: 3, retain: true })
  publish(pub, 1, 'passing', { messageId: 4 })
  publish(pub, 2, 'passing', { messageId: 2 })
  await broker.settle()
  expect((await pub.expect('puback')).reasonCode).toBe(0x97)
  expect((await pub.expect('pubrec')).reasonCode).toBe(0x97)
  expect((await pub.expect('puback')).reasonCode).toBe(0x97)
  expect((await pub.expect('puback')).reasonCode).toBe(0)
  expect((await pub.expect('pubrec')).reasonCode).toBe(0)
  expect((await passing.expectMany('publish', 2)).length).toBe(2)
  expect(broker.broker.metrics.messagesRefused).toBe(3)
  await recover()
  const sub = await broker.connect({ clientId: 'away', ...lasting })
  expect((await sub.expect('publish')).messageId).toBe(1)
  await sub.expectSilence()
})

test('on_failure reject: MQTT 3.1.1 cannot be told, and waits', async () => {
  start({ journal: { refusesOnFailure: true } })
  await awaySubscriber()
  await fail()
  const old = await broker.connect({ clientId: 'old', version: 4 })
  publish(old, 1, 'kept', { messageId: 1 })
  await broker.settle()
  await old.expectSilence()
  await recover()
  expect((await old.expect('puback')).messageId).toBe(1)
})

test.each([0, 1] as const)(
  'QoS %i: publishers are not read while too much waits to be safe',
  async (qos) => {
    start({ journal: { pendingBytesMax: 10_000 }, session: { mqueueStoreQoS0: true } })
    await awaySubscriber(1)
    const pub = await broker.connect({ clientId: 'pub' })
    const other = await broker.connect({ clientId: 'other' })
    fate = 'stall'
    const payload = 'x'.repeat(1000)
    for (let i = 1; i <= 40; i++) {
      publish(pub, qos, 'kept', { payload, ...(qos > 0 && { messageId: i }) })
      publish(other, 1, 'elsewhere', { payload, messageId: i })
    }
    await broker.settle()
    const { publishReceived } = broker.broker.metrics
    // Those of `pub` up to the limit, and all of `other`, for whom nothing is kept.
    expect(publishReceived[0] + publishReceived[1] - 40).toBeGreaterThan(5)
    expect(publishReceived[0] + publishReceived[1] - 40).toBeLessThan(12)
    expect(broker.broker.journal.heldCount).toBe(1)
    await other.expectMany('puback', 40)
    await recover()
    await broker.time.pass(1000)
    expect(publishReceived[0] + publishReceived[1]).toBe(80)
    if (qos > 0) await pub.expectMany('puback', 40)
    expect(broker.broker.journal.heldCount).toBe(0)
  },
)

test('a client that is held back is not taken for dead, and is forgotten when it goes', async () => {
  start({ journal: { pendingBytesMax: 1000 } })
  await awaySubscriber(1)
  const pub = await broker.connect({ clientId: 'pub', keepalive: 10 })
  fate = 'stall'
  for (let i = 1; i <= 3; i++) publish(pub, 1, 'kept', { payload: 'x'.repeat(1000), messageId: i })
  await broker.time.pass(100_000)
  expect(broker.broker.journal.heldCount).toBe(1)
  expect(broker.broker.sessions.connectedCount).toBe(1)
  await pub.drop()
  expect(broker.broker.journal.heldCount).toBe(0)
})

test('a full store holds publishers back until there is room', async () => {
  await awaySubscriber(1)
  const pub = await broker.connect({ clientId: 'pub' })
  store.isFull = true
  publish(pub, 1, 'kept', { messageId: 1 })
  publish(pub, 1, 'kept', { messageId: 2 })
  await broker.settle()
  expect(broker.broker.metrics.publishReceived[1]).toBe(1)
  await pub.expect('puback')
  store.isFull = false
  await broker.time.pass(100)
  expect((await pub.expect('puback')).messageId).toBe(2)
})
