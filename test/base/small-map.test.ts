import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SmallMap } from '../../src/base/small-map.ts'

test('does what a Map does, with few entries and with many', () => {
  const key = fc.integer({ min: 0, max: 14 })
  const call = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(fc.constant('set' as const), key, fc.integer()) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('delete' as const), key, fc.constant(0)) },
  )
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
      const small = new SmallMap<number, number>()
      const map = new Map<number, number>()
      for (const [what, at, value] of calls) {
        if (what === 'set') {
          small.set(at, value)
          map.set(at, value)
        } else expect(small.delete(at)).toBe(map.delete(at))
        expect([small.size, small.has(at), small.get(at)]).toEqual([
          map.size,
          map.has(at),
          map.get(at),
        ])
      }
      expect([...small]).toEqual([...map])
      expect([...small.keys()]).toEqual([...map.keys()])
    }),
  )
})

test('may lose entries while it is walked', () => {
  for (const count of [3, 20]) {
    const small = new SmallMap<number, number>()
    for (let i = 0; i < count; i++) small.set(i, i)
    for (const at of small.keys()) small.delete(at)
    expect(small.size).toBe(0)
  }
})
