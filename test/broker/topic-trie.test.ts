import { describe, expect, test } from 'vitest'
import { TopicTrie } from '../../src/broker/topic-trie.ts'
import { ReasonCode } from '../../src/mqtt/reason-code.ts'
import { checkTopicFilter } from '../../src/mqtt/topic.ts'

function trieOf(keys: string[]): TopicTrie<string> {
  const trie = new TopicTrie<string>()
  for (const key of keys) trie.set(key, key)
  return trie
}

function filtersFor(topic: string, filters: string[]): string[] {
  const found: string[] = []
  trieOf(filters).matchTopic(topic, found)
  return found.sort()
}

function topicsFor(filter: string, topics: string[]): string[] {
  const found: string[] = []
  trieOf(topics).matchFilter(filter, found)
  return found.sort()
}

describe('what may be a key', () => {
  test('[MQTT-4.7.1-1] a filter with # stands alone or behind a separator, and last', () => {
    for (const filter of ['#', 'a/#', '/#', '+/#']) expect(checkTopicFilter(filter)).toBeUndefined()
    for (const filter of ['a#', 'a/b#', '#/a', 'a/#/b', '##']) {
      expect(checkTopicFilter(filter)?.code).toBe(ReasonCode.TopicFilterInvalid)
    }
  })

  test('[MQTT-4.7.1-2] a + takes a whole level', () => {
    for (const filter of ['+', '+/a', 'a/+/b', '/+'])
      expect(checkTopicFilter(filter)).toBeUndefined()
    for (const filter of ['a+', '+a', 'a/b+/c', '++']) {
      expect(checkTopicFilter(filter)?.code).toBe(ReasonCode.TopicFilterInvalid)
    }
  })
})

describe('a trie of filters', () => {
  test('# stands for its parent and any number of levels', () => {
    const filters = ['#', 'sport/#', 'sport/tennis/#', 'sport/tennis/player1/#', 'other/#']
    expect(filtersFor('sport', filters)).toEqual(['#', 'sport/#'])
    expect(filtersFor('sport/tennis/player1', filters)).toEqual([
      '#',
      'sport/#',
      'sport/tennis/#',
      'sport/tennis/player1/#',
    ])
  })

  test('+ stands for exactly one level, which may be empty', () => {
    const filters = ['+', '/+', '+/+', 'sport/+', 'sport/+/player1', '+/tennis/#', 'sport/tennis']
    expect(filtersFor('sport', filters)).toEqual(['+'])
    expect(filtersFor('/finance', filters)).toEqual(['+/+', '/+'])
    expect(filtersFor('sport/', filters)).toEqual(['+/+', 'sport/+'])
    expect(filtersFor('sport/tennis', filters)).toEqual([
      '+/+',
      '+/tennis/#',
      'sport/+',
      'sport/tennis',
    ])
  })

  test('[MQTT-4.7.2-1] a wildcard in the first level matches no topic that begins with $', () => {
    const filters = ['#', '+/monitor', '+/monitor/#', '+/#', '$SYS/#', '$SYS/+', '$SYS/monitor/+']
    expect(filtersFor('$SYS/monitor', filters)).toEqual(['$SYS/#', '$SYS/+'])
    expect(filtersFor('$SYS/monitor/Clients', filters)).toEqual(['$SYS/#', '$SYS/monitor/+'])
    expect(filtersFor('$', ['#', '+', '+/#'])).toEqual([])
  })

  test('[MQTT-4.7.3-4] names are compared as they stand: case, spaces, empty levels, no normalisation', () => {
    const filters = ['ACCOUNTS/+', 'Accounts/+', 'a//+', 'a/+', 'Acc ounts/+', 'caf\u00e9/+']
    expect(filtersFor('Accounts/x', filters)).toEqual(['Accounts/+'])
    expect(filtersFor('a//x', filters)).toEqual(['a//+'])
    expect(filtersFor('cafe\u0301/x', filters)).toEqual([])
    expect(filtersFor('caf\u00e9/x', filters)).toEqual(['caf\u00e9/+'])
  })

  test('is as deep as a topic can be without growing the call stack', () => {
    const deep = 'a/'.repeat(32_000)
    const trie = trieOf([`${deep}#`, `${deep}+`])
    const found: string[] = []
    trie.matchTopic(`${deep}x`, found)
    expect(found.length).toBe(2)
    expect(trie.delete(`${deep}+`)).toBe(true)
    expect(trie.delete(`${deep}#`)).toBe(true)
    expect(trie.size).toBe(0)
  })
})

describe('a trie of names', () => {
  const topics = ['a', 'a/b', 'a/b/c', 'a/c', '/a', '$SYS', '$SYS/a', 'b']

  test('# finds the parent and everything below', () => {
    expect(topicsFor('a/#', topics)).toEqual(['a', 'a/b', 'a/b/c', 'a/c'])
    expect(topicsFor('a/b/c/#', topics)).toEqual(['a/b/c'])
  })

  test('+ finds one level', () => {
    expect(topicsFor('+', topics)).toEqual(['a', 'b'])
    expect(topicsFor('a/+', topics)).toEqual(['a/b', 'a/c'])
    expect(topicsFor('+/+', topics)).toEqual(['/a', 'a/b', 'a/c'])
  })

  test('[MQTT-4.7.2-1] a wildcard in the first level finds no $ topic', () => {
    expect(topicsFor('#', topics)).toEqual(['/a', 'a', 'a/b', 'a/b/c', 'a/c', 'b'])
    expect(topicsFor('+/a', topics)).toEqual(['/a'])
    expect(topicsFor('$SYS/#', topics)).toEqual(['$SYS', '$SYS/a'])
    expect(topicsFor('#', ['$SYS/a'])).toEqual([])
  })

  test('a name without wildcards finds itself', () => {
    expect(topicsFor('a/b', topics)).toEqual(['a/b'])
    expect(topicsFor('a/x', topics)).toEqual([])
  })
})

test('a key that begins another keeps its own value', () => {
  const trie = trieOf(['a/b/c', 'a', 'a/b'])
  expect([trie.get('a'), trie.get('a/b'), trie.get('a/b/c')]).toEqual(['a', 'a/b', 'a/b/c'])
  expect(trie.get('a/b/')).toBeUndefined()
  expect(trie.delete('a/b')).toBe(true)
  expect(trie.delete('a/b')).toBe(false)
  expect([trie.get('a'), trie.get('a/b'), trie.get('a/b/c')]).toEqual(['a', undefined, 'a/b/c'])
  expect(trie.size).toBe(2)
})
