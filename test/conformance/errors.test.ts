import { describe, expect, test } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'
import { hex, packet, text } from '../wire/support.ts'

const notUtf8 = [0, 2, 0xc3, 0x28]
const surrogate = [0, 3, 0xed, 0xa0, 0x80]
const withNul = [0, 3, 0x61, 0x00, 0x62]

/** What no client may send, and what MQTT 5 calls it. */
const wrong: [string, Buffer, number][] = [
  ['[MQTT-1.5.4-1] a topic that is no UTF-8', packet(0x30, notUtf8, [0], 'x'), 0x81],
  ['[MQTT-1.5.4-1] a topic with a surrogate', packet(0x30, surrogate, [0]), 0x81],
  ['[MQTT-1.5.4-2] a topic with U+0000', packet(0x30, withNul, [0]), 0x81],
  ['[MQTT-1.5.5-1] a remaining length of five bytes', hex('30 80 80 80 80 01'), 0x81],
  ['[MQTT-1.5.5-1] a remaining length longer than it needs', hex('c0 80 00'), 0x81],
  [
    '[MQTT-1.5.7-1] a user property that is no UTF-8',
    packet(0x30, 'a', [8, 0x26], [0, 1, 0x6b], [0, 2, 0xc3, 0x28]),
    0x81,
  ],
  ['[MQTT-2.1.3-1] reserved flags of PUBACK', hex('41 02 00 01'), 0x81],
  ['[MQTT-2.1.3-1] reserved flags of PINGREQ', hex('c1 00'), 0x81],
  ['[MQTT-2.1.3-1] reserved flags of SUBSCRIBE', packet(0x80, [0, 1, 0], 'a', [0]), 0x81],
  ['[MQTT-2.1.3-1] packet type 0', hex('00 00'), 0x81],
  ['[MQTT-2.2.1-2] QoS 3', packet(0x36, 'a', [0, 1, 0]), 0x81],
  ['[MQTT-2.2.1-3] PUBLISH with packet id 0', packet(0x32, 'a', [0, 0, 0]), 0x82],
  ['[MQTT-2.2.1-3] SUBSCRIBE with packet id 0', packet(0x82, [0, 0, 0], 'a', [0]), 0x82],
  ['[MQTT-2.2.1-3] UNSUBSCRIBE with packet id 0', packet(0xa2, [0, 0, 0], 'a'), 0x82],
  ['[MQTT-2.2.2-1] PUBLISH without a property length', packet(0x30, 'a'), 0x81],
  [
    '[MQTT-2.2.2-1] a property that PUBLISH does not have',
    packet(0x30, 'a', [5, 0x11, 0, 0, 0, 1]),
    0x81,
  ],
  ['a property that comes twice', packet(0x30, 'a', [4, 0x01, 0, 0x01, 0]), 0x82],
  ['a subscription identifier of a client', packet(0x30, 'a', [2, 0x0b, 1]), 0x82],
  ['a subscription identifier of 0', packet(0x82, [0, 1, 2, 0x0b, 0], 'a', [0]), 0x82],
  ['a topic alias of 0', packet(0x30, '', [3, 0x23, 0, 0]), 0x94],
  ['a topic alias above the maximum', packet(0x30, 'a', [3, 0x23, 0xff, 0xff]), 0x94],
  ['a wildcard in a topic name', packet(0x30, 'a/#', [0]), 0x90],
  ['what only servers send', hex('d0 00'), 0x82],
]

/** The same for 3.1.1, which has no properties. */
const wrong3: [string, Buffer][] = [
  ['[MQTT3-1.5.3-1] a topic that is no UTF-8', packet(0x30, notUtf8, 'x')],
  ['[MQTT3-1.5.3-1] a topic with a surrogate', packet(0x30, surrogate)],
  ['[MQTT3-1.5.3-2] a topic with U+0000', packet(0x30, withNul)],
  ['[MQTT3-1.5.3-1] a filter that is no UTF-8', packet(0x82, [0, 1], notUtf8, [0])],
  ['[MQTT3-2.2.2-2] reserved flags of PUBACK', hex('41 02 00 01')],
  ['[MQTT3-2.2.2-2] reserved flags of PINGREQ', hex('c1 00')],
  ['[MQTT3-2.2.2-2] reserved flags of DISCONNECT', hex('e1 00')],
  ['[MQTT3-2.2.2-2] reserved flags of SUBSCRIBE', packet(0x80, [0, 1], 'a', [0])],
  ['[MQTT3-2.2.2-2] reserved flags of UNSUBSCRIBE', packet(0xa0, [0, 1], 'a')],
  ['[MQTT3-2.2.2-2] reserved flags of PUBREL', hex('60 02 00 01')],
  ['[MQTT3-2.3.1-1] PUBLISH with packet id 0', packet(0x32, 'a', [0, 0])],
  ['[MQTT3-2.3.1-1] SUBSCRIBE with packet id 0', packet(0x82, [0, 0], 'a', [0])],
  ['[MQTT3-2.3.1-1] UNSUBSCRIBE with packet id 0', packet(0xa2, [0, 0], 'a')],
  ['a DISCONNECT with a body', hex('e0 01 00')],
  ['AUTH, which it does not have', hex('f0 00')],
]

