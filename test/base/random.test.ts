import { expect, test } from 'vitest'
import { assert } from '../../src/base/assert.ts'
import { SeededRandom } from '../../src/base/random.ts'

function draw(seed: number, count: number, bound: number): number[] {
  const random = new SeededRandom(seed)
  return Array.from({ length: count }, () => random.below(bound))
}

test('a seed gives the same numbers again, another one others', () => {
  expect(draw(7, 20, 1000)).toEqual(draw(7, 20, 1000))
  expect(draw(7, 20, 1000)).not.toEqual(draw(8, 20, 1000))
  expect(draw(-1, 20, 1000)).toEqual(draw(0xffff_ffff, 20, 1000))
})

test('numbers are whole, below their bound, and all of them come', () => {
  const counts = new Array<number>(6).fill(0)
  for (const n of draw(1, 60_000, 6)) counts[n] = (counts[n] ?? 0) + 1
  expect(counts).toHaveLength(6)
  for (const count of counts) {
    expect(count).toBeGreaterThan(9_500)
    expect(count).toBeLessThan(10_500)
  }
})

test('texts are of the length asked for, of digits and letters', () => {
  const random = new SeededRandom(1)
  expect(random.text(0)).toBe('')
  expect(random.text(1000)).toMatch(/^[0-9A-Za-z]{1000}$/)
})

test('assert lets what is true pass and names what is not', () => {
  assert(true, 'one is one')
  expect(() => assert(false, 'one is two')).toThrow(
    expect.objectContaining({ name: 'AssertionError', message: 'one is two' }),
  )
})
