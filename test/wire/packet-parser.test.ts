import mqttPacket, { type Packet } from 'mqtt-packet'
import { expect, test } from 'vitest'
import { Refusal } from '../../src/mqtt/refusal.ts'
import { PacketParser } from '../../src/wire/packet-parser.ts'

const connect = mqttPacket.generate({
  cmd: 'connect',
  protocolVersion: 5,
  clientId: 'c',
  clean: true,
  username: 'u',
  password: Buffer.from('secret'),
} as Packet)
const subscribe = mqttPacket.generate(
  { cmd: 'subscribe', messageId: 7, subscriptions: [{ topic: 'a', qos: 1 }] } as Packet,
  { protocolVersion: 5 },
)

test('reads one packet after another', () => {
  const parser = new PacketParser(5)
  for (let i = 0; i < 3; i++) {
    expect(parser.parse(connect)).toMatchObject({ cmd: 'connect', clientId: 'c' })
    expect(parser.parse(subscribe)).toMatchObject({ cmd: 'subscribe', messageId: 7 })
  }
})

test.each([
  ['too short', subscribe.subarray(0, 4)],
  ['damaged', Buffer.from([0x82, 5, 0, 7, 0, 0, 9])],
])('refuses what is %s, and goes on with the next packet', (_what, bytes) => {
  const parser = new PacketParser(5)
  expect(parser.parse(connect)).toMatchObject({ cmd: 'connect' })
  expect(parser.parse(bytes)).toBeInstanceOf(Refusal)
  expect(parser.parse(subscribe)).toMatchObject({ cmd: 'subscribe', messageId: 7 })
})
