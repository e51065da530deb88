import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultRetainedOptions, RetainedStore } from '../../src/broker/retained.ts'
import { Router } from '../../src/broker/router.ts'
import { TopicTrie } from '../../src/broker/topic-trie.ts'
import type { SubscriptionOptions } from '../../src/mqtt/subscription.ts'
import { parseSharedFilter, topicMatches } from '../../src/mqtt/topic.ts'
import { messageOf, plainlyMatches, TestSubscriber } from './routing.ts'

/** Few levels out of few words, so that filters and names meet often. */
const word = fc.constantFrom('a', 'b', '', '$SYS', 'ab')
const topicName = fc
  .array(word, { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'))
  .filter((topic) => topic !== '')
const topicFilter = fc
  .tuple(
    fc.array(fc.oneof({ weight: 3, arbitrary: word }, fc.constant('+')), { maxLength: 4 }),
    fc.boolean(),
  )
  .map(([levels, isMany]) => (isMany ? [...levels, '#'] : levels).join('/'))
  .filter((filter) => filter !== '')
const anyFilter = fc.oneof(
  { weight: 3, arbitrary: topicFilter },
  fc.tuple(fc.constantFrom('g', 'h'), topicFilter).map(([g, filter]) => `$share/${g}/${filter}`),
)
const options: fc.Arbitrary<SubscriptionOptions> = fc.record({
  qos: fc.constantFrom(0, 1, 2),
  noLocal: fc.boolean(),
  retainAsPublished: fc.boolean(),
  retainHandling: fc.constant(0),
  subscriptionId: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
})

test('[MQTT-4.7.2-1] topicMatches is the rule as it is written', () => {
  fc.assert(
    fc.property(topicFilter, topicName, (filter, topic) => {
      expect(topicMatches(filter, topic)).toBe(plainlyMatches(filter, topic))
    }),
    { numRuns: 3000 },
  )
})

test('a trie answers like a list of its keys, and is empty when all are gone', () => {
  const key = fc.oneof(topicName, topicFilter)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('set', 'delete'), key), { maxLength: 60 }),
      fc.array(topicName, { maxLength: 5 }),
      (steps, topics) => {
        const trie = new TopicTrie<number>()
        const model = new Map<string, number>()
        steps.forEach(([step, key], i) => {
          if (step === 'delete') expect(trie.delete(key)).toBe(model.delete(key))
          else {
            trie.set(key, i)
            model.set(key, i)
          }
        })
        trie.checkInvariants()
        expect(trie.size).toBe(model.size)
        for (const [key, value] of model) expect(trie.get(key)).toBe(value)
        for (const topic of topics) {
          const found: number[] = []
          trie.matchTopic(topic, found)
          const wanted = [...model].filter(([key]) => plainlyMatches(key, topic))
          expect(found.sort()).toEqual(wanted.map(([, value]) => value).sort())
        }
        for (const key of model.keys()) expect(trie.delete(key)).toBe(true)
        expect(trie.size).toBe(0)
        const found: number[] = []
        trie.matchFilter('#', found)
        expect(found).toEqual([])
      },
    ),
    { numRuns: 500 },
  )
})

/** A subscription as the model keeps it. */
interface Held {
  readonly client: TestSubscriber
  readonly filter: string
  readonly options: SubscriptionOptions
}

/** All subscriptions in a list, and the rules of overlap said in one sentence each. */
class NaiveRouter {
  held: Held[] = []

  subscribe(held: Held): void {
    this.unsubscribe(held.client, held.filter)
    this.held.push(held)
  }

  unsubscribe(client: TestSubscriber, filter: string): boolean {
    const kept = this.held.filter((held) => held.client !== client || held.filter !== filter)
    const isThere = kept.length < this.held.length
    this.held = kept
    return isThere
  }

  targets(topic: string) {
    const matching = this.held.filter((held) => plainlyMatches(held.filter, topic))
    return [...new Set(matching.map((held) => held.client))].map((client) => {
      const mine = matching.filter((held) => held.client === client).map((held) => held.options)
      return {
        client: client.clientId,
        delivery: naiveDelivery(mine),
        own: naiveDelivery(mine.filter((each) => !each.noLocal)),
      }
    })
  }

  groups(topic: string): string[] {
    const matching = this.held.filter((held) => {
      const shared = parseSharedFilter(held.filter)
      return shared !== undefined && plainlyMatches(shared.filter, topic)
    })
    return matching.map((held) => `${held.filter} ${held.client.clientId} ${held.options.qos}`)
  }
}

