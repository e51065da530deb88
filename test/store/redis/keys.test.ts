import { expect, test } from 'vitest'
import { laneKey, memberOf, partsOf, RedisKeys } from '../../../src/store/redis/keys.ts'

const ids = ['a', '}', '{}', 'a}:5', '%7D', 'ü:5', '5:5', ' ', 'x}y}']
const keys = new RedisKeys('mqtt')

/** What Redis Cluster chooses a slot by. */
function tagOf(key: string): string {
  const start = key.indexOf('{') + 1
  return key.slice(start, key.indexOf('}', start))
}

test('all keys of a client have the same hash tag, and no other client has it', () => {
  const tags = ids.map((id) => {
    const session = keys.session(id, 5)
    const tag = tagOf(session)
    expect(tag).not.toBe('')
    expect(tagOf(laneKey(session, 1022))).toBe(tag)
    expect(tagOf(keys.session(id, 6))).toBe(tag)
    return tag
  })
  expect(new Set(tags).size).toBe(ids.length)
})

test('no two sessions have a key in common', () => {
  const all = ids.flatMap((id) => {
    const sessions = [5, 55].map((generation) => keys.session(id, generation))
    return [
      ...sessions,
      ...sessions.flatMap((session) => [laneKey(session, 5), laneKey(session, 7)]),
    ]
  })
  expect(new Set(all).size).toBe(all.length)
})

test('a member of the index says which session it is', () => {
  for (const clientId of ids) {
    expect(partsOf(memberOf(clientId, 12))).toEqual({ clientId, generation: 12 })
  }
})
