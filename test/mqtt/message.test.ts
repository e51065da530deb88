import { expect, test } from 'vitest'
import { toPortable } from '../../src/mqtt/portable.ts'
import { message } from '../support/session-kit.ts'

test('a run splits into messages of their own payloads and consecutive numbers', () => {
  const run = message('ab', 0, { count: 3 })
  const singles = run.split()
  expect(run.count).toBe(3)
  expect(run.payload.toString()).toBe('ab')
  expect(run.payloadSize).toBe(2)
  expect(singles.map(({ count }) => count)).toEqual([1, 1, 1])
  expect(singles.map(({ payload }) => payload.toString())).toEqual(['ab', 'ab', 'ab'])
  expect(singles.map(({ number }) => number - run.number)).toEqual([0, 1, 2])
  expect(singles[0]?.split()).toEqual([singles[0]])
})

test('what is kept has bytes of its own, copied once', () => {
  const kept = message('payload', 1)
  const { bytes } = kept.frame
  expect(kept.keep()).toBe(kept)
  const own = kept.frame.bytes
  expect(own).not.toBe(bytes)
  bytes.fill(0)
  expect(kept.payload.toString()).toBe('payload')
  expect(kept.keep().frame.bytes).toBe(own)
})

test('expires at its time, and no sooner', () => {
  const expiring = message('x', 0, { expiresAt: 1000 })
  expect([expiring.isExpired(999), expiring.isExpired(1000)]).toEqual([false, true])
  expect(message('x', 0).isExpired(Number.MAX_SAFE_INTEGER)).toBe(false)
})

test('to code outside of the broker it has a payload of its own, and a wall-clock expiry', () => {
  const inside = message('text', 1, { topic: 't', from: 'c', retain: true, expiresAt: 5000 })
  const portable = toPortable(inside, 'node', 1_700_000_000_000)
  inside.frame.bytes.fill(0)
  expect(portable).toMatchObject({
    cmd: 'publish',
    topic: 't',
    qos: 1,
    retain: true,
    brokerId: 'node',
    brokerCounter: inside.number,
    clientId: 'c',
    messageExpiry: 1_700_000_005_000,
  })
  expect((portable as { payload: Buffer }).payload.toString()).toBe('text')
  expect(toPortable(message('x', 0), 'node', 0)).not.toHaveProperty('messageExpiry')
})
