import { type Packet, parser } from 'mqtt-packet'
import { expect, test } from 'vitest'
import { encodeConnect } from '../../src/client/connect.ts'
import { type ClientVersion, property } from '../../src/client/fields.ts'
import { OutputBuffer } from '../../src/client/output-buffer.ts'
import { PublishTemplate } from '../../src/client/publish-template.ts'
import {
  encodeDisconnect,
  encodeSubscribe,
  encodeUnsubscribe,
  pingreq,
} from '../../src/client/requests.ts'
import { AckType } from '../../src/mqtt/packets.ts'

/** What somebody else's parser reads. */
function read(version: ClientVersion, bytes: Uint8Array): Packet[] {
  const packets: Packet[] = []
  const reader = parser({ protocolVersion: version })
  reader.on('packet', (packet) => packets.push(packet))
  reader.on('error', (error: Error) => {
    throw error
  })
  reader.parse(Buffer.from(bytes))
  return packets
}

test('CONNECT of MQTT 5 says all that it is told', () => {
  const bytes = encodeConnect({
    version: 5,
    clientId: 'tool',
    cleanStart: true,
    keepAlive: 300,
    sessionExpiry: 3600,
    receiveMaximum: 40,
    will: { topic: 'w', payload: Buffer.from('gone'), qos: 2, retain: true, delay: 5 },
    username: 'me',
    password: Buffer.from('secret'),
  })
  expect(read(5, bytes)).toMatchObject([
    {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 5,
      clean: true,
      keepalive: 300,
      clientId: 'tool',
      properties: { sessionExpiryInterval: 3600, receiveMaximum: 40 },
      will: { topic: 'w', payload: Buffer.from('gone'), qos: 2, retain: true },
      username: 'me',
      password: Buffer.from('secret'),
    },
  ])
})

test('CONNECT of MQTT 3.1.1 leaves out what it has no word for', () => {
  const options = { clientId: 'tool', cleanStart: false, sessionExpiry: 9, receiveMaximum: 9 }
  const will = {
    topic: 'w',
    payload: Buffer.from('gone'),
    qos: 0,
    retain: false,
    delay: 9,
  } as const
  const [packet] = read(4, encodeConnect({ version: 4, ...options, will }))
  expect(packet).toMatchObject({ protocolVersion: 4, clean: false, keepalive: 0, clientId: 'tool' })
  expect(packet).toMatchObject({ will: { topic: 'w', qos: 0, retain: false } })
  expect(packet).not.toHaveProperty('username')
})

test('SUBSCRIBE has each filter with its options', () => {
  const filters = [
    { filter: 'a/+', qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 },
    { filter: 'b', qos: 0 },
  ] as const
  expect(read(5, encodeSubscribe(5, 65000, filters, 300))).toMatchObject([
    {
      cmd: 'subscribe',
      messageId: 65000,
      properties: { subscriptionIdentifier: 300 },
      subscriptions: [
        { topic: 'a/+', qos: 2, nl: true, rap: true, rh: 2 },
        { topic: 'b', qos: 0, nl: false, rap: false, rh: 0 },
      ],
    },
  ])
  expect(read(4, encodeSubscribe(4, 1, filters, 300))).toMatchObject([
    {
      subscriptions: [
        { topic: 'a/+', qos: 2 },
        { topic: 'b', qos: 0 },
      ],
    },
  ])
})

test('UNSUBSCRIBE, DISCONNECT and PINGREQ read back', () => {
  expect(read(5, encodeUnsubscribe(5, 7, ['a', 'b/#']))).toMatchObject([
    { cmd: 'unsubscribe', messageId: 7, unsubscriptions: ['a', 'b/#'] },
  ])
  expect(read(4, encodeUnsubscribe(4, 7, ['a']))).toMatchObject([{ unsubscriptions: ['a'] }])
  expect(read(5, encodeDisconnect(5, 4, 0))).toMatchObject([
    { cmd: 'disconnect', reasonCode: 4, properties: { sessionExpiryInterval: 0 } },
  ])
  expect(encodeDisconnect(5)).toEqual(encodeDisconnect(4, 4, 9))
  expect(read(4, pingreq)).toMatchObject([{ cmd: 'pingreq' }])
})

test.each([4, 5] as const)(
  'a template of version %i is sent with one identifier after another',
  (version) => {
    const template = new PublishTemplate({
      version,
      topic: 'a/b',
      qos: 1,
      payload: Buffer.from('12345'),
    })
    template.identify(0x0102)
    const first = Buffer.from(template.bytes)
    template.identify(3, true)
    template.bytes[template.payloadAt] = 0x41
    expect(read(version, first)).toMatchObject([
      {
        cmd: 'publish',
        topic: 'a/b',
        qos: 1,
        messageId: 0x0102,
        dup: false,
        payload: Buffer.from('12345'),
      },
    ])
    expect(read(version, template.bytes)).toMatchObject([
      { messageId: 3, dup: true, payload: Buffer.from('A2345') },
    ])
  },
)

test('a template at QoS 0 has no identifier, and may have properties', () => {
  const expiry = property(0x02, Buffer.from([0, 0, 0, 60]))
  const payload = Buffer.alloc(200, 'x')
  const options = {
    version: 5,
    topic: 't',
    qos: 0,
    retain: true,
    payload,
    properties: [expiry],
  } as const
  const template = new PublishTemplate(options)
  template.identify(9)
  expect(read(5, template.bytes)).toMatchObject([
    { topic: 't', qos: 0, retain: true, payload, properties: { messageExpiryInterval: 60 } },
  ])
})

test('the four acknowledgements read back, with a reason code where they have one', () => {
  const output = new OutputBuffer()
  output.ack(AckType.Puback, 1)
  output.ack(AckType.Pubrec, 0x0203, 0x97)
  output.ack(AckType.Pubrel, 3)
  output.ack(AckType.Pubcomp, 4)
  expect(read(5, output.take())).toMatchObject([
    { cmd: 'puback', messageId: 1, reasonCode: 0 },
    { cmd: 'pubrec', messageId: 0x0203, reasonCode: 0x97 },
    { cmd: 'pubrel', messageId: 3 },
    { cmd: 'pubcomp', messageId: 4 },
  ])
})

test('output grows as long as nobody takes it, and never over what was abandoned', () => {
  const output = new OutputBuffer()
  for (let i = 0; i < 1000; i++) output.append(Buffer.from([i & 0xff, i >> 8]))
  const taken = output.take()
  expect(taken.length).toBe(2000)
  expect(taken.readUInt16LE(2 * 777)).toBe(777)
  output.abandon()
  output.append(Buffer.alloc(2000, 0xff))
  expect(taken.readUInt16LE(2 * 777)).toBe(777)
})

test('a text of more than 65,535 bytes is refused', () => {
  const options = { version: 5, cleanStart: true, clientId: 'x'.repeat(65536) } as const
  expect(() => encodeConnect(options)).toThrow(RangeError)
})
