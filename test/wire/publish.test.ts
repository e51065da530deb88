import { describe, expect, test } from 'vitest'
import { readPublishProperties } from '../../src/wire/properties.ts'
import { connected, generate, hex, packet, refusalOf, text } from './support.ts'

describe.each([4, 5] as const)('PUBLISH of version %i', (version) => {
  const properties = version === 5 ? [[0]] : []

  test('[MQTT-3.3.1-4] with QoS 3 is malformed', () => {
    expect(refusalOf(version, packet(0x36, 'a', [0, 1], ...properties))?.code).toBe(0x81)
  })
  test('[MQTT-3.3.1-2] with QoS 0 and DUP is malformed', () => {
    expect(refusalOf(version, packet(0x38, 'a', ...properties))?.code).toBe(0x81)
  })
  test('[MQTT-3.3.2-2] [MQTT-4.7.0-1] with a wildcard in its topic is refused', () => {
    expect(refusalOf(version, packet(0x30, 'a/+', ...properties))?.code).toBe(0x90)
    expect(refusalOf(version, packet(0x30, 'a/#', ...properties))?.code).toBe(0x90)
  })
  test('[MQTT-4.7.3-1] with an empty topic is refused', () => {
    expect(refusalOf(version, packet(0x30, '', ...properties))?.code).toBe(
      version === 5 ? 0x82 : 0x90,
    )
  })
  test('[MQTT3-2.3.1-1] with packet identifier 0 is refused', () => {
    expect(refusalOf(version, packet(0x32, 'a', [0, 0], ...properties))?.code).toBe(0x82)
  })
  test('with more topic levels than allowed is refused, also when the topic is known', () => {
    expect(
      refusalOf(version, packet(0x30, 'l/l/l', ...properties), { topicLevelsMax: 3 }),
    ).toBeUndefined()
    expect(
      refusalOf(version, packet(0x30, 'l/l/l', ...properties), { topicLevelsMax: 2 })?.code,
    ).toBe(0x90)
  })
  test.each(['30 00', '30 01 00', '30 02 0005', '32 03 0001 61', '32 04 0001 61 00'])(
    'that is cut short is malformed: %s',
    (digits) => {
      expect(refusalOf(version, hex(digits))?.code).toBe(0x81)
    },
  )
  test('[MQTT-4.7.3-3] with a topic of 65,535 bytes is accepted', () => {
    const { decoder, got } = connected(version)
    decoder.push(packet(0x30, 't'.repeat(65535), ...properties), 0)
    expect(got.messages[0]?.topic).toHaveLength(65535)
  })
  test('[MQTT-1.5.4-3] keeps U+FEFF in its topic', () => {
    const { decoder, got } = connected(version)
    decoder.push(packet(0x30, '\ufeffa', ...properties), 0)
    expect(got.messages[0]?.topic).toBe('\ufeffa')
  })
  test('becomes a message with what it said', () => {
    const numbering = { last: 41 }
    const { decoder, got } = connected(version, { numbering })
    decoder.push(packet(0x3d, 'a', [1, 2], ...properties, Buffer.from('x')), 77)
    expect(got.arrivals).toMatchObject([{ what: 'publish', packetId: 258, dup: true }])
    expect(got.messages[0]).toMatchObject({
      topic: 'a',
      qos: 2,
      retain: true,
      from: 'c',
      receivedAt: 77,
      number: 42,
    })
    expect(got.messages[0]?.payload.toString()).toBe('x')
    expect(got.messages[0]?.expiresAt).toBe(Number.POSITIVE_INFINITY)
  })
  test('[MQTT-2.2.1-2] has no packet identifier at QoS 0', () => {
    const { decoder, got } = connected(version)
    decoder.push(packet(0x30, 'a', ...properties, [1, 2]), 0)
    expect(got.arrivals).toMatchObject([{ packetId: 0 }])
    expect(got.messages[0]?.payload).toEqual(Buffer.from([1, 2]))
  })
})

