import { expect, test } from 'vitest'
import { Deadlines } from '../src/base/deadlines.ts'
import { connectionsByFileLimit } from '../src/listeners/file-limit.ts'
import { systemClock, systemRandom, systemWake } from '../src/system.ts'

test('a deadline farther away than a timer reaches does not fire at once', async () => {
  const deadlines = new Deadlines(systemClock, systemWake)
  let hasFired = false
  deadlines.set(systemClock.now() + 2 ** 32, () => {
    hasFired = true
  })
  await new Promise<void>((resolve) => {
    deadlines.set(systemClock.now() + 5, () => resolve())
  })
  expect(hasFired).toBe(false)
  expect(deadlines.size).toBe(1)
  deadlines.clear()
})

test('texts of chance are of the length asked for, of digits and letters, and differ', () => {
  const texts = Array.from({ length: 100 }, () => systemRandom.text(22))
  for (const text of texts) expect(text).toMatch(/^[0-9A-Za-z]{22}$/)
  expect(new Set(texts).size).toBe(100)
  for (let i = 0; i < 1000; i++) expect(systemRandom.below(3)).toBeOneOf([0, 1, 2])
})

test('a store takes its share of the open files', () => {
  expect(connectionsByFileLimit(true)).toBeGreaterThanOrEqual(64)
  expect(connectionsByFileLimit(false)).toBeGreaterThanOrEqual(connectionsByFileLimit(true))
})
