import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { SharedGroup } from '../../src/broker/shared-group.ts'
import {
  type SharedSubscriptionStrategy,
  sharedSubscriptionStrategies,
} from '../../src/channel/options.ts'
import { messageOf, TestSubscriber, wanting } from './routing.ts'

const filter = '$share/g/a'
const random = new SeededRandom(1)

function groupOf(size: number): { group: SharedGroup<TestSubscriber>; clients: TestSubscriber[] } {
  const group = new SharedGroup<TestSubscriber>(filter)
  const clients = Array.from({ length: size }, (_, i) => new TestSubscriber(`c${i}`))
  for (const client of clients) group.join(client, wanting())
  return { group, clients }
}

function picks(
  group: SharedGroup<TestSubscriber>,
  strategy: SharedSubscriptionStrategy,
  count: number,
) {
  const message = messageOf('a')
  return Array.from({ length: count }, () => {
    return group.pick(message, strategy, random)?.subscriber.clientId
  })
}

test('[MQTT-4.8.2-3] each member gets messages at its own QoS, with its own identifier', () => {
  const group = new SharedGroup<TestSubscriber>(filter)
  group.join(new TestSubscriber('c0'), wanting({ qos: 1, subscriptionId: 5 }))
  group.join(new TestSubscriber('c1'), wanting({ qos: 0 }))
  const message = messageOf('a', { qos: 2 })
  const first = group.pick(message, 'round_robin', random)?.delivery
  expect(first).toMatchObject({ qos: 1, subscriptionIds: [5], shared: filter })
  const second = group.pick(message, 'round_robin', random)?.delivery
  expect(second).toMatchObject({ qos: 0, subscriptionIds: undefined, shared: filter })
})

test('pickExcept never answers the client whose session ended', () => {
  for (const strategy of sharedSubscriptionStrategies) {
    const { group, clients } = groupOf(3)
    const message = messageOf('a', { qos: 1 })
    for (let i = 0; i < 20; i++) {
      const member = group.pickExcept('c1', message, strategy, random)
      expect(['c0', 'c2']).toContain(member?.subscriber.clientId)
    }
    group.leave(clients[0] as TestSubscriber)
    group.leave(clients[2] as TestSubscriber)
    expect(group.pickExcept('c1', message, strategy, random)).toBeUndefined()
    expect(group.pick(message, strategy, random)?.subscriber.clientId).toBe('c1')
  }
})

describe('with any strategy', () => {
  test.each(sharedSubscriptionStrategies)(
    '%s prefers a writable socket, then a connection, then any',
    (strategy) => {
      const { group, clients } = groupOf(4)
      const [c0, c1, c2, c3] = clients as [
        TestSubscriber,
        TestSubscriber,
        TestSubscriber,
        TestSubscriber,
      ]
      c0.leave()
      c1.stall()
      c2.leave()
      expect(new Set(picks(group, strategy, 20))).toEqual(new Set(['c3']))
      c3.leave()
      expect(new Set(picks(group, strategy, 20))).toEqual(new Set(['c1']))
      c1.leave()
      expect(picks(group, strategy, 1)[0]).toBeDefined()
    },
  )

  test.each(sharedSubscriptionStrategies)(
    '%s answers nobody in an empty group and the only one in a small',
    (strategy) => {
      expect(picks(groupOf(0).group, strategy, 1)).toEqual([undefined])
      expect(picks(groupOf(1).group, strategy, 2)).toEqual(['c0', 'c0'])
    },
  )
})

