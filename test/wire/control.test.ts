import { describe, expect, test } from 'vitest'
import type { ProtocolVersion } from '../../src/mqtt/packets.ts'
import { connected, hex, newDecoder, packet, refusalOf, text } from './support.ts'

function received(version: ProtocolVersion, bytes: Buffer) {
  const { decoder, got } = connected(version)
  decoder.push(bytes, 0)
  expect(got.refusal).toBeUndefined()
  return got.packets[0]
}

describe.each([3, 4, 5] as const)('SUBSCRIBE and UNSUBSCRIBE of version %i', (version) => {
  const properties = version === 5 ? [[0]] : []
  const subscribe = (...rest: (string | number[])[]) => packet(0x82, [0, 1], ...properties, ...rest)
  const unsubscribe = (...rest: (string | number[] | Buffer)[]) =>
    packet(0xa2, [0, 1], ...properties, ...rest)

  test('are read, filters in order', () => {
    const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 }
    expect(received(version, subscribe('a/#', [1], '', [2]))).toMatchObject({
      type: 'subscribe',
      packetId: 1,
      subscriptions: [
        { filter: 'a/#', options: { qos: 1, ...options } },
        { filter: '', options: { qos: 2, ...options } },
      ],
    })
    expect(received(version, unsubscribe('a/#', 'b'))).toMatchObject({
      packetId: 1,
      filters: ['a/#', 'b'],
    })
  })

  test('[MQTT-3.8.3-2] [MQTT3-3.8.3-3] a SUBSCRIBE without filters is a protocol error', () => {
    expect(refusalOf(version, subscribe())?.code).toBe(0x82)
  })
  test('[MQTT-3.10.3-2] an UNSUBSCRIBE without filters is a protocol error', () => {
    expect(refusalOf(version, unsubscribe())?.code).toBe(0x82)
  })
  test('[MQTT3-2.3.1-1] packet identifier 0 is a protocol error', () => {
    expect(refusalOf(version, packet(0x82, [0, 0], ...properties, 'a', [0]))?.code).toBe(0x82)
    expect(refusalOf(version, packet(0xa2, [0, 0], ...properties, 'a'))?.code).toBe(0x82)
  })
  test('[MQTT-3.8.3-5] [MQTT3-3.8.3-4] reserved bits in the options are malformed', () => {
    expect(refusalOf(version, subscribe('a', [0x40]))?.code).toBe(0x81)
    expect(refusalOf(version, subscribe('a', [0x80]))?.code).toBe(0x81)
    expect(refusalOf(version, subscribe('a', [0x04]))?.code).toBe(version === 5 ? undefined : 0x81)
  })
  test('[MQTT3-3.8.3-4] QoS 3 is refused', () => {
    expect(refusalOf(version, subscribe('a', [3]))?.code).toBe(version === 5 ? 0x82 : 0x81)
  })
  test('what is cut short is malformed', () => {
    expect(refusalOf(version, packet(0x82, [0]))?.code).toBe(0x81)
    expect(refusalOf(version, subscribe('a'))?.code).toBe(0x81)
    expect(refusalOf(version, subscribe([0, 5, 0x61]))?.code).toBe(0x81)
    expect(refusalOf(version, unsubscribe('a', [0]))?.code).toBe(0x81)
    expect(refusalOf(version, unsubscribe([0, 5, 0x61]))?.code).toBe(0x81)
  })
})

