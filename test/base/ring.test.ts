import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ring } from '../../src/base/ring.ts'

test('is an array, whatever is added and taken', () => {
  const step = fc.tuple(
    fc.constantFrom('push', 'push', 'unshift', 'shift', 'removeAt', 'clear'),
    fc.nat(200),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const ring = new Ring<number>()
      const model: number[] = []
      for (const [what, n] of steps) {
        if (what === 'push') model.push(n)
        if (what === 'push') ring.push(n)
        else if (what === 'unshift') {
          ring.unshift(n)
          model.unshift(n)
        } else if (what === 'shift') expect(ring.shift()).toBe(model.shift())
        else if (what === 'clear' && n < 5) {
          ring.clear()
          model.length = 0
        } else if (what === 'removeAt') {
          expect(ring.removeAt(n)).toBe(model.splice(n, 1)[0])
        }
        expect([...ring]).toEqual(model)
        expect(ring.length).toBe(model.length)
        expect(ring.isEmpty).toBe(model.length === 0)
        expect(ring.peek()).toBe(model[0])
      }
    }),
  )
})

test('outside of it there is nothing', () => {
  const ring = new Ring<string>()
  expect(ring.shift()).toBeUndefined()
  expect(ring.peek()).toBeUndefined()
  ring.push('a')
  expect([ring.at(-1), ring.at(0), ring.at(1)]).toEqual([undefined, 'a', undefined])
  expect([ring.removeAt(-1), ring.removeAt(1)]).toEqual([undefined, undefined])
})

test('keeps its order through growing, wrapping and emptying a large array', () => {
  const ring = new Ring<number>()
  let next = 0
  let expected = 0
  for (let round = 1; round < 50; round++) {
    for (let i = 0; i < round * 3; i++) ring.push(next++)
    for (let i = 0; i < round; i++) expect(ring.shift()).toBe(expected++)
  }
  while (!ring.isEmpty) expect(ring.shift()).toBe(expected++)
  expect(expected).toBe(next)
  ring.push(7)
  expect([...ring]).toEqual([7])
})
