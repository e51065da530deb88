import { describe, expect, test } from 'vitest'
import { Router } from '../../src/broker/router.ts'
import { TestSubscriber, wanting } from './routing.ts'

const [alice, bob] = [new TestSubscriber('alice'), new TestSubscriber('bob')]

function newRouter(cachedTopicsMax = 100, cachedTargetsMax = 1000): Router<TestSubscriber> {
  return new Router({ cachedTopicsMax, cachedTargetsMax })
}

function clientsOf(router: Router<TestSubscriber>, topic: string): string[] {
  return router.match(topic).targets.map((target) => target.subscriber.clientId)
}

describe('overlapping subscriptions of one client', () => {
  function targetOfAlice(...wishes: [string, Parameters<typeof wanting>[0]][]) {
    const router = newRouter()
    for (const [filter, wish] of wishes) router.subscribe(alice, filter, wanting(wish))
    const { targets } = router.match('a/b')
    expect(targets.length).toBe(1)
    return targets[0]
  }

  test('[MQTT-3.3.4-2] one copy goes at the highest of their QoS', () => {
    const target = targetOfAlice(['a/b', { qos: 1 }], ['a/+', { qos: 2 }], ['#', { qos: 0 }])
    expect(target?.delivery.qos).toBe(2)
  })

  test('[MQTT-3.3.4-3] a copy for a subscription with an identifier carries it', () => {
    const target = targetOfAlice(['a/b', { subscriptionId: 268_435_455 }])
    expect(target?.delivery.subscriptionIds).toEqual([268_435_455])
  })

  test('[MQTT-3.3.4-4] one copy carries all identifiers, ascending, one given twice twice', () => {
    const target = targetOfAlice(
      ['a/b', { subscriptionId: 7 }],
      ['a/+', { subscriptionId: 100 }],
      ['+/b', { subscriptionId: 7 }],
      ['#', { subscriptionId: 2 }],
      ['a/#', {}],
    )
    expect(target?.delivery.subscriptionIds).toEqual([2, 7, 7, 100])
  })

  test('[MQTT-3.3.4-5] copies for different clients carry their own identifiers only', () => {
    const router = newRouter()
    router.subscribe(alice, 'a', wanting({ subscriptionId: 1 }))
    router.subscribe(bob, 'a', wanting({ subscriptionId: 2 }))
    router.subscribe(bob, '#', wanting({ subscriptionId: 3 }))
    const ids = router
      .match('a')
      .targets.map((t) => [t.subscriber.clientId, t.delivery.subscriptionIds])
    expect(new Map(ids as [string, number[]][])).toEqual(
      new Map([
        ['alice', [1]],
        ['bob', [2, 3]],
      ]),
    )
  })

  test('the one with the highest QoS says whether RETAIN is kept; of several, any', () => {
    const kept = { qos: 1, retainAsPublished: true } as const
    expect(targetOfAlice(['#', kept], ['a/b', { qos: 0 }])?.delivery.retainAsPublished).toBe(true)
    expect(targetOfAlice(['#', kept], ['a/b', { qos: 2 }])?.delivery.retainAsPublished).toBe(false)
    expect(targetOfAlice(['a/b', { qos: 1 }], ['#', kept])?.delivery.retainAsPublished).toBe(true)
  })

  test('[MQTT-3.8.3-3] the publisher gets what its subscriptions without No Local ask for', () => {
    const target = targetOfAlice(
      ['a/b', { qos: 2, noLocal: true, subscriptionId: 1 }],
      ['a/+', { qos: 1, subscriptionId: 2 }],
    )
    expect(target?.delivery).toMatchObject({ qos: 2, subscriptionIds: [1, 2] })
    expect(target?.ownDelivery).toMatchObject({ qos: 1, subscriptionIds: [2] })
  })

  test('[MQTT-3.8.3-3] the publisher gets nothing when all its subscriptions have No Local', () => {
    const target = targetOfAlice(['a/b', { noLocal: true }], ['#', { qos: 1, noLocal: true }])
    expect(target?.ownDelivery).toBeUndefined()
    expect(target?.delivery.qos).toBe(1)
  })

  test('without No Local the publisher gets the same delivery as others would', () => {
    const target = targetOfAlice(['a/b', { subscriptionId: 1 }], ['#', { qos: 1 }])
    expect(target?.ownDelivery).toBe(target?.delivery)
  })
})

