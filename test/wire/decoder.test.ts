import { describe, expect, test } from 'vitest'
import { connectBytes, connected, generate, hex, newDecoder, packet } from './support.ts'

const ping = hex('c0 00')
const puback = hex('40 02 0007')

function publish(payload: string, topic = 'a/b'): Buffer {
  return packet(0x32, topic, [0, 9], Buffer.from(payload))
}

describe('cutting', () => {
  test('packets are the same whatever the chunks are', () => {
    const all = Buffer.concat([publish('one'), ping, publish('x'.repeat(300)), puback, ping])
    for (let size = 1; size <= all.length; size++) {
      const { decoder, got } = connected(4)
      for (let at = 0; at < all.length; at += size) decoder.push(all.subarray(at, at + size), 0)
      expect(got.arrivals.map((arrival) => arrival.what)).toEqual([
        'publish',
        'pingreq',
        'publish',
        'ack',
        'pingreq',
      ])
      expect(got.messages.map((message) => message.payload.length)).toEqual([3, 300])
      expect(decoder.pendingBytes).toBe(0)
      expect(decoder.hasPartialPacket).toBe(false)
    }
  })

  test('of an incomplete packet only what came is kept', () => {
    const { decoder } = connected(4, { maximumPacketSize: 1 << 29 })
    decoder.push(hex('30 ffffff7f 0001 61'), 0)
    expect(decoder.pendingBytes).toBe(8)
    expect(decoder.hasPartialPacket).toBe(true)
  })

  test('a large packet in small chunks is put together in linear time', () => {
    const { decoder, got } = connected(4, { maximumPacketSize: 1 << 26 })
    const bytes = packet(0x30, 'a', Buffer.alloc(20_000_000))
    for (let at = 0; at < bytes.length; at += 1000) decoder.push(bytes.subarray(at, at + 1000), 0)
    expect(got.messages[0]?.payloadSize).toBe(20_000_000)
    expect(got.messages[0]?.frame.owned).toBe(true)
  })

  test('a packet that came in one chunk refers to it, one that was put together is its own', () => {
    const { decoder, got } = connected(4)
    const bytes = publish('whole')
    decoder.push(bytes, 0)
    decoder.push(bytes.subarray(0, 5), 0)
    decoder.push(bytes.subarray(5), 0)
    expect(got.messages.map((message) => message.frame.owned)).toEqual([false, true])
    expect(got.messages[0]?.frame.bytes).toBe(bytes)
  })
})

describe('a handler that does not accept', () => {
  test('gets what is behind CONNECT when it accepts again, in order', () => {
    const { decoder, got } = newDecoder()
    got.during = ({ what }) => {
      if (what === 'packet') got.accepting = false
    }
    decoder.push(
      Buffer.concat([connectBytes(5), ping, packet(0x30, 'a', [0], Buffer.from('x'))]),
      0,
    )
    decoder.push(puback, 0)
    expect(got.arrivals).toHaveLength(1)
    expect(decoder.pendingBytes).toBe(2 + 7 + 4)
    decoder.configure({ clientId: 'assigned', topicAliasMaximum: 0 })
    got.accepting = true
    decoder.resume(5)
    expect(got.arrivals.map((arrival) => arrival.what)).toEqual([
      'packet',
      'pingreq',
      'publish',
      'ack',
    ])
    expect(got.messages[0]).toMatchObject({ from: 'assigned', receivedAt: 5 })
  })

  test('may resume, push and stop from within', () => {
    const { decoder, got } = connected(4)
    got.during = () => {
      if (got.arrivals.length === 1) {
        decoder.push(puback, 0)
        decoder.resume(0)
      }
      if (got.arrivals.length === 3) decoder.stop()
    }
    decoder.push(Buffer.concat([ping, publish('y')]), 0)
    expect(got.arrivals.map((arrival) => arrival.what)).toEqual(['pingreq', 'publish', 'ack'])
    decoder.push(ping, 0)
    expect(got.arrivals).toHaveLength(3)
  })

  test('that throws leaves the decoder behind that packet', () => {
    const { decoder, got } = connected(4)
    got.during = ({ what }) => {
      if (what === 'pingreq') throw new Error('a bug of ours')
    }
    expect(() => decoder.push(Buffer.concat([ping, puback]), 0)).toThrow('a bug of ours')
    decoder.resume(0)
    expect(got.arrivals.map((arrival) => arrival.what)).toEqual(['pingreq', 'ack'])
  })
})

describe('after a refusal', () => {
  test('[MQTT-4.13.1-1] nothing more is decoded, and nothing kept', () => {
    const { decoder, got } = connected(4)
    decoder.push(Buffer.concat([hex('c1 00'), ping]), 0)
    decoder.push(ping, 0)
    decoder.resume(0)
    expect(got.arrivals.map((arrival) => arrival.what)).toEqual(['refused'])
    expect(decoder.pendingBytes).toBe(0)
  })
})

describe('the protocol version', () => {
  test.each([3, 4, 5] as const)('is that of CONNECT: %i', (version) => {
    expect(connected(version).decoder.protocolVersion).toBe(version)
  })

  test('is known of a refused CONNECT too, to answer it', () => {
    const { decoder, got } = newDecoder()
    decoder.push(packet(0x10, 'MQTT', [5, 1, 0, 0, 0], 'c'), 0)
    expect(got.refusal?.code).toBe(0x81)
    expect(decoder.protocolVersion).toBe(5)
  })

  test('is learnt from a CONNECT that later packets follow in the same chunk', () => {
    const { decoder, got } = newDecoder()
    decoder.push(
      Buffer.concat([
        connectBytes(5),
        generate({ cmd: 'publish', topic: 't', qos: 0, payload: 'p' }, 5),
      ]),
      0,
    )
    expect(got.messages[0]?.payload.toString()).toBe('p')
    expect(got.messages[0]?.frame.shape).toBe(5)
  })
})