function naiveDelivery(all: SubscriptionOptions[]) {
  if (all.length === 0) return undefined
  const qos = Math.max(...all.map((each) => each.qos))
  const ids = all.flatMap((each) => each.subscriptionId ?? []).sort((a, b) => a - b)
  return {
    qos,
    retainAsPublished: all.some((each) => each.qos === qos && each.retainAsPublished),
    subscriptionIds: ids.length === 0 ? undefined : ids,
    shared: undefined,
  }
}

describe('the router answers like a list of all subscriptions, whatever it remembers', () => {
  const clients = ['c0', 'c1', 'c2', 'c3'].map((clientId) => new TestSubscriber(clientId))
  const client = fc.constantFrom(...clients)
  const step = fc.oneof(
    fc.record({ kind: fc.constant('subscribe' as const), client, filter: anyFilter, options }),
    fc.record({ kind: fc.constant('unsubscribe' as const), client, filter: anyFilter }),
    fc.record({ kind: fc.constant('match' as const), topic: topicName }),
  )

  function check(router: Router<TestSubscriber>, naive: NaiveRouter, topic: string): void {
    const match = router.match(topic)
    const targets = match.targets.map((target) => ({
      client: target.subscriber.clientId,
      delivery: target.delivery,
      own: target.ownDelivery,
    }))
    const byClient = (a: { client: string }, b: { client: string }) =>
      a.client < b.client ? -1 : 1
    expect(targets.sort(byClient)).toEqual(naive.targets(topic).sort(byClient))
    const members = match.groups.flatMap((group) =>
      group.members.map((member) => {
        return `${group.filter} ${member.subscriber.clientId} ${member.delivery.qos}`
      }),
    )
    expect(members.sort()).toEqual(naive.groups(topic).sort())
  }

  test.each([0, 3, 1000])('with up to %i topics remembered', (cachedTopicsMax) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const router = new Router<TestSubscriber>({ cachedTopicsMax, cachedTargetsMax: 1000 })
        const naive = new NaiveRouter()
        for (const each of steps) {
          if (each.kind === 'match') check(router, naive, each.topic)
          else if (each.kind === 'subscribe') {
            router.subscribe(each.client, each.filter, each.options)
            naive.subscribe(each)
          } else {
            const isThere = naive.unsubscribe(each.client, each.filter)
            expect(router.unsubscribe(each.client, each.filter)).toBe(isThere)
          }
        }
        router.checkInvariants()
        expect(router.subscriptionCount).toBe(naive.held.length)
        expect(router.topicCount).toBe(new Set(naive.held.map((held) => held.filter)).size)
        for (const each of steps) if (each.kind === 'match') check(router, naive, each.topic)
      }),
      { numRuns: 700 },
    )
  })
})

test('the retained messages that match are those of a list of them', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('set' as const),
      topic: topicName,
      payload: fc.constantFrom('', 'x', 'yy'),
      expiresAt: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(Number.POSITIVE_INFINITY)),
    }),
    fc.record({ kind: fc.constant('match' as const), filter: topicFilter }),
    fc.record({ kind: fc.constant('wait' as const), by: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ kind: fc.constant('sweep' as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const store = new RetainedStore(defaultRetainedOptions)
      const model = new Map<string, { payload: string; expiresAt: number }>()
      let now = 0
      for (const each of steps) {
        if (each.kind === 'set') {
          store.set(messageOf(each.topic, each))
          if (each.payload === '') model.delete(each.topic)
          else model.set(each.topic, each)
        } else if (each.kind === 'wait') now += each.by
        else if (each.kind === 'sweep') {
          for (const [topic, { expiresAt }] of model) if (expiresAt <= now) model.delete(topic)
          const times = [...model.values()].map((m) => m.expiresAt).filter(Number.isFinite)
          expect(store.removeExpired(now, () => {})).toBe(
            times.length > 0 ? Math.min(...times) : undefined,
          )
          expect(store.count).toBe(model.size)
        } else {
          const wanted = [...model].filter(
            ([topic, { expiresAt }]) => expiresAt > now && plainlyMatches(each.filter, topic),
          )
          const found = store
            .find(each.filter, now)
            .map((m) => `${m.topic}=${m.toMessage()?.payload}`)
          store.checkInvariants()
          expect(found.sort()).toEqual(wanted.map(([t, m]) => `${t}=${m.payload}`).sort())
        }
      }
    }),
    { numRuns: 1000 },
  )
})
