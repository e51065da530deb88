import { describe, expect, test } from 'vitest'
import type { Message } from '../../src/mqtt/message.ts'
import { AckType, type ProtocolVersion } from '../../src/mqtt/packets.ts'
import { ReasonCode } from '../../src/mqtt/reason-code.ts'
import { type MessageParts, makeMessage } from '../../src/wire/make-message.ts'
import { connected, generate, hex, newEncoder, only, packet } from './support.ts'

function message(parts: Partial<MessageParts> = {}): Message {
  return makeMessage({
    topic: 'some/topic',
    payload: Buffer.from('payload'),
    qos: 1,
    retain: false,
    from: '',
    receivedAt: 0,
    expiresAt: Number.POSITIVE_INFINITY,
    number: 1,
    ...parts,
  })
}

/** The message that a client's PUBLISH becomes. */
function arrived(version: ProtocolVersion, publish: object): Message {
  const { decoder, got } = connected(version)
  decoder.push(
    generate({ cmd: 'publish', qos: 0, payload: 'p', topic: 'some/topic', ...publish }, version),
    0,
  )
  return got.messages[0]!
}

describe.each([4, 5] as const)('a PUBLISH to version %i', (version) => {
  test.each([4, 5] as const)('says what it is told, from a message of version %i', (source) => {
    const { encoder, bytes } = newEncoder({ protocolVersion: version })
    const given = arrived(source, { qos: 1, messageId: 3, dup: true, retain: true })
    for (const [qos, retain, dup, messageId] of [
      [2, true, true, 515],
      [0, false, false, 0],
      [1, false, true, 65535],
      [0, true, false, 0],
    ] as const) {
      expect(encoder.publish(given, qos, retain, dup, messageId, undefined, 0)).toBe(true)
      const expected = {
        cmd: 'publish',
        qos,
        retain,
        dup,
        topic: 'some/topic',
        payload: Buffer.from('p'),
      }
      expect(only(bytes(), version)).toMatchObject(
        messageId > 0 ? { ...expected, messageId } : expected,
      )
    }
  })

  test('[MQTT-3.1.2-24] is not written when it is larger than the client takes', () => {
    const size = message().frame.size - (version === 5 ? 0 : 1)
    const small = newEncoder({ protocolVersion: version, maximumPacketSize: size - 1 })
    expect(small.encoder.publish(message(), 1, false, false, 1, undefined, 0)).toBe(false)
    expect(small.output.size).toBe(0)
    const exact = newEncoder({ protocolVersion: version, maximumPacketSize: size })
    expect(exact.encoder.publish(message(), 1, false, false, 1, undefined, 0)).toBe(true)
    expect(exact.output.size).toBe(size)
  })

  test('of a large payload is the same', () => {
    const payload = Buffer.alloc(100_000, 'x')
    for (const qos of [0, 1] as const) {
      const { encoder, bytes } = newEncoder({ protocolVersion: version })
      encoder.publish(message({ payload, qos }), qos, true, false, qos, undefined, 0)
      expect(only(bytes(), version)).toMatchObject({ qos, retain: true, payload })
    }
  })

  test('is encoded once for all who need the same bytes', () => {
    const given = arrived(version === 5 ? 4 : 5, { qos: 1, messageId: 1 })
    const { encoder } = newEncoder({ protocolVersion: version })
    encoder.publish(given, 1, false, false, 1, undefined, 0)
    const made = given.encodings?.find((frame) => frame !== undefined)
    encoder.publish(given, 2, true, false, 2, undefined, 0)
    expect(given.encodings?.filter((frame) => frame !== undefined)).toEqual([made])
  })
})

