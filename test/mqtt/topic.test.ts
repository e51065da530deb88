import { expect, test } from 'vitest'
import { ReasonCode, reasonName } from '../../src/mqtt/reason-code.ts'
import {
  checkTopicFilter,
  checkTopicName,
  hasWildcard,
  isSharedFilter,
  parseSharedFilter,
  topicMatches,
} from '../../src/mqtt/topic.ts'

test.each(['a', '/', '//', 'a//b', ' ', '$SYS/x', 'é/日本', 'a'.repeat(65535)])(
  '[MQTT-4.7.3-1] a topic name: %.20s',
  (name) => {
    expect(checkTopicName(name)).toBeUndefined()
    expect(checkTopicFilter(name)).toBeUndefined()
  },
)

test.each(['', 'a/+', '#', 'a+', 'a\0b'])(
  '[MQTT-4.7.0-1] [MQTT-4.7.3-2] no topic name: %j',
  (name) => {
    expect(checkTopicName(name)?.code).toBe(ReasonCode.TopicNameInvalid)
  },
)

test.each([
  '#',
  '+',
  '+/+',
  '/+',
  '+/',
  'a/+/b/#',
  '$share/g/#',
  '$share/g//',
  '$shared',
  '$share2/x',
])('[MQTT-4.7.1-1] [MQTT-4.7.1-2] a topic filter: %s', (filter) => {
  expect(checkTopicFilter(filter)).toBeUndefined()
})

test.each(['', 'a#', '#/a', 'a/#/b', '+a', 'a/b+', '##', '++', 'a\0'])(
  '[MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-2] no topic filter: %j',
  (filter) => {
    expect(checkTopicFilter(filter)?.code).toBe(ReasonCode.TopicFilterInvalid)
  },
)

test.each([
  '$share',
  '$share/',
  '$share/g',
  '$share/g/',
  '$share//a',
  '$share/+/a',
  '$share/g#/a',
  '$share/g/a#',
])('[MQTT-4.8.2-1] [MQTT-4.8.2-2] no shared subscription: %s', (filter) => {
  expect(isSharedFilter(filter)).toBe(true)
  expect(checkTopicFilter(filter)?.code).toBe(ReasonCode.TopicFilterInvalid)
})

test('[MQTT-4.8.2-1] a shared filter is its group and its filter', () => {
  expect(parseSharedFilter('$share/g/a/+')).toEqual({ group: 'g', filter: 'a/+' })
  expect(parseSharedFilter('$share/g//')).toEqual({ group: 'g', filter: '/' })
  expect(parseSharedFilter('a/b')).toBeUndefined()
  expect([hasWildcard('a/+'), hasWildcard('a/#'), hasWildcard('a')]).toEqual([true, true, false])
})

test('levels are counted, those of a shared filter behind its group', () => {
  expect(checkTopicName('a/b/c', 3)).toBeUndefined()
  expect(checkTopicName('a/b/c', 2)?.because).toContain('3 levels, the limit is 2')
  expect(checkTopicFilter('$share/g/a/b', 2)).toBeUndefined()
  expect(checkTopicFilter('a/b/#', 2)?.code).toBe(ReasonCode.TopicFilterInvalid)
})

test.each([
  ['a/b', 'a/b', true],
  ['a/b', 'a/c', false],
  ['a', 'a/b', false],
  ['a/b', 'a', false],
  ['+', 'a', true],
  ['+', '', true],
  ['+', '/a', false],
  ['+/+', '/a', true],
  ['/+', '/a', true],
  ['a/+', 'a/', true],
  ['a/+', 'a', false],
  ['a/+/c', 'a/b/c', true],
  ['a/+/c', 'a/b/d', false],
  ['#', 'a/b', true],
  ['a/#', 'a', true],
  ['a/#', 'a/b/c', true],
  ['a/#', 'ab', false],
  ['a/+/#', 'a', false],
  ['a/+/#', 'a/b', true],
  ['#', '$SYS/a', false],
  ['+/a', '$SYS/a', false],
  ['$SYS/#', '$SYS/a', true],
  ['A', 'a', false],
])('[MQTT-4.7.2-1] [MQTT-4.7.3-4] %s and %s: %s', (filter, topic, matches) => {
  expect(topicMatches(filter, topic)).toBe(matches)
})

test('reason codes have a name for people, unknown ones their number', () => {
  expect(reasonName(ReasonCode.SessionTakenOver)).toBe('session taken over')
  expect(reasonName(ReasonCode.QoSNotSupported)).toMatch(/not supported$/)
  expect(reasonName(0xee)).toBe('0xee')
})