describe('a packet that breaks the rules', () => {
  test.each(wrong)(
    '[MQTT-4.13.1-1] [MQTT-4.13.2-1] %s: DISCONNECT with its code, and the end',
    async (_what, bytes, code) => {
      const broker = new TestBroker()
      const witness = await broker.connect()
      await witness.subscribe('#')
      const client = await broker.connect({ clientId: 'c' })
      client.sendBytes(Buffer.concat([bytes, packet(0x30, 'behind', [0], text('x'))]))
      expect((await client.expect('disconnect')).reasonCode).toBe(code)
      await client.expectClosedSilently()
      await witness.expectSilence()
      expect(broker.reception.connections.size).toBe(1)
    },
  )

  test.each(wrong3)(
    '[MQTT3-4.8.0-1] %s: the end, of this connection only',
    async (_what, bytes) => {
      const broker = new TestBroker()
      const witness = await broker.connect({ version: 4, clientId: 'w' })
      await witness.subscribe('#')
      const client = await broker.connect({ version: 4, clientId: 'c' })
      client.sendBytes(Buffer.concat([bytes, packet(0x30, 'behind', text('x'))]))
      await client.expectClosedSilently()
      await witness.expectSilence()
    },
  )

  test.each(['ends behind its first byte', 'ends in its length', 'ends in its body'])(
    '[MQTT-4.13.1-1] one that %s waits for the rest',
    async (where) => {
      const broker = new TestBroker()
      const client = await broker.connect()
      await client.subscribe('a')
      const bytes = packet(0x30, 'a', [0], Buffer.alloc(300, 'x'))
      const cut = { 'ends behind its first byte': 1, 'ends in its length': 2 }[where] ?? 50
      client.sendBytes(bytes.subarray(0, cut))
      await broker.settle()
      client.sendBytes(bytes.subarray(cut))
      expect((await client.expect('publish')).payload).toHaveLength(300)
    },
  )

  test('larger than the broker takes is 0x95, before it has come', async () => {
    const broker = new TestBroker({ channel: { maximumPacketSize: 1000 } })
    const client = await broker.connect()
    expect(client.connack?.properties?.maximumPacketSize).toBe(1000)
    await client.subscribe('a')
    const fits = packet(0x30, 'a', [0], Buffer.alloc(1000 - 7, 'x'))
    expect(fits).toHaveLength(1000)
    client.sendBytes(fits)
    await client.expect('publish')
    client.sendBytes(hex('30 e6 07'))
    expect((await client.expect('disconnect')).reasonCode).toBe(0x95)
    await client.expectClosedSilently()
  })

  test('a filter that is ill-formed costs only its place in SUBACK', async () => {
    const client = await new TestBroker().connect()
    client.sendBytes(packet(0x82, [0, 9, 0], 'a/#/b', [0], 'ok', [1], 'a+', [0]))
    expect((await client.expect('suback')).granted).toEqual([0x8f, 1, 0x8f])
    await client.expectSilence()
  })
})

describe('a string', () => {
  test.each([4, 5] as const)(
    '[MQTT-1.5.4-3] keeps U+FEFF and every other character, version %i',
    async (version) => {
      const client = await new TestBroker().connect({ version, clientId: '\uFEFFc' })
      const topic = '\uFEFFgrüße/日本/😀/\uFEFF'
      await client.subscribe(topic)
      client.send({ cmd: 'publish', topic, payload: 'x' })
      await client.expect('publish')
      const { bytes } = client.received.at(-1) ?? {}
      expect(bytes?.includes(text(topic))).toBe(true)
      await client.subscribe(topic.slice(1))
      client.send({ cmd: 'publish', topic, payload: 'x' })
      await client.expect('publish')
      await client.expectSilence()
    },
  )
})

describe('the stream of bytes', () => {
  test.each([1, 2, 3, 7, 64])('[MQTT-4.2.0-1] may be cut into pieces of %i bytes', async (size) => {
    const broker = new TestBroker()
    const client = broker.open()
    const bytes = Buffer.concat([
      packet(0x10, 'MQTT', [5, 2, 0, 0, 0], 'c'),
      packet(0x82, [0, 1, 0], 'a', [1]),
      ...Array.from({ length: 40 }, (_, i) =>
        packet(0x32, 'a', [0, i + 1, 0], Buffer.alloc(i, 'x')),
      ),
      packet(0xc0),
    ])
    for (let at = 0; at < bytes.length; at += size) {
      client.sendBytes(bytes.subarray(at, at + size))
      if (at % 10 === 0) await broker.settle()
    }
    await client.expect('connack')
    await client.expect('suback')
    const acks: (number | undefined)[] = []
    const lengths: number[] = []
    for (let packets = 0; packets < 81; packets++) {
      const received = await client.next()
      if (received.cmd === 'puback') acks.push(received.messageId)
      if (received.cmd !== 'publish') continue
      lengths.push(received.payload.length)
      client.send({ cmd: 'puback', messageId: received.messageId })
    }
    expect(acks).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
    expect(lengths).toEqual(Array.from({ length: 40 }, (_, i) => i))
  })
})