describe('the properties of a PUBLISH', () => {
  const properties = {
    payloadIsUtf8: true,
    contentType: 'c',
    responseTopic: 'r',
    correlationData: Buffer.from([0]),
    userProperties: [['n', 'v'] as const, ['m', ''] as const, ['n', 'v'] as const],
  }

  test('[MQTT-3.3.2-17] [MQTT-3.3.2-18] are forwarded unaltered, user properties in order', () => {
    const { encoder, bytes } = newEncoder()
    const { decoder, got } = connected(5)
    encoder.publish(message({ properties, qos: 0 }), 0, false, false, 0, [3], 0)
    const sent = bytes()
    // A subscription identifier (2 bytes) is what a client may not send back: it is cut out here.
    const at = sent.indexOf(Buffer.from([0x0b, 3]))
    const back = Buffer.concat([sent.subarray(0, at), sent.subarray(at + 2)])
    back[1] = back[1]! - 2
    back[at - 1] = back[at - 1]! - 2
    decoder.push(back, 0)
    const frame = got.messages[0]!.frame
    expect(back.subarray(frame.propertiesAt, frame.propertiesEnd)).toEqual(
      message({ properties }).frame.bytes.subarray(
        message({ properties }).frame.propertiesAt,
        message({ properties }).frame.propertiesEnd,
      ),
    )
  })

  test('are left out for 3.x', () => {
    const { encoder, bytes } = newEncoder({ protocolVersion: 4 })
    encoder.publish(message({ properties, expiresAt: 9 }), 0, false, false, 0, [3], 0)
    expect(bytes()).toEqual(packet(0x30, 'some/topic', Buffer.from('payload')))
  })

  test('[MQTT-3.3.2-6] what is left of the expiry is sent, in whole seconds, at least 1', () => {
    const { encoder, bytes } = newEncoder()
    for (const [now, messageExpiryInterval] of [
      [0, 10],
      [1, 10],
      [9000, 1],
      [12_000, 1],
    ] as const) {
      encoder.publish(message({ expiresAt: 10_000 }), 1, false, false, 1, undefined, now)
      expect(only(bytes(), 5)).toMatchObject({ properties: { messageExpiryInterval } })
    }
  })

  test('[MQTT-3.3.4-3] [MQTT-3.3.4-4] all subscription identifiers are sent', () => {
    const { encoder, bytes } = newEncoder()
    encoder.publish(message(), 1, false, false, 1, [1, 200, 268435455], 0)
    expect(only(bytes(), 5)).toMatchObject({
      properties: { subscriptionIdentifier: [1, 200, 268435455] },
    })
  })

  test('[MQTT-2.2.2-1] a packet without any has a property length of 0', () => {
    const { encoder, bytes } = newEncoder()
    encoder.publish(message({ qos: 0 }), 0, false, false, 0, [], 0)
    expect(bytes()).toEqual(packet(0x30, 'some/topic', [0], Buffer.from('payload')))
  })
})

describe('topic aliases towards a client', () => {
  const send = (topicAliasMaximum: number, topics: string[], maximumPacketSize?: number) => {
    const { encoder, bytes } = newEncoder({ topicAliasMaximum, maximumPacketSize })
    return topics.map((topic) => {
      const written = encoder.publish(message({ topic }), 1, false, false, 1, undefined, 0)
      const sent = written
        ? (only(bytes(), 5) as { topic: string; properties?: { topicAlias?: number } })
        : undefined
      return sent && [sent.topic, sent.properties?.topicAlias]
    })
  }

  test('[MQTT-3.1.2-26] [MQTT-3.3.2-11] never go beyond its maximum', () => {
    expect(send(2, ['topic/1', 'topic/2', 'topic/3', 'topic/1', 'topic/2', 'topic/3'])).toEqual([
      ['topic/1', 1],
      ['topic/2', 2],
      ['topic/3', undefined],
      ['', 1],
      ['', 2],
      ['topic/3', undefined],
    ])
  })

  test('[MQTT-3.1.2-27] are not sent when it has none', () => {
    expect(send(0, ['topic/1', 'topic/1'])).toEqual([
      ['topic/1', undefined],
      ['topic/1', undefined],
    ])
  })

  test('are not introduced by a packet that is too large, or would become so', () => {
    const size = message({ topic: 'topic/1' }).frame.size
    expect(send(1, ['topic/1', 'topic/1'], size - 1)).toEqual([undefined, undefined])
    expect(send(1, ['topic/1', 'topic/1'], size + 2)).toEqual([
      ['topic/1', undefined],
      ['topic/1', undefined],
    ])
  })
})