describe.each([4, 5] as const)('a run of version %i', (version) => {
  const one = (payload: string, topic = 'run/a', first = 0x30) =>
    packet(
      first,
      topic,
      ...(first > 0x31 ? [[0, 1]] : []),
      ...(version === 5 ? [[0]] : []),
      Buffer.from(payload),
    )

  test('is one message for QoS 0 packets of one topic and size', () => {
    const numbering = { last: 0 }
    const { decoder, got } = connected(version, { numbering })
    decoder.push(Buffer.concat([one('11'), one('22'), one('33'), one('44', 'run/b'), one('55')]), 0)
    expect(got.messages.map((message) => message.count)).toEqual([3, 1, 1])
    expect(got.messages.map((message) => message.number)).toEqual([1, 4, 5])
    expect(numbering.last).toBe(5)
  })

  test('splits into its messages, numbered consecutively', () => {
    const { decoder, got } = connected(version)
    decoder.push(Buffer.concat([one('11'), one('22'), one('33')]), 9)
    const messages = got.messages[0]?.split() ?? []
    expect(messages.map((message) => message.payload.toString())).toEqual(['11', '22', '33'])
    expect(messages.map((message) => message.number)).toEqual([1, 2, 3])
    expect(messages.map((message) => message.keep().frame.size)).toEqual([
      one('11').length,
      one('22').length,
      one('33').length,
    ])
    expect(messages[1]).toMatchObject({ topic: 'run/a', from: 'c', receivedAt: 9, count: 1 })
  })

  test.each([
    ['another size', one('333')],
    ['retain', one('33', 'run/a', 0x31)],
    ['QoS 1', one('33', 'run/a', 0x32)],
  ])('ends at %s', (_, last) => {
    const { decoder, got } = connected(version)
    decoder.push(Buffer.concat([one('11'), one('22'), last]), 0)
    expect(got.messages.map((message) => message.count)).toEqual([2, 1])
  })

  test('ends at a packet that is not whole, which comes as itself', () => {
    const { decoder, got } = connected(version)
    const bytes = Buffer.concat([one('11'), one('22'), one('33')])
    decoder.push(bytes.subarray(0, -1), 0)
    decoder.push(bytes.subarray(-1), 0)
    expect(got.messages.map((message) => message.count)).toEqual([2, 1])
    expect(got.messages[1]?.payload.toString()).toBe('33')
  })
})

const publish5 = (properties: object, extra: object = {}) =>
  generate({ cmd: 'publish', topic: 't', qos: 0, payload: 'p', properties, ...extra }, 5)

describe('the properties of PUBLISH', () => {
  test('[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-20] are kept in the frame as they came', () => {
    const properties = {
      payloadFormatIndicator: true,
      contentType: 'text/plain',
      responseTopic: 're/ply',
      correlationData: Buffer.from([1, 0, 2]),
    }
    const { decoder, got } = connected(5)
    const bytes = publish5(properties)
    decoder.push(bytes, 0)
    const { frame } = got.messages[0] as NonNullable<(typeof got.messages)[0]>
    expect(frame.bytes).toBe(bytes)
    const { payloadFormatIndicator: payloadIsUtf8, ...rest } = properties
    expect(readPublishProperties(frame)).toEqual({ payloadIsUtf8, ...rest })
  })

  test('[MQTT-3.3.2-17] [MQTT-3.3.2-18] keep user properties, repeated and empty ones too, in order', () => {
    const pair = (name: string, value: string) =>
      Buffer.concat([Buffer.from([38]), text(name), text(value)])
    const users = Buffer.concat([
      pair('b', ''),
      pair('a', '1'),
      pair('b', ''),
      pair('__proto__', 'x'),
    ])
    const { decoder, got } = connected(5)
    decoder.push(packet(0x30, 't', [users.length], users), 0)
    expect(readPublishProperties(got.messages[0]!.frame).userProperties).toEqual([
      ['b', ''],
      ['a', '1'],
      ['b', ''],
      ['__proto__', 'x'],
    ])
  })

  test('Message Expiry Interval is taken out and becomes a time', () => {
    const { decoder, got } = connected(5)
    decoder.push(publish5({ messageExpiryInterval: 3, contentType: 'c' }), 500)
    const message = got.messages[0]!
    expect(message.expiresAt).toBe(3500)
    expect(message.frame.owned).toBe(true)
    expect([
      ...message.frame.bytes.subarray(message.frame.propertiesAt, message.frame.propertiesEnd),
    ]).toEqual([3, 0, 1, 0x63])
    expect(message.payload.toString()).toBe('p')
  })

  test('a longest life bounds every message, and a run is not made then', () => {
    const { decoder, got } = connected(5)
    decoder.configure({ clientId: 'c', topicAliasMaximum: 0, messageExpiryMs: 2000 })
    decoder.push(
      Buffer.concat([publish5({ messageExpiryInterval: 60 }), publish5({}), publish5({})]),
      0,
    )
    expect(got.messages.map(({ expiresAt, count }) => [expiresAt, count])).toEqual([
      [2000, 1],
      [2000, 1],
      [2000, 1],
    ])
  })

  const wrong: [string, number, Buffer][] = [
    ['a property twice', 0x82, hex('01 00 01 00')],
    ['[MQTT-3.3.4-6] a subscription identifier', 0x82, hex('0b 01')],
    ['a property of another packet', 0x81, hex('11 00000001')],
    ['a property that nobody knows', 0x81, hex('7f 00')],
    ['a payload format of 2', 0x82, hex('01 02')],
    ['[MQTT-3.3.2-14] a wildcard in the response topic', 0x82, hex('08 0003 612f2b')],
    ['an empty response topic', 0x82, hex('08 0000')],
    ['a property that is cut short', 0x81, hex('02 0000')],
    ['[MQTT-3.3.2-8] topic alias 0', 0x94, hex('23 0000')],
    ['a topic alias above the maximum', 0x94, hex('23 000b')],
  ]
  test.each(wrong)('%s is refused', (_, code, properties) => {
    const bytes = packet(0x30, 't', [properties.length], properties)
    expect(refusalOf(5, bytes, { topicAliasMaximum: 10 })?.code).toBe(code)
  })

  test('[MQTT-2.2.2-1] a property length that is missing or too long is malformed', () => {
    expect(refusalOf(5, packet(0x30, 't'))?.code).toBe(0x81)
    expect(refusalOf(5, packet(0x30, 't', [5, 1, 0]))?.code).toBe(0x81)
  })
})

