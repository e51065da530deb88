import { describe, expect, test } from 'vitest'
import type { SharedSubscriptionStrategy } from '../../src/channel/options.ts'
import type { RawClient } from '../support/raw-client.ts'
import { TestBroker, type TestBrokerWish } from '../support/test-broker.ts'
import { acknowledge, cameTo, nextPayload, payloadsTo, publish, texts } from './messages.ts'

const lasting = { properties: { sessionExpiryInterval: 1000 } }

/** A broker with `count` members of `$share/g/a`, with sessions that last. */
async function group(
  count: number,
  wish: TestBrokerWish & { qos?: 0 | 1 | 2 } = {},
): Promise<{ broker: TestBroker; members: RawClient[]; pub: RawClient }> {
  const broker = new TestBroker(wish)
  const members: RawClient[] = []
  for (let i = 0; i < count; i++) {
    const member = await broker.connect({ clientId: `m${i}`, ...lasting })
    await member.subscribe('$share/g/a', { qos: wish.qos ?? 1 })
    members.push(member)
  }
  return { broker, members, pub: await broker.connect({ clientId: 'p' }) }
}

/** How many messages each has got. */
function counts(members: readonly RawClient[]): number[] {
  return members.map((member) => cameTo(member).length)
}

describe('a message to a shared subscription', () => {
  const strategies = [
    'round_robin',
    'random',
    'sticky',
    'hash_clientid',
    'hash_topic',
    'local',
  ] as const satisfies readonly SharedSubscriptionStrategy[]

  test.each(strategies)('goes to just one member: %s', async (sharedSubscriptionStrategy) => {
    const { broker, members, pub } = await group(3, { channel: { sharedSubscriptionStrategy } })
    pub.send(...texts(30).map((payload) => ({ cmd: 'publish' as const, topic: 'a', payload })))
    await broker.settle()
    expect(members.flatMap(payloadsTo).sort()).toEqual(texts(30).sort())
  })

  test.each(['round_robin', 'local'] as const)(
    'goes to each member in turn: %s',
    async (sharedSubscriptionStrategy) => {
      const { broker, members, pub } = await group(3, { channel: { sharedSubscriptionStrategy } })
      for (const text of texts(9)) await publish(pub, 'a', text)
      await broker.settle()
      expect(counts(members)).toEqual([3, 3, 3])
      expect(members.map((member) => payloadsTo(member).map((n) => Number(n) % 3))).toEqual(
        members.map((member) => Array(3).fill(Number(payloadsTo(member)[0]) % 3)),
      )
    },
  )

  test('goes to any member: random', async () => {
    const wish = { channel: { sharedSubscriptionStrategy: 'random' } } as const
    const { broker, members, pub } = await group(3, wish)
    for (const text of texts(300)) await publish(pub, 'a', text)
    await broker.settle()
    for (const count of counts(members)) expect(count).toBeGreaterThan(60)
  })

  test('stays with one member until that goes: sticky', async () => {
    const wish = { channel: { sharedSubscriptionStrategy: 'sticky' } } as const
    const { broker, members, pub } = await group(3, wish)
    for (const text of texts(10)) await publish(pub, 'a', text)
    await broker.settle()
    expect([...counts(members)].sort((a, b) => a - b)).toEqual([0, 0, 10])
    const sticky = members.findIndex((member) => cameTo(member).length === 10)
    await members[sticky]?.drop()
    for (const text of texts(10)) await publish(pub, 'a', text)
    await broker.settle()
    expect([...counts(members)].sort((a, b) => a - b)).toEqual([0, 10, 10])
  })

  test.each([
    ['hash_clientid', 'publisher'],
    ['hash_topic', 'topic'],
  ] as const)('goes to the same member: %s, for the same %s', async (strategy, by) => {
    const broker = new TestBroker({ channel: { sharedSubscriptionStrategy: strategy } })
    const members: RawClient[] = []
    for (let i = 0; i < 4; i++) {
      const member = await broker.connect()
      await member.subscribe('$share/g/#')
      members.push(member)
    }
    for (let p = 0; p < 12; p++) {
      const pub = await broker.connect({ clientId: `p${p}` })
      for (let t = 0; t < 12; t++) await publish(pub, `t${t}`, `p${p} t${t}`)
    }
    await broker.settle()
    const keys = members.map(
      (member) =>
        new Set(payloadsTo(member).map((text) => text.split(' ')[by === 'topic' ? 1 : 0])),
    )
    expect(keys.reduce((sum, { size }) => sum + size, 0)).toBe(12)
    expect(keys.filter(({ size }) => size > 0).length).toBeGreaterThan(1)
    expect(counts(members).reduce((sum, count) => sum + count, 0)).toBe(144)
  })

  test('[MQTT-4.8.2-3] is sent at the lower of its QoS and that member’s', async () => {
    const { broker, pub } = await group(0)
    const members: RawClient[] = []
    for (const qos of [0, 1, 2] as const) {
      const member = await broker.connect()
      await member.subscribe('$share/g/a', { qos })
      members.push(member)
    }
    for (const text of texts(3)) await publish(pub, 'a', text, { qos: 2 })
    await broker.settle()
    expect(members.map((member) => cameTo(member).map(({ qos }) => qos))).toEqual([[0], [1], [2]])
  })

  test('goes to a member that is connected before one that is away, and else waits for one', async () => {
    const { broker, members, pub } = await group(3)
    await members[0]?.drop()
    await members[1]?.drop()
    for (const text of texts(4)) await publish(pub, 'a', text, { qos: 1 })
    await broker.settle()
    expect(counts(members)).toEqual([0, 0, 4])
    await members[2]?.drop()
    for (const text of texts(4, 4)) await publish(pub, 'a', text, { qos: 1 })
    const back = []
    for (const i of [0, 1, 2]) {
      back.push(await broker.connect({ clientId: `m${i}`, clean: false, ...lasting }))
      await broker.settle()
    }
    const fresh = back.flatMap((one) => cameTo(one).filter(({ dup }) => !dup))
    expect(fresh.map(({ payload }) => payload.toString()).sort()).toEqual(texts(4, 4))
  })
})

