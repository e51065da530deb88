// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts of the operator's have placeholders
import { describe, expect, test } from 'vitest'
import { isLoopback, parseBind } from '../../src/config/bind.ts'
import { parseDuration } from '../../src/config/duration.ts'
import { expand } from '../../src/config/expand.ts'
import { parseRate } from '../../src/config/rate.ts'
import { parseSize } from '../../src/config/size.ts'
import { suggest } from '../../src/config/suggest.ts'

const infinity = Number.POSITIVE_INFINITY

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['0', 0],
    ['infinity', infinity],
  ])('%s is %d ms', (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs)
  })

  test.each(['', '5', '-1s', '1.5h', '1 hour', 's', '1S', '99999999999999d'])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeUndefined()
    },
  )
})

describe('sizes', () => {
  test.each([
    ['512', 512],
    ['512B', 512],
    ['64KB', 65_536],
    ['64 kb', 65_536],
    ['1MiB', 1_048_576],
    ['2GB', 2_147_483_648],
    ['infinity', infinity],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  test.each(['', 'KB', '-1', '1.5MB', '1PB', '64k', '999999999TB'])('%j is none', (text) => {
    expect(parseSize(text)).toBeUndefined()
  })
})

describe('rates', () => {
  test('count things, or bytes', () => {
    expect(parseRate('100/s', 'count')).toEqual({ count: 100, perMs: 1000 })
    expect(parseRate('500/10s', 'count')).toEqual({ count: 500, perMs: 10_000 })
    expect(parseRate('1MB/10s', 'bytes')).toEqual({ count: 1_048_576, perMs: 10_000 })
  })

  test.each(['100', '0/s', '1/0s', '1MB/s', '/s', '1/', '1/infinity', '1/s/s'])(
    '%j is none',
    (text) => {
      expect(parseRate(text, 'count')).toBeUndefined()
    },
  )
})

describe('addresses', () => {
  test('have a host, an IPv6 address in brackets, or * for dual stack', () => {
    expect(parseBind('127.0.0.1:1883')).toEqual({ host: '127.0.0.1', port: 1883 })
    expect(parseBind('[::1]:0')).toEqual({ host: '::1', port: 0 })
    expect(parseBind('*:8083')).toEqual({ host: undefined, port: 8083 })
    expect(parseBind('Broker.local:1')).toEqual({ host: 'broker.local', port: 1 })
  })

  test.each([
    ['1883', 'has a port but no address'],
    ['localhost', 'has no port'],
    ['::1:1883', 'has no valid address before its port'],
    ['1.2.3:1883', 'has no valid address before its port'],
    ['[1.2.3.4]:1', 'has no valid address before its port'],
    ['localhost:65536', 'has no port from 0 to 65535 at its end'],
    ['unix:/run/mqtt', 'is a Unix socket, which is not possible here'],
  ])('%s %s', (text, because) => {
    expect(parseBind(text)).toBe(because)
  })

  test('of this machine only are 127.0.0.0/8, ::1 and localhost', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost'])
      expect(isLoopback(host)).toBe(true)
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.example.org', undefined]) {
      expect(isLoopback(host)).toBe(false)
    }
  })
})

describe('environment variables in texts', () => {
  test('are put in, with a default for those that are not set or empty', () => {
    const environment = { PORT: '1884', EMPTY: '' }
    const textOf = (source: string) => expand(source, environment)
    expect(textOf('h:${PORT}')).toEqual({ text: 'h:1884', isExpanded: true })
    expect(textOf('${NOPE:-a}${EMPTY:-b}${PORT:-c}')).toEqual({ text: 'ab1884', isExpanded: true })
    expect(textOf('<${EMPTY}>')).toEqual({ text: '<>', isExpanded: true })
  })

  test('are only names in capitals; $${ stands for ${', () => {
    const source = 'devices/${clientid}'
    expect(expand(source, { clientid: 'x' })).toEqual({ text: source, isExpanded: false })
    expect(expand('$${PORT}', { PORT: '1' })).toEqual({ text: '${PORT}', isExpanded: true })
  })

  test('that are not set and have no default are named', () => {
    expect(expand('${NOPE}', {})).toEqual({
      because:
        'environment variable NOPE is not set and has no default; wanted: set NOPE, or write ${NOPE:-default}',
    })
  })
})

test('the nearest word is suggested, and none when all are far', () => {
  const words = ['max_inflight', 'max_mqueue_len', 'listeners']
  expect(suggest('max_inflght', words)).toBe('max_inflight')
  expect(suggest('listenres', words)).toBe('listeners')
  expect(suggest('acl', words)).toBeUndefined()
})
