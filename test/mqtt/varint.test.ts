import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  readVarint,
  varintCut,
  varintIllFormed,
  varintMax,
  varintSize,
  writeVarint,
} from '../../src/mqtt/varint.ts'
import { hex, refusalOf } from '../wire/support.ts'

describe('a variable byte integer', () => {
  test('[MQTT-1.5.5-1] is written with as few bytes as it needs and read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: varintMax }), (value) => {
        const bytes = Buffer.alloc(4)
        const size = writeVarint(bytes, 0, value)
        expect(size).toBe(varintSize(value))
        expect(readVarint(bytes, 0, size)).toBe(value)
        expect(readVarint(bytes, 0, size - 1)).toBe(varintCut)
      }),
    )
  })

  test.each(['8000', '808000', '80808000', 'ff00'])(
    '[MQTT-1.5.5-1] is refused when %s says it with more',
    (digits) => {
      expect(readVarint(hex(digits), 0, 4)).toBe(varintIllFormed)
    },
  )

  test('is refused when it goes on after four bytes', () => {
    expect(readVarint(hex('ffffffff01'), 0, 5)).toBe(varintIllFormed)
  })

  test('[MQTT-1.5.5-1] makes a packet malformed when its remaining length is too long', () => {
    expect(refusalOf(4, hex('c0 80 00'))?.code).toBe(0x81)
  })

  test('[MQTT-1.5.5-1] makes a PUBLISH malformed when its property length is too long', () => {
    expect(refusalOf(5, hex('30 05 0001 61 80 00'))?.code).toBe(0x81)
  })
})