describe('groups', () => {
  test('a client with a plain subscription too gets both copies', async () => {
    const { members, pub } = await group(1)
    const [member] = members
    await member?.subscribe('a', { qos: 1 })
    await publish(pub, 'a', 'x', { qos: 1 })
    await member?.expectMany('publish', 2)
    await member?.expectSilence()
  })

  test('[MQTT-4.8.2-1] the same name with another filter is another group', async () => {
    const broker = new TestBroker()
    const one = await broker.connect()
    const two = await broker.connect()
    await one.subscribe('$share/g/a/b')
    await two.subscribe('$share/g/a/+')
    await publish(await broker.connect(), 'a/b', 'x')
    await broker.settle()
    expect(counts([one, two])).toEqual([1, 1])
  })

  test('[MQTT-4.8.2-1] each name gets a copy, and the filter behind it may have wildcards', async () => {
    const broker = new TestBroker()
    const clients = []
    for (const filter of ['$share/g/+/b', '$share/h/+/b', '$share/g/#', '$share/x y/a/b']) {
      const client = await broker.connect()
      expect((await client.subscribe(filter, { qos: 1 })).granted).toEqual([1])
      clients.push(client)
    }
    await publish(await broker.connect(), 'a/b', 'x')
    await broker.settle()
    expect(counts(clients)).toEqual([1, 1, 1, 1])
  })

  test('[MQTT-4.7.2-1] a shared # gets nothing that begins with $', async () => {
    const broker = new TestBroker()
    const client = await broker.connect()
    await client.subscribe('$share/g/#')
    await publish(await broker.connect(), '$own/a', 'x')
    await client.expectSilence()
  })

  test('a member that subscribes again counts once, with the new QoS', async () => {
    const { broker, members, pub } = await group(2)
    await members[0]?.subscribe('$share/g/a', { qos: 0 })
    for (const text of texts(4)) await publish(pub, 'a', text, { qos: 1 })
    await broker.settle()
    expect(counts(members)).toEqual([2, 2])
    expect(cameTo(members[0] as RawClient).map(({ qos }) => qos)).toEqual([0, 0])
  })

  test('a member that unsubscribes gets nothing more, and the last one ends the group', async () => {
    const { broker, members, pub } = await group(2)
    const leave = async (member: RawClient | undefined) => {
      member?.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['$share/g/a'] })
      await broker.settle()
    }
    await leave(members[0])
    for (const text of texts(2)) expect(await publish(pub, 'a', text, { qos: 1 })).toBe(0)
    await leave(members[1])
    expect(await publish(pub, 'a', 'nobody', { qos: 1 })).toBe(0x10)
    expect(counts(members)).toEqual([0, 2])
  })
})

