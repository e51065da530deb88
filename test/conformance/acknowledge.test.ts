import { describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { TestBroker } from '../support/test-broker.ts'
import { packet } from '../wire/support.ts'
import { publish } from './messages.ts'

/** The bytes of the packet that came last. */
function lastBytes(client: RawClient): Buffer | undefined {
  return client.received.at(-1)?.bytes
}

describe('the acknowledgements of the broker', () => {
  test('[MQTT-3.4.2-1] PUBACK has a code of its table, and none where it is 0x00', async () => {
    const broker = new TestBroker()
    const pub = await broker.connect()
    pub.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 1 })
    await pub.expect('puback')
    expect(lastBytes(pub)).toEqual(Buffer.from([0x40, 3, 0, 1, 0x10]))
    await pub.subscribe('b')
    pub.send({ cmd: 'publish', topic: 'b', payload: 'x', qos: 1, messageId: 1 })
    await broker.settle()
    const pubacks = pub.received.filter(({ packet: one }) => one?.cmd === 'puback')
    expect(pubacks.at(-1)?.bytes).toEqual(Buffer.from([0x40, 2, 0, 1]))
  })

  test('[MQTT-3.5.2-1] [MQTT-3.7.2-1] PUBREC and PUBCOMP have a code of their table', async () => {
    const pub = await new TestBroker().connect()
    pub.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 2, messageId: 1 })
    await pub.expect('pubrec')
    expect(lastBytes(pub)).toEqual(Buffer.from([0x50, 3, 0, 1, 0x10]))
    pub.send({ cmd: 'pubrel', messageId: 1 })
    await pub.expect('pubcomp')
    expect(lastBytes(pub)).toEqual(Buffer.from([0x70, 2, 0, 1]))
    pub.send({ cmd: 'pubrel', messageId: 1 })
    await pub.expect('pubcomp')
    expect(lastBytes(pub)).toEqual(Buffer.from([0x70, 3, 0, 1, 0x92]))
  })

  test('[MQTT-3.6.2-1] PUBREL has 0x00 or 0x92', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a', { qos: 2 })
    await publish(await broker.connect(), 'a', 'x', { qos: 2 })
    const { messageId } = await sub.expect('publish')
    sub.send({ cmd: 'pubrec', messageId })
    await sub.expect('pubrel')
    expect(lastBytes(sub)).toEqual(Buffer.from([0x62, 2, 0, messageId ?? 0]))
    sub.send({ cmd: 'pubrec', messageId: 900 })
    await sub.expect('pubrel')
    expect(lastBytes(sub)).toEqual(Buffer.from([0x62, 3, 3, 132, 0x92]))
  })

  test('[MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3] [MQTT-3.9.2-1] [MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2] never outgrow the client’s maximum packet size', async () => {
    const size = 24
    const client = await new TestBroker().connect({
      clientId: 'c',
      properties: { maximumPacketSize: size },
    })
    const message = { cmd: 'publish', topic: '$SYS/x', payload: 'x' } as const
    const userProperties = { key: 'x'.repeat(100) }
    client.send(
      { ...message, qos: 1, messageId: 1, properties: { userProperties } },
      { ...message, qos: 2, messageId: 2, properties: { userProperties } },
      { cmd: 'pubrel', messageId: 3, properties: { userProperties } },
      { cmd: 'pubrec', messageId: 4, properties: { userProperties } },
      { cmd: 'subscribe', messageId: 5, subscriptions: [{ topic: 'a/#/b', qos: 0 }] },
      { cmd: 'unsubscribe', messageId: 6, unsubscriptions: ['x'] },
      { cmd: 'pingreq' },
    )
    const came = []
    while (came.at(-1) !== 'pingresp') came.push((await client.next()).cmd)
    expect(came).toEqual([
      'puback',
      'pubrec',
      'pubcomp',
      'pubrel',
      'suback',
      'unsuback',
      'pingresp',
    ])
    expect(client.received.every(({ bytes }) => bytes.length <= size)).toBe(true)
  })
})

describe('the acknowledgements of the client', () => {
  test.each([
    ['[MQTT-3.6.1-1] a PUBREL with flags 0000', packet(0x60, [0, 1]), 0x81],
    ['a PUBREL with flags 0011', packet(0x63, [0, 1]), 0x81],
    ['a PUBACK with flags', packet(0x42, [0, 1]), 0x81],
    ['a PUBACK without an identifier', packet(0x40, [0]), 0x81],
    ['a PUBACK with a PUBREL code', packet(0x40, [0, 1, 0x92]), undefined],
    ['a PUBREC with a reason string twice', packet(0x50, reasonTwice()), 0x82],
  ] as const)('%s', async (_what, bytes, code) => {
    const client = await new TestBroker().connect()
    client.sendBytes(bytes)
    const end = await client.expect('disconnect')
    expect(end.reasonCode).toBeGreaterThanOrEqual(0x80)
    if (code !== undefined) expect(end.reasonCode).toBe(code)
    await client.expectClosedSilently()
  })

  test('[MQTT3-3.6.1-1] 3.1.1: a PUBREL with flags 0000 ends the connection', async () => {
    const client = await new TestBroker().connect({ version: 4, clientId: 'c' })
    client.sendBytes(packet(0x60, [0, 1]))
    await client.expectClosedSilently()
  })

  test('may have a reason string and user properties', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a', { qos: 2 })
    const properties = { reasonString: 'why', userProperties: { a: '1' } }
    const pub = await broker.connect()
    await publish(pub, 'a', 'x', { qos: 1 })
    await publish(pub, 'a', 'x', { qos: 2 })
    const [one, two] = await sub.expectMany('publish', 2)
    sub.send(
      { cmd: 'puback', messageId: one?.messageId, reasonCode: 0x10, properties },
      { cmd: 'pubrec', messageId: two?.messageId, reasonCode: 0, properties },
    )
    await sub.expect('pubrel')
    sub.send({ cmd: 'pubcomp', messageId: two?.messageId, reasonCode: 0, properties })
    await sub.expectSilence()
    expect(broker.broker.metrics.messagesAcked).toBe(2)
  })
})

/** PUBREC 1 with 0x80 and two reason strings. */
function reasonTwice(): number[] {
  return [0, 1, 0x80, 8, 0x1f, 0, 1, 0x61, 0x1f, 0, 1, 0x61]
}
