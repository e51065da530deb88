import { expect, test } from 'vitest'
import { type Page, pageOf } from '../../src/admin/page.ts'

const numbers = Array.from({ length: 10 }, (_, i) => i)
const describe = (item: number): number => item

test('a page says where the next one begins, the last one does not', () => {
  const first = pageOf({ source: numbers, describe, count: 10 }, { cursor: 0, limit: 6 })
  expect(first).toEqual({ data: [0, 1, 2, 3, 4, 5], meta: { limit: 6, count: 10, next: 6 } })
  const last = pageOf({ source: numbers, describe }, { cursor: 6, limit: 6 })
  expect(last).toEqual({ data: [6, 7, 8, 9], meta: { limit: 6 } })
  expect(pageOf({ source: numbers, describe }, { cursor: 0, limit: 10 }).meta.next).toBeUndefined()
})

test('pages with a filter, one after the other, have each item once', () => {
  const fits = (item: number) => item % 3 === 0
  const seen: number[] = []
  let cursor: number | undefined = 0
  while (cursor !== undefined) {
    const page: Page<number> = pageOf({ source: numbers, fits, describe }, { cursor, limit: 1 })
    seen.push(...page.data)
    cursor = page.meta.next
  }
  expect(seen).toEqual([0, 3, 6, 9])
})

test('a page looks at a limited number of items, whatever is looked for', () => {
  let looked = 0
  const source = Array.from({ length: 100_000 }, (_, i) => i)
  const fits = (): boolean => {
    looked++
    return false
  }
  const { data, meta } = pageOf({ source, fits, describe }, { cursor: 0, limit: 5 })
  expect(data).toEqual([])
  expect(meta.next).toBe(looked)
  expect(looked).toBeLessThanOrEqual(20_000)
})

test('large items make short pages', () => {
  const big = 'x'.repeat(100_000)
  const list = { source: numbers, describe: () => big }
  const { data, meta } = pageOf(list, { cursor: 0, limit: 10 })
  expect(data.length).toBeLessThan(10)
  expect(meta.next).toBe(data.length)
})
