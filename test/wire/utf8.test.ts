import { describe, expect, test } from 'vitest'
import { TextKind, textKind } from '../../src/wire/utf8.ts'
import { firstRefusalOf, hex, packet, refusalOf, text } from './support.ts'

function kindOf(bytes: Buffer): TextKind {
  return textKind(bytes, 0, bytes.length)
}

const illFormed = {
  'a surrogate': 'eda080',
  'a pair of surrogates': 'eda081edb080',
  'an overlong slash': 'c0af',
  'a lone continuation': '80',
  'a cut sequence': 'e282',
  'more than U+10FFFF': 'f4908080',
  'U+0000': '610062',
  'U+0000 behind a wide character': 'c3a400',
}

const unusual = [
  '\u0001',
  '\u001f',
  '\u007f',
  '\u0080',
  '\u009f',
  'ä\n',
  '\ufdd0',
  '\ufdef',
  '\ufffe',
  '\uffff',
  '\u{1fffe}',
  '\u{10ffff}',
]
const plain = [
  '',
  'a',
  'größe',
  '\u00a0',
  '\ufdcf',
  '\ufdf0',
  '\ufffd',
  '\ufeff',
  '😀',
  '\u{1fffd}',
]

describe('a text', () => {
  test.each(Object.entries(illFormed))(
    '[MQTT-1.5.4-1] [MQTT-1.5.4-2] is ill-formed with %s',
    (_, digits) => {
      expect(kindOf(hex(digits))).toBe(TextKind.IllFormed)
    },
  )

  test.each(unusual)('is unusual with a control character or non-character: %j', (content) => {
    expect(kindOf(Buffer.from(content))).toBe(TextKind.Unusual)
  })

  test.each(plain)('is plain otherwise: %j', (content) => {
    expect(kindOf(Buffer.from(content))).toBe(TextKind.Plain)
  })
})

describe.each([3, 4, 5] as const)('on a connection of version %i', (version) => {
  const properties = version === 5 ? [[0]] : []

  test('[MQTT-1.5.4-1] [MQTT3-1.5.3-1] [MQTT-3.3.2-1] an ill-formed topic name is refused, strict or not', () => {
    const bytes = packet(0x30, text(hex('eda080')), ...properties)
    expect(refusalOf(version, bytes)?.code).toBe(0x81)
    expect(refusalOf(version, bytes, { strictMode: false })?.code).toBe(0x81)
  })

  test('[MQTT-1.5.4-2] [MQTT3-1.5.3-2] [MQTT-4.7.3-2] U+0000 in a topic name is refused', () => {
    expect(
      refusalOf(version, packet(0x30, 'a\0b', ...properties), { strictMode: false })?.code,
    ).toBe(0x81)
  })

  test('[MQTT-3.8.3-1] an ill-formed topic filter is refused', () => {
    expect(
      refusalOf(version, packet(0x82, [0, 1], ...properties, text(hex('ff')), [0]))?.code,
    ).toBe(0x81)
  })

  test('[MQTT-3.10.3-1] an ill-formed filter of UNSUBSCRIBE is refused', () => {
    expect(refusalOf(version, packet(0xa2, [0, 1], ...properties, text(hex('ff'))))?.code).toBe(
      0x81,
    )
  })

  test('a control character in a topic name is refused only where strict', () => {
    const bytes = packet(0x30, 'a\u0001', ...properties)
    expect(refusalOf(version, bytes)?.code).toBe(0x81)
    expect(refusalOf(version, bytes, { strictMode: false })).toBeUndefined()
  })
})

describe('on a connection of version 5', () => {
  test.each([
    ['the name', Buffer.concat([text(hex('ff')), text('v')])],
    ['the value', Buffer.concat([text('n'), text('\0')])],
  ])('[MQTT-1.5.7-1] %s of a user property is checked', (_, pair) => {
    const bytes = packet(0x30, 'a', [pair.length + 1, 38], pair)
    expect(refusalOf(5, bytes)?.code).toBe(0x81)
  })

  test.each([
    ['[MQTT-3.3.2-19] the content type', 3],
    ['[MQTT-3.3.2-13] the response topic', 8],
  ])('%s is checked', (_, id) => {
    expect(refusalOf(5, packet(0x30, 'a', [4, id], text(hex('ff'))))?.code).toBe(0x81)
  })
})

describe('in CONNECT', () => {
  const head = [text('MQTT'), [4]]
  test.each([
    ['[MQTT-3.1.3-4] the client identifier', packet(0x10, ...head, [0x02, 0, 0], text(hex('ff')))],
    [
      '[MQTT-3.1.3-11] the will topic',
      packet(0x10, ...head, [0x06, 0, 0], 'c', text(hex('ff')), 'x'),
    ],
    ['[MQTT-3.1.3-12] the user name', packet(0x10, ...head, [0x82, 0, 0], 'c', text(hex('ff')))],
  ])('%s is checked', (_, bytes) => {
    expect(firstRefusalOf(bytes)?.code).toBe(0x81)
  })
})
