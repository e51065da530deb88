import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Output } from '../../src/wire/output.ts'
import { OutputPool } from '../../src/wire/output-pool.ts'

describe('an output', () => {
  test('answers what was appended, in order, whatever the sizes', () => {
    const step = fc.oneof(
      fc.integer({ min: 1, max: 100 }),
      fc.constantFrom(47, 48, 49, 4000, 4095, 4096, 4097, 70_000),
    )
    const pool = new OutputPool()
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.boolean(), (sizes, withWords) => {
        const output = new Output(pool)
        const expected: Buffer[] = []
        sizes.forEach((size, i) => {
          const source = Buffer.alloc(size + 2, i & 0xff)
          output.range(source, 1, 1 + size)
          expected.push(source.subarray(1, 1 + size))
          if (!withWords) return
          output.fourBytes(0x01020304)
          output.varint(300)
          output.byte(9)
          output.small(1, 2, 0x0304)
          expected.push(Buffer.from([1, 2, 3, 4, 0xac, 2, 9, 1, 2, 3, 4]))
        })
        const whole = Buffer.concat(expected)
        expect(output.size).toBe(whole.length)
        const taken = output.take()
        expect(Buffer.concat(taken).equals(whole)).toBe(true)
        expect(output.size).toBe(0)
        output.release(taken)
      }),
      { numRuns: 200 },
    )
  })

  test('of a usual turn is one buffer, which the next one uses again', () => {
    const pool = new OutputPool()
    const one = new Output(pool)
    for (let i = 0; i < 500; i++) one.small(0x40, 2, i)
    const taken = one.take()
    expect(taken).toHaveLength(1)
    one.release(taken)
    const other = new Output(pool)
    other.byte(1)
    expect(other.take()[0]?.buffer).toBe(taken[0]?.buffer)
  })

  test('outgrows its first buffer without becoming two', () => {
    const output = new Output(new OutputPool())
    for (let i = 0; i < 5000; i++) output.small(0x40, 2, i)
    expect(output.take()).toHaveLength(1)
  })

  test('passes large ranges on without copying them', () => {
    const output = new Output(new OutputPool())
    const large = Buffer.alloc(10_000)
    output.byte(1)
    output.range(large, 0, large.length)
    expect(output.take()[1]?.buffer).toBe(large.buffer)
  })

  test('is empty when nothing was appended', () => {
    expect(new Output(new OutputPool()).take()).toEqual([])
  })
})

describe('the pool', () => {
  test('takes a buffer back once, and never what is not its own', () => {
    const pool = new OutputPool()
    const buffer = pool.acquire(10)
    pool.release(buffer)
    pool.release(buffer)
    pool.release(Buffer.alloc(4096))
    expect(pool.acquire(10)).toBe(buffer)
    expect(pool.acquire(10)).not.toBe(buffer)
  })
})