describe('topic aliases', () => {
  const aliased = (topic: string, topicAlias: number) => publish5({ topicAlias }, { topic })

  test('[MQTT-3.3.2-12] every alias up to the maximum is accepted, resolved and taken out', () => {
    const { decoder, got } = connected(5, { topicAliasMaximum: 2 })
    for (const [topic, alias] of [
      ['one', 1],
      ['two', 2],
      ['', 1],
      ['', 2],
      ['three', 1],
      ['', 1],
    ] as const) {
      decoder.push(aliased(topic, alias), 0)
    }
    expect(got.messages.map((message) => message.topic)).toEqual([
      'one',
      'two',
      'one',
      'two',
      'three',
      'three',
    ])
    expect(got.messages[2]?.frame.bytes).toEqual(packet(0x30, 'one', [0], Buffer.from('p')))
  })

  test('an alias that was never given a topic is a protocol error', () => {
    expect(refusalOf(5, aliased('', 1), { topicAliasMaximum: 2 })?.code).toBe(0x82)
  })

  test('without a maximum no alias is accepted', () => {
    expect(refusalOf(5, aliased('t', 1))?.code).toBe(0x94)
  })

  test('a topic that is refused gets no alias', () => {
    expect(refusalOf(5, aliased('a/#', 1), { topicAliasMaximum: 2 })?.code).toBe(0x90)
  })

  test('[MQTT-3.3.2-7] an alias is forgotten with its connection', () => {
    connected(5, { topicAliasMaximum: 2 }).decoder.push(aliased('t', 1), 0)
    expect(refusalOf(5, aliased('', 1), { topicAliasMaximum: 2 })?.code).toBe(0x82)
  })

  test('a QoS 2 PUBLISH keeps identifier, DUP and expiry', () => {
    const { decoder, got } = connected(5, { topicAliasMaximum: 2 })
    const extra = { qos: 2, messageId: 9, dup: true, topic: 'q' }
    decoder.push(publish5({ topicAlias: 1, messageExpiryInterval: 1, contentType: 'c' }, extra), 0)
    expect(got.arrivals).toMatchObject([{ packetId: 9, dup: true }])
    const { frame } = got.messages[0]!
    expect(frame.bytes.readUInt16BE(frame.idAt)).toBe(9)
    expect(readPublishProperties(frame)).toEqual({ contentType: 'c' })
  })
})

describe('acknowledgements', () => {
  const types = [
    ['PUBACK', '40'],
    ['PUBREC', '50'],
    ['PUBREL', '62'],
    ['PUBCOMP', '70'],
  ] as const

  test.each(types)('%s is read, short and long', (_, first) => {
    const { decoder, got } = connected(5)
    const type = Number.parseInt(first, 16) >> 4
    decoder.push(
      hex(
        `${first} 02 0102  ${first} 03 0103 00  ${first} 04 0104 00 00  ${first} 08 0105 00 04 1f 0001 61`,
      ),
      0,
    )
    expect(got.arrivals).toMatchObject(
      [258, 259, 260, 261].map((packetId) => ({ what: 'ack', type, packetId, reasonCode: 0 })),
    )
  })

  test.each(types)('%s of version 4 has two bytes and an identifier', (_, first) => {
    expect(refusalOf(4, hex(`${first} 03 0001 00`))?.code).toBe(0x81)
    expect(refusalOf(4, hex(`${first} 01 00`))?.code).toBe(0x81)
    expect(refusalOf(4, hex(`${first} 02 0000`))?.code).toBe(0x82)
  })

  test.each([
    ['[MQTT-3.4.2-1] PUBACK', '40', '92'],
    ['[MQTT-3.5.2-1] PUBREC', '50', '92'],
    ['[MQTT-3.6.2-1] PUBREL', '62', '10'],
    ['[MQTT-3.7.2-1] PUBCOMP', '70', '87'],
  ])('%s with a reason code of another packet is refused', (_, first, code) => {
    expect(refusalOf(5, hex(`${first} 03 0001 ${code}`))?.code).toBe(0x82)
  })

  test('properties that are wrong or followed by bytes are refused', () => {
    expect(refusalOf(5, hex('40 0a 0001 00 06 1f 0000 1f 0000'))?.code).toBe(0x82)
    expect(refusalOf(5, hex('40 06 0001 00 02 01 01'))?.code).toBe(0x81)
    expect(refusalOf(5, hex('40 05 0001 00 00 00'))?.code).toBe(0x81)
  })
})