describe('SUBSCRIBE of version 5', () => {
  const withProperties = (digits: string) =>
    packet(0x82, [0, 1], [hex(digits).length], hex(digits), 'a', [0])

  test('options and subscription identifier are read', () => {
    expect(received(5, packet(0x82, [0, 1], [2, 11, 7], 'a', [0x2d]))).toMatchObject({
      subscriptions: [
        {
          options: {
            qos: 1,
            noLocal: true,
            retainAsPublished: true,
            retainHandling: 2,
            subscriptionId: 7,
          },
        },
      ],
    })
  })
  test('retain handling 3 is a protocol error', () => {
    expect(refusalOf(5, packet(0x82, [0, 1], [0], 'a', [0x30]))?.code).toBe(0x82)
  })
  test('[MQTT-3.8.3-4] no local on a shared subscription is a protocol error', () => {
    expect(refusalOf(5, packet(0x82, [0, 1], [0], '$share/g/a', [0x04]))?.code).toBe(0x82)
    expect(refusalOf(5, packet(0x82, [0, 1], [0], '$shared/a', [0x04]))).toBeUndefined()
  })
  test.each([
    ['subscription identifier 0', 0x82, '0b 00'],
    ['two subscription identifiers', 0x82, '0b 01 0b 02'],
    ['a subscription identifier that takes too many bytes', 0x81, '0b 81 00'],
    ['a reason string', 0x81, '1f 0000'],
  ])('%s is refused', (_, code, digits) => {
    expect(refusalOf(5, withProperties(digits))?.code).toBe(code)
  })
  test('user properties are read', () => {
    const user = Buffer.concat([hex('26'), text('n'), text('')])
    expect(received(5, packet(0xa2, [0, 1], [user.length], user, 'a'))).toMatchObject({
      userProperties: [['n', '']],
    })
  })
})

test('a bridge of 3.x gets retain flags as published, and not its own messages', () => {
  const { decoder, got } = newDecoder()
  decoder.push(packet(0x10, 'MQTT', [0x84, 2, 0, 0], 'c'), 0)
  decoder.push(packet(0x82, [0, 1], 'a', [0], '$share/g/a', [0]), 0)
  expect(got.packets[1]).toMatchObject({
    subscriptions: [
      { options: { noLocal: true, retainAsPublished: true } },
      { options: { noLocal: false, retainAsPublished: true } },
    ],
  })
})

describe('DISCONNECT', () => {
  test('of 3.x is the normal one and has no body', () => {
    expect(received(4, hex('e0 00'))).toMatchObject({ type: 'disconnect', reasonCode: 0 })
    expect(refusalOf(4, hex('e0 01 00'))?.code).toBe(0x81)
  })
  test('may leave out reason code and properties', () => {
    expect(received(5, hex('e0 00'))).toMatchObject({
      reasonCode: 0,
      sessionExpiryInterval: undefined,
    })
    expect(received(5, hex('e0 01 04'))).toMatchObject({ reasonCode: 4 })
    expect(received(5, hex('e0 02 04 00'))).toMatchObject({ reasonCode: 4 })
  })
  test('its properties are read', () => {
    expect(received(5, hex('e0 0b 00 09 11 00000007 1f 0001 61'))).toMatchObject({
      sessionExpiryInterval: 7,
      reasonString: 'a',
    })
  })
  test.each([
    ['[MQTT-3.14.2-1] a reason code of the server', 0x82, 'e0 01 8b'],
    ['[MQTT-3.14.2-1] a reason code that is none', 0x82, 'e0 01 01'],
    ['a server reference', 0x81, 'e0 05 00 03 1c 0000'],
    ['a byte behind its end', 0x81, 'e0 03 00 00 00'],
    ['a property twice', 0x82, 'e0 0c 00 0a 11 00000000 11 00000000'],
  ])('%s is refused', (_, code, digits) => {
    expect(refusalOf(5, hex(digits))?.code).toBe(code)
  })
})

describe('AUTH', () => {
  test('is read', () => {
    expect(received(5, hex('f0 0a 18 08 15 0001 6d 16 0001 64'))).toMatchObject({
      type: 'auth',
      reasonCode: 0x18,
      authenticationMethod: 'm',
      authenticationData: Buffer.from('d'),
    })
  })
  test.each([
    ['[MQTT-3.15.2-1] success', 0x82, 'f0 06 00 04 15 0001 6d'],
    ['[MQTT-3.15.2-1] a code that is none', 0x82, 'f0 06 80 04 15 0001 6d'],
    ['[MQTT-4.12.0-5] no method', 0x82, 'f0 02 18 00'],
    ['[MQTT-4.12.0-5] no body', 0x82, 'f0 00'],
    ['a byte behind its end', 0x81, 'f0 07 18 04 15 0001 6d 00'],
  ])('%s is refused', (_, code, digits) => {
    expect(refusalOf(5, hex(digits))?.code).toBe(code)
  })
})