describe('changes', () => {
  test('[MQTT-3.8.4-3] the same filter again replaces the options and is no second subscription', () => {
    const router = newRouter()
    for (const filter of ['a', '+', '$share/g/a']) {
      router.subscribe(alice, filter, wanting({ qos: 0 }))
      router.subscribe(alice, filter, wanting({ qos: 2 }))
    }
    expect(router.subscriptionCount).toBe(3)
    const { targets, groups } = router.match('a')
    expect(targets.map((target) => target.delivery.qos)).toEqual([2])
    expect(groups[0]?.members.map((member) => member.delivery.qos)).toEqual([2])
  })

  test('[MQTT-3.10.4-1] only exactly the same filter is removed', () => {
    const router = newRouter()
    router.subscribe(alice, 'a/+', wanting())
    expect(router.unsubscribe(alice, 'a/#')).toBe(false)
    expect(router.unsubscribe(alice, 'a/b')).toBe(false)
    expect(router.unsubscribe(alice, '$share/g/a/+')).toBe(false)
    expect(router.unsubscribe(bob, 'a/+')).toBe(false)
    expect(clientsOf(router, 'a/b')).toEqual(['alice'])
    expect(router.unsubscribe(alice, 'a/+')).toBe(true)
    expect(clientsOf(router, 'a/b')).toEqual([])
    expect([router.subscriptionCount, router.topicCount]).toEqual([0, 0])
  })

  test('[MQTT-4.7.3-4] a filter is compared with a name as it stands', () => {
    const router = newRouter()
    router.subscribe(alice, 'caf\u00e9', wanting())
    expect(clientsOf(router, 'cafe\u0301')).toEqual([])
    expect(clientsOf(router, 'caf\u00e9')).toEqual(['alice'])
    expect(clientsOf(router, 'caf\u00e9/')).toEqual([])
  })

  test('[MQTT-4.7.2-1] # and +/monitor do not match $SYS/monitor', () => {
    const router = newRouter()
    router.subscribe(alice, '#', wanting())
    router.subscribe(alice, '+/monitor', wanting())
    router.subscribe(alice, '$share/g/+/monitor', wanting())
    expect(router.match('$SYS/monitor').targets).toEqual([])
    expect(router.match('$SYS/monitor').groups).toEqual([])
    router.subscribe(alice, '$SYS/#', wanting())
    expect(clientsOf(router, '$SYS/monitor')).toEqual(['alice'])
  })

  test('counts subscriptions, shared ones and filters', () => {
    const router = newRouter()
    for (const filter of ['a', '+', '$share/g/a', '$share/h/a']) {
      router.subscribe(alice, filter, wanting())
      router.subscribe(bob, filter, wanting())
    }
    expect(router.subscriptionCount).toBe(8)
    expect(router.sharedSubscriptionCount).toBe(4)
    expect(router.topicCount).toBe(4)
  })
})

describe('shared filters', () => {
  test('a filter and a name make a group: other name or filter, other group', () => {
    const router = newRouter()
    const filters = ['$share/g/a', '$share/h/a', '$share/g/+', '$share/g/b']
    for (const filter of filters) router.subscribe(alice, filter, wanting())
    const groups = router.match('a').groups.map((group) => group.filter)
    expect(groups.sort()).toEqual(['$share/g/+', '$share/g/a', '$share/h/a'])
  })

  test('a client that shares a filter and has it alone gets both', () => {
    const router = newRouter()
    router.subscribe(alice, '$share/g/a', wanting())
    router.subscribe(alice, 'a', wanting())
    expect(clientsOf(router, 'a')).toEqual(['alice'])
    expect(router.match('a').groups.map((group) => group.size)).toEqual([1])
  })

  test('a group without members is gone, also from cached matches', () => {
    const router = newRouter()
    router.subscribe(alice, '$share/g/+', wanting())
    router.subscribe(bob, '$share/g/+', wanting())
    const match = router.match('a')
    router.unsubscribe(alice, '$share/g/+')
    expect(router.match('a')).toBe(match)
    router.unsubscribe(bob, '$share/g/+')
    expect(router.match('a').groups).toEqual([])
    expect(router.sharedGroup('$share/g/+')).toBeUndefined()
  })
})