describe('a run', () => {
  const one = packet(0x30, 'run', [0], Buffer.from('1'))
  const run = () => {
    const { decoder, got } = connected(5)
    decoder.push(Buffer.concat([one, one, one]), 0)
    return got.messages[0]!.frame
  }

  test('is written as it came', () => {
    const { encoder, bytes } = newEncoder()
    expect(encoder.frames(run())).toBe(true)
    expect(bytes()).toEqual(Buffer.concat([one, one, one]))
  })

  test.each([
    ['has another shape', { protocolVersion: 4 as const }],
    ['uses aliases', { topicAliasMaximum: 1 }],
    ['takes only smaller packets', { maximumPacketSize: one.length - 1 }],
  ])('is not written to a client that %s', (_, connection) => {
    const { encoder, output } = newEncoder(connection)
    expect(encoder.frames(run())).toBe(false)
    expect(output.size).toBe(0)
  })

  test('is written to a client that takes packets of its size', () => {
    expect(newEncoder({ maximumPacketSize: one.length }).encoder.frames(run())).toBe(true)
  })
})

describe('acknowledgements', () => {
  test.each([4, 5] as const)(
    '[MQTT-2.2.1-5] of success are four bytes in version %i',
    (protocolVersion) => {
      const { encoder, bytes } = newEncoder({ protocolVersion })
      for (const type of Object.values(AckType)) encoder.ack(type, 0x102, ReasonCode.Success)
      encoder.pingresp()
      expect(bytes()).toEqual(hex('40020102 50020102 62020102 70020102 d000'))
    },
  )

  test('say their reason code and string in version 5', () => {
    const { encoder, bytes } = newEncoder()
    encoder.ack(AckType.Puback, 1, ReasonCode.NoMatchingSubscribers)
    expect(bytes()).toEqual(hex('40 03 0001 10'))
    encoder.ack(AckType.Pubrec, 1, ReasonCode.QuotaExceeded, 'full')
    expect(only(bytes(), 5)).toMatchObject({
      cmd: 'pubrec',
      reasonCode: 0x97,
      properties: { reasonString: 'full' },
    })
  })

  test.each([
    ['[MQTT-3.4.2-2]', AckType.Puback],
    ['[MQTT-3.5.2-2]', AckType.Pubrec],
    ['[MQTT-3.6.2-2]', AckType.Pubrel],
    ['[MQTT-3.7.2-2]', AckType.Pubcomp],
  ])('%s the reason string is left out where the client has no room', (_, type) => {
    const { encoder, bytes } = newEncoder({ maximumPacketSize: 12 })
    expect(encoder.ack(type, 1, ReasonCode.PacketIdentifierNotFound, 'a long story')).toBe(true)
    expect(bytes()).toHaveLength(5)
  })

  test('[MQTT-3.1.2-29] the reason string is left out where it is not asked for', () => {
    const { encoder, bytes } = newEncoder({ requestProblemInformation: false })
    encoder.ack(AckType.Puback, 1, ReasonCode.QuotaExceeded, 'full')
    expect(bytes()).toHaveLength(5)
  })

  test('[MQTT3-3.3.5-2] of 3.x are positive where not authorised or not known, and cannot say any other failure', () => {
    const { encoder, bytes } = newEncoder({ protocolVersion: 4 })
    expect(encoder.ack(AckType.Puback, 1, ReasonCode.NotAuthorized)).toBe(true)
    expect(bytes()).toEqual(hex('40 02 0001'))
    expect(encoder.ack(AckType.Pubcomp, 1, ReasonCode.PacketIdentifierNotFound)).toBe(true)
    expect(bytes()).toEqual(hex('70 02 0001'))
    expect(encoder.ack(AckType.Puback, 1, ReasonCode.QuotaExceeded)).toBe(false)
    expect(bytes()).toHaveLength(0)
  })
})