describe('round robin', () => {
  test('gives everybody the same number of turns', () => {
    const { group } = groupOf(3)
    expect(picks(group, 'round_robin', 6)).toEqual(['c0', 'c1', 'c2', 'c0', 'c1', 'c2'])
  })

  test('is fair among those that are there', () => {
    const { group, clients } = groupOf(4)
    clients[1]?.leave()
    clients[2]?.leave()
    expect(picks(group, 'round_robin', 4)).toEqual(['c0', 'c3', 'c0', 'c3'])
  })

  test('nobody loses the turn of a round when another leaves', () => {
    for (let left = 0; left < 5; left++) {
      for (let served = 0; served < 5; served++) {
        const { group, clients } = groupOf(5)
        const round = picks(group, 'round_robin', served)
        group.leave(clients[left] as TestSubscriber)
        group.checkInvariants()
        const rest = clients.map((c) => c.clientId).filter((id) => id !== `c${left}`)
        const waiting = rest.filter((id) => !round.includes(id))
        expect(picks(group, 'round_robin', waiting.length).sort()).toEqual(waiting)
        expect(picks(group, 'round_robin', rest.length).sort()).toEqual(rest)
      }
    }
  })
})

test('random reaches everybody', () => {
  expect(new Set(picks(groupOf(5).group, 'random', 200)).size).toBe(5)
})

describe('sticky', () => {
  test('keeps its member until it leaves', () => {
    const { group, clients } = groupOf(5)
    const [first] = picks(group, 'sticky', 1)
    clients.find((client) => client.clientId === first)?.stall()
    expect(new Set(picks(group, 'sticky', 10))).toEqual(new Set([first]))
    group.leave(clients.find((client) => client.clientId === first) as TestSubscriber)
    const next = new Set(picks(group, 'sticky', 10))
    expect(next.size).toBe(1)
    expect(next).not.toContain(first)
  })

  test('moves when its member goes offline, and not among those that are all away', () => {
    const { group, clients } = groupOf(5)
    const [first] = picks(group, 'sticky', 1)
    for (const client of clients) client.leave()
    expect(new Set(picks(group, 'sticky', 20))).toEqual(new Set([first]))
    const other = clients.find((client) => client.clientId !== first) as TestSubscriber
    other.isConnected = true
    expect(new Set(picks(group, 'sticky', 10))).toEqual(new Set([other.clientId]))
  })

  test('keeps its member when that replaces its subscription', () => {
    const { group, clients } = groupOf(5)
    const [first] = picks(group, 'sticky', 1)
    const client = clients.find((c) => c.clientId === first) as TestSubscriber
    expect(group.join(client, wanting({ qos: 2 }))).toBe(false)
    const member = group.pick(messageOf('a'), 'sticky', random)
    expect([member?.subscriber, member?.delivery.qos]).toEqual([client, 2])
  })
})

describe('hashing', () => {
  test('one publisher always reaches the same member, many reach all', () => {
    const { group } = groupOf(4)
    const memberFor = (from: string) => {
      return group.pick(messageOf('a', { from }), 'hash_clientid', random)?.subscriber.clientId
    }
    expect(memberFor('p1')).toBe(memberFor('p1'))
    expect(new Set(Array.from({ length: 100 }, (_, i) => memberFor(`p${i}`))).size).toBe(4)
  })

  test('one topic always reaches the same member, many reach all', () => {
    const { group } = groupOf(4)
    const memberFor = (topic: string) => {
      return group.pick(messageOf(topic), 'hash_topic', random)?.subscriber.clientId
    }
    expect(memberFor('a/1')).toBe(memberFor('a/1'))
    expect(new Set(Array.from({ length: 100 }, (_, i) => memberFor(`a/${i}`))).size).toBe(4)
  })
})

test('a large group knows its members: joining again replaces, leaving removes one', () => {
  const { group, clients } = groupOf(1000)
  for (const client of clients) expect(group.join(client, wanting({ qos: 1 }))).toBe(false)
  expect(group.size).toBe(1000)
  for (const client of clients.slice(0, 999)) expect(group.leave(client)).toBe(true)
  expect(group.leave(clients[0] as TestSubscriber)).toBe(false)
  group.checkInvariants()
  expect(group.members.map((member) => member.subscriber.clientId)).toEqual(['c999'])
})