describe('the match cache', () => {
  test('answers a topic that nothing changed with the same match', () => {
    const router = newRouter()
    router.subscribe(alice, 'a/+', wanting())
    expect(router.match('a/b')).toBe(router.match('a/b'))
  })

  test('a change to one filter does not empty the cache for other topics', () => {
    const router = newRouter()
    const topics = ['a', 'a/b', 'a/c', 'a/b/c', 'b', '$SYS/b']
    const forget = (change: () => void): string[] => {
      for (const topic of topics) router.match(topic)
      expect(router.cachedTopicCount).toBe(topics.length)
      change()
      return topics.filter((topic) => !router.isCached(topic))
    }
    expect(forget(() => router.subscribe(alice, 'a/b', wanting()))).toEqual(['a/b'])
    expect(forget(() => router.subscribe(alice, 'a/+', wanting()))).toEqual(['a/b', 'a/c'])
    expect(forget(() => router.unsubscribe(alice, 'a/+'))).toEqual(['a/b', 'a/c'])
    expect(forget(() => router.subscribe(alice, 'a/b/#', wanting()))).toEqual(['a/b', 'a/b/c'])
    expect(forget(() => router.subscribe(bob, '$share/g/+/c', wanting()))).toEqual(['a/c'])
    expect(forget(() => router.subscribe(alice, '$share/g/+/c', wanting()))).toEqual([])
    expect(forget(() => router.unsubscribe(bob, 'a/b'))).toEqual([])
    expect(forget(() => router.subscribe(alice, 'a/b', wanting()))).toEqual([])
    expect(forget(() => router.subscribe(bob, '#', wanting()))).not.toContain('$SYS/b')
  })

  test('holds no more topics than its limit and drops those nobody asked for first', () => {
    const router = newRouter(10)
    for (let i = 0; i < 10; i++) router.match(`old/${i}`)
    router.match('old/3')
    for (let i = 0; i < 9; i++) router.match(`new/${i}`)
    expect(router.cachedTopicCount).toBe(10)
    expect(router.isCached('old/3')).toBe(true)
    expect(router.isCached('new/8')).toBe(true)
    for (let i = 0; i < 10_000; i++) router.match(`newer/${i}`)
    router.checkInvariants()
    expect(router.cachedTopicCount).toBe(10)
  })

  test('holds no more targets than its limit, and not a topic that alone is above it', () => {
    const router = newRouter(100, 30)
    for (let i = 0; i < 9; i++) {
      router.subscribe(new TestSubscriber(`c${i}`), 'fan/#', wanting())
    }
    for (let i = 0; i < 10; i++) router.match(`fan/${i}`)
    expect(router.cachedTopicCount).toBe(3)
    router.checkInvariants()
    for (let i = 0; i < 30; i++) router.subscribe(new TestSubscriber(`d${i}`), 'big', wanting())
    expect(router.match('big').targets.length).toBe(30)
    expect(router.isCached('big')).toBe(false)
  })

  test('a filter for nearly everything empties a large cache at once', () => {
    const router = newRouter(5000, 100_000)
    for (let i = 0; i < 5000; i++) router.match(`t/${i}`)
    router.subscribe(alice, 't/#', wanting())
    expect(router.cachedTopicCount).toBe(0)
    expect(clientsOf(router, 't/1')).toEqual(['alice'])
    for (let i = 0; i < 6000; i++) router.match(`t/${i}`)
    expect(router.cachedTopicCount).toBe(5000)
  })
})
