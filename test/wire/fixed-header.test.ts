import { describe, expect, test } from 'vitest'
import {
  connectBytes,
  connected,
  firstRefusalOf,
  hex,
  newDecoder,
  packet,
  refusalOf,
} from './support.ts'

const subscribeBody = [[0, 1], 'a', [0]]

describe.each([3, 4] as const)('version %i', (version) => {
  const wrong: [string, Buffer][] = [
    ['[MQTT-2.1.3-1] [MQTT3-2.2.2-1] PUBACK', hex('41 02 0001')],
    ['[MQTT-2.1.3-1] PUBREC', hex('54 02 0001')],
    ['[MQTT-3.6.1-1] PUBREL', hex('60 02 0001')],
    ['[MQTT-2.1.3-1] PUBCOMP', hex('72 02 0001')],
    ['[MQTT-3.8.1-1] SUBSCRIBE', packet(0x80, ...subscribeBody)],
    ['[MQTT-3.10.1-1] UNSUBSCRIBE', packet(0xa0, [0, 1], 'a')],
    ['[MQTT-2.1.3-1] PINGREQ', hex('c1 00')],
    ['[MQTT-3.14.1-1] DISCONNECT', hex('e1 00')],
  ]
  test.each(wrong)('%s with other flags is malformed', (_, bytes) => {
    expect(refusalOf(version, bytes)?.code).toBe(0x81)
  })

  test('AUTH does not exist', () => {
    expect(refusalOf(version, hex('f0 00'))?.code).toBe(0x82)
  })
})

test('MQTT 3.1 lets a client repeat SUBSCRIBE, UNSUBSCRIBE and PUBREL with DUP', () => {
  const { decoder, got } = connected(3)
  decoder.push(packet(0x8a, ...subscribeBody), 0)
  decoder.push(packet(0xaa, [0, 1], 'a'), 0)
  decoder.push(hex('6a 02 0001'), 0)
  expect(got.arrivals.map((arrival) => arrival.what)).toEqual(['packet', 'packet', 'ack'])
  expect(refusalOf(4, packet(0x8a, ...subscribeBody))?.code).toBe(0x81)
})

describe('version 5', () => {
  test('[MQTT-3.15.1-1] AUTH with flags is malformed', () => {
    expect(refusalOf(5, hex('f2 00'))?.code).toBe(0x81)
  })

  test.each([0x20, 0x90, 0xb0, 0xd0])("packet %i is a server's and refused", (first) => {
    expect(refusalOf(5, Buffer.from([first, 0]))?.code).toBe(0x82)
  })

  test('packet type 0 is malformed', () => {
    expect(refusalOf(5, hex('00 00'))?.code).toBe(0x81)
  })

  test('PINGREQ with a body is malformed', () => {
    expect(refusalOf(5, hex('c0 01 00'))?.code).toBe(0x81)
  })
})

describe('before and after CONNECT', () => {
  test('[MQTT-3.1.0-1] what begins with another packet is refused at its first byte', () => {
    for (const first of [0x30, 0xc0, 0x47, 0x16]) {
      expect(firstRefusalOf(Buffer.from([first]))?.code).toBeGreaterThanOrEqual(0x81)
    }
  })

  test('[MQTT-3.1.0-2] a second CONNECT is a protocol error', () => {
    expect(refusalOf(4, connectBytes(4))?.code).toBe(0x82)
    expect(refusalOf(5, connectBytes(4))?.code).toBe(0x82)
  })

  test('[MQTT-3.2.2-15] an announced size above the maximum is refused before anything is kept', () => {
    const { decoder, got } = newDecoder({ maximumPacketSize: 1000 })
    decoder.push(hex('10 ffffff7f'), 0)
    expect(got.refusal?.code).toBe(0x95)
    expect(decoder.pendingBytes).toBe(0)
  })

  test('a packet of exactly the maximum is accepted, header included', () => {
    const bytes = packet(0x30, 'a', Buffer.alloc(95))
    expect(bytes.length).toBe(100)
    expect(refusalOf(4, bytes, { maximumPacketSize: 100 })).toBeUndefined()
    expect(refusalOf(4, bytes, { maximumPacketSize: 99 })?.code).toBe(0x95)
  })
})
