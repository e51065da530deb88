import { expect, test } from 'vitest'
import { RetainedFeed } from '../../src/session/retained-feed.ts'
import { at, message, retainedItem, SessionKit } from '../support/session-kit.ts'

const stored = (text: string) => retainedItem(message(text, 1, { retain: true }), true)

test('what is only in the store is fetched, and sent in its turn, before what waits', async () => {
  const kit = new SessionKit().connect(10)
  const items = ['a', 'b', 'c'].map(stored)
  items.splice(1, 0, retainedItem(message('here', 1, { retain: true })))
  kit.session.sendRetained(items, at(1))
  kit.session.deliver(message('new', 1), at(1), 0)
  expect([kit.pump(), kit.session.retainedLength]).toEqual([[], 4])
  await Promise.resolve()
  await new Promise(setImmediate)
  expect(kit.sink.wakes).toBe(1)
  expect(kit.pump().map((line) => line.split('#')[0])).toEqual([
    '1 a',
    '1 here',
    '1 b',
    '1 c',
    '1 new',
  ])
})

test('what is not retained any more when it was fetched is left out', async () => {
  const feed = new RetainedFeed()
  const gone = { ...stored('gone'), fetch: () => Promise.resolve(undefined) }
  feed.push([gone, stored('a'), gone], at(1))
  expect(feed.message).toBeUndefined()
  let fetches = 0
  feed.fetch(() => fetches++)
  feed.fetch(() => fetches++)
  await new Promise(setImmediate)
  expect(fetches).toBe(1)
  expect(feed.message?.payload.toString()).toBe('a')
  feed.advance()
  expect([feed.message, feed.length]).toEqual([undefined, 0])
})

test('a long burst is fetched in portions', async () => {
  let fetched = 0
  const item = stored('x')
  const counted = {
    ...item,
    fetch: () => {
      fetched++
      return item.fetch()
    },
  }
  const feed = new RetainedFeed()
  feed.push(Array(100).fill(counted), at(1))
  let taken = 0
  while (feed.length > 0) {
    if (feed.message === undefined) {
      await new Promise<void>((resolve) => feed.fetch(resolve))
      expect(fetched).toBeLessThanOrEqual(taken + 32)
    } else {
      feed.advance()
      taken++
    }
  }
  expect([taken, fetched]).toEqual([100, 100])
})