describe('the end of a member’s session', () => {
  test('moves its QoS 1 in flight and its queue to other members', async () => {
    const { broker, members, pub } = await group(2, { session: { inflightMax: 2 } })
    const [first, second] = members as [RawClient, RawClient]
    await second.drop()
    for (const text of texts(6)) await publish(pub, 'a', text, { qos: 1 })
    await first.expectMany('publish', 2)
    await broker.settle()
    expect(cameTo(first)).toHaveLength(2)
    const back = await broker.connect({ clientId: 'm1', clean: false, ...lasting })
    await first.disconnect({ reasonCode: 0, properties: { sessionExpiryInterval: 0 } })
    for (const text of texts(6)) {
      const came = await back.expect('publish')
      expect(came).toMatchObject({ dup: false, qos: 1 })
      expect(came.payload.toString()).toBe(text)
      await acknowledge(back, came)
    }
    await back.expectSilence()
  })

  test('at its expiry does so too, and clean start', async () => {
    const { broker, members, pub } = await group(3)
    await members[1]?.drop()
    await members[2]?.drop()
    await publish(pub, 'a', 'one', { qos: 1 })
    await members[0]?.expect('publish')
    await members[0]?.drop()
    const two = await broker.connect({ clientId: 'm1', clean: false, ...lasting })
    await two.expectSilence()
    await broker.time.pass(1_000_001)
    expect(await nextPayload(two)).toBe('one')
    const last = await broker.connect({ clientId: 'm9', ...lasting })
    await last.subscribe('$share/g/a', { qos: 1 })
    await broker.connect({ clientId: 'm1', clean: true, ...lasting })
    expect(await nextPayload(last)).toBe('one')
  })

  test('[MQTT-3.3.2-5] moves nothing that has expired meanwhile', async () => {
    const { broker, members, pub } = await group(2)
    await members[1]?.drop()
    const properties = { messageExpiryInterval: 5 }
    await publish(pub, 'a', 'expired', { qos: 1, properties })
    await members[0]?.expect('publish')
    const back = await broker.connect({ clientId: 'm1', clean: false, ...lasting })
    await broker.time.pass(5000)
    await members[0]?.disconnect({ reasonCode: 0, properties: { sessionExpiryInterval: 0 } })
    await back.expectSilence()
    expect(broker.broker.metrics.deliveriesDropped.expired).toBe(1)
  })

  test('disconnecting alone moves nothing', async () => {
    const { broker, members, pub } = await group(2)
    await publish(pub, 'a', 'x', { qos: 1 })
    await broker.settle()
    const [holder, other] = counts(members)[0] === 1 ? members : [...members].reverse()
    await holder?.drop()
    await broker.time.pass(500_000)
    await other?.expectSilence()
    const id = holder === members[0] ? 'm0' : 'm1'
    const back = await broker.connect({ clientId: id, clean: false, ...lasting })
    expect(await nextPayload(back)).toBe('x')
  })

  test('[MQTT-4.8.2-4] a QoS 2 delivery goes on with the same member when it is back', async () => {
    const { broker, members, pub } = await group(2, { qos: 2 })
    await publish(pub, 'a', 'x', { qos: 2 })
    await broker.settle()
    const index = counts(members).indexOf(1)
    const { messageId } = await (members[index] as RawClient).expect('publish')
    await members[index]?.drop()
    await members[1 - index]?.expectSilence()
    const back = await broker.connect({ clientId: `m${index}`, clean: false, ...lasting })
    const again = await back.expect('publish')
    expect(again).toMatchObject({ messageId, dup: true, qos: 2 })
    await acknowledge(back, again)
    await back.expectSilence()
  })

  test('[MQTT-4.8.2-5] a QoS 2 delivery that was sent goes to nobody else', async () => {
    const { broker, members, pub } = await group(2, { qos: 2 })
    await publish(pub, 'a', 'x', { qos: 2 })
    await broker.settle()
    const index = counts(members).indexOf(1)
    const holder = members[index] as RawClient
    await holder.expect('publish')
    await holder.disconnect({ reasonCode: 0, properties: { sessionExpiryInterval: 0 } })
    await broker.settle()
    expect(broker.broker.sessions.has(`m${index}`)).toBe(false)
    await members[1 - index]?.expectSilence()
    expect(broker.broker.metrics.deliveriesDropped.session_end).toBe(1)
  })

  test.each([
    ['puback', 1],
    ['pubrec', 2],
  ] as const)(
    '[MQTT-4.8.2-6] what a member refused with %s ≥ 0x80 goes to nobody else',
    async (cmd, qos) => {
      const { broker, members, pub } = await group(2, { qos })
      await publish(pub, 'a', 'x', { qos })
      await broker.settle()
      const index = counts(members).indexOf(1)
      const holder = members[index] as RawClient
      const { messageId } = await holder.expect('publish')
      holder.send({ cmd, messageId, reasonCode: 0x80 })
      await holder.expectSilence()
      await holder.disconnect({ reasonCode: 0, properties: { sessionExpiryInterval: 0 } })
      await members[1 - index]?.expectSilence()
    },
  )
})
