import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatBind, parseBind } from '../../src/config/bind.ts'
import { formatDuration, parseDuration } from '../../src/config/duration.ts'
import { expand } from '../../src/config/expand.ts'
import { formatRate, parseRate } from '../../src/config/rate.ts'
import { formatSize, parseSize } from '../../src/config/size.ts'

const amount = fc.oneof(
  fc.nat(),
  fc.constant(Number.POSITIVE_INFINITY),
  fc.nat().map((n) => n * 1024),
)

test('a duration that is written is read as the same', () => {
  fc.assert(
    fc.property(amount, (durationMs) => {
      expect(parseDuration(formatDuration(durationMs))).toBe(durationMs)
    }),
  )
})

test('a size that is written is read as the same', () => {
  fc.assert(
    fc.property(amount, (bytes) => {
      expect(parseSize(formatSize(bytes))).toBe(bytes)
    }),
  )
})

test('a rate that is written is read as the same', () => {
  const unit = fc.constantFrom('count' as const, 'bytes' as const)
  fc.assert(
    fc.property(fc.integer({ min: 1 }), fc.integer({ min: 1 }), unit, (count, perMs, of) => {
      expect(parseRate(formatRate({ count, perMs }, of), of)).toEqual({ count, perMs })
    }),
  )
})

test('an address that is written is read as the same', () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain(), fc.constant(undefined))
  fc.assert(
    fc.property(host, fc.nat({ max: 65_535 }), (name, port) => {
      const bind = { host: name?.toLowerCase(), port }
      const read = parseBind(formatBind(bind))
      expect(typeof read === 'string' ? read : { ...read, host: read.host?.toLowerCase() }).toEqual(
        bind,
      )
    }),
  )
})

test('no text makes a reader throw, or a value that is no number', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parseDuration(text)).not.toBeNaN()
      expect(parseSize(text)).not.toBeNaN()
      parseRate(text, 'bytes')
      parseBind(text)
      expand(text, {})
    }),
  )
})

test('a text without ${ stays as it is', () => {
  const text = fc.string().filter((candidate) => !candidate.includes('${'))
  fc.assert(
    fc.property(text, (source) => {
      expect(expand(source, { A: 'b' })).toEqual({ text: source, isExpanded: false })
    }),
  )
})
