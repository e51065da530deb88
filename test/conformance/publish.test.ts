import { describe, expect, test } from 'vitest'
import { TestAuthenticator } from '../support/test-authenticator.ts'
import { TestBroker } from '../support/test-broker.ts'
import { packet } from '../wire/support.ts'
import { cameTo, nextPayload, payloadsTo, publish } from './messages.ts'

describe('what a PUBLISH carries', () => {
  const properties = {
    payloadFormatIndicator: true,
    responseTopic: 'answers/here',
    correlationData: Buffer.from([0, 1, 2, 0xff]),
    contentType: 'text/plain; charset=utf-8',
  }

  test.each([0, 1, 2] as const)(
    '[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-20] is forwarded unaltered at QoS %i',
    async (qos) => {
      const broker = new TestBroker()
      const sub = await broker.connect()
      await sub.subscribe('a/b', { qos })
      const pub = await broker.connect()
      await publish(pub, 'a/b', 'x', { qos, properties })
      const came = await sub.expect('publish')
      expect(came).toMatchObject({ topic: 'a/b', qos, retain: false, dup: false })
      expect(came.properties).toEqual(properties)
      expect(came.payload.toString()).toBe('x')
    },
  )

  test('[MQTT-3.3.2-17] [MQTT-3.3.2-18] user properties keep their order, doubles and empty values', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a')
    const pub = await broker.connect()
    const pairs = [
      ['b', '1'],
      ['a', ''],
      ['b', '1'],
      ['', 'x'],
      ['a', '2'],
      ['b', ''],
    ] as const
    const bytes = pairs.flatMap(([key, value]) => [0x26, ...text(key), ...text(value)])
    pub.sendBytes(packet(0x30, 'a', [bytes.length, ...bytes], [1]))
    await sub.expect('publish')
    expect(sub.received.at(-1)?.bytes).toEqual(packet(0x30, 'a', [bytes.length, ...bytes], [1]))
  })

  test('user properties survive the queue, the retainer and an expiry beside them', async () => {
    const broker = new TestBroker()
    const pub = await broker.connect()
    const userProperties = { a: ['1', '', '1'] }
    const properties = { userProperties, messageExpiryInterval: 100 }
    await publish(pub, 'a', 'x', { qos: 1, retain: true, properties })
    const sub = await broker.connect()
    await sub.subscribe('a', { qos: 1 })
    const came = await sub.expect('publish')
    expect({ ...came.properties?.userProperties }).toEqual(userProperties)
    expect(came.properties?.messageExpiryInterval).toBe(100)
  })

  test('properties do not reach a 3.1.1 client, and the payload does', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect({ version: 4, clientId: 's' })
    await sub.subscribe('a', { qos: 1 })
    const pub = await broker.connect()
    await publish(pub, 'a', 'x', { qos: 1, properties })
    await sub.expect('publish')
    expect(sub.received.at(-1)?.bytes).toEqual(packet(0x32, 'a', [0, 1], [0x78]))
  })

  test('[MQTT-3.3.2-3] the topic is the one it was published to, not the filter', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect({ properties: { topicAliasMaximum: 0 } })
    await sub.subscribe('+/temp/#')
    const pub = await broker.connect()
    for (const topic of ['a/temp', 'b/temp/x', '/temp', 'a/other', 'a/b/temp']) {
      await publish(pub, topic, 'x')
    }
    await broker.settle()
    expect(cameTo(sub).map(({ topic }) => topic)).toEqual(['a/temp', 'b/temp/x', '/temp'])
  })

  test.each([0, 1] as const)('an empty payload is a message at QoS %i', async (qos) => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a', { qos })
    const pub = await broker.connect()
    await publish(pub, 'a', '', { qos })
    expect(await nextPayload(sub)).toBe('')
  })
})

describe('a PUBLISH that breaks a rule ends the connection', () => {
  const wrong: [string, Buffer, number][] = [
    ['[MQTT-3.3.1-4] QoS 3', packet(0x36, 'a', [0, 1, 0], 'x'), 0x81],
    ['[MQTT-3.3.1-2] DUP at QoS 0', packet(0x38, 'a', [0], 'x'), 0x81],
    ['[MQTT-3.3.2-2] [MQTT-4.7.0-1] + in the topic', packet(0x30, 'a/+', [0], 'x'), 0x90],
    ['[MQTT-3.3.2-2] [MQTT-4.7.0-1] # in the topic', packet(0x30, '#', [0], 'x'), 0x90],
    ['[MQTT-4.7.3-1] no topic and no alias', packet(0x30, '', [0], 'x'), 0x82],
    ['[MQTT-4.7.3-2] U+0000 in the topic', packet(0x30, 'a\0', [0], 'x'), 0x81],
    ['[MQTT-3.3.2-1] a topic that is no UTF-8', packet(0x30, [0, 1, 0xff, 0], 'x'), 0x81],
    ['[MQTT-2.2.1-3] packet id 0', packet(0x32, 'a', [0, 0, 0], 'x'), 0x82],
    ['[MQTT-3.3.4-6] a subscription id', packet(0x30, 'a', [2, 0x0b, 1], 'x'), 0x82],
    [
      '[MQTT-3.3.2-14] + in the response topic',
      packet(0x30, 'a', [4, 0x08, 0, 1, 0x2b], 'x'),
      0x82,
    ],
    [
      '[MQTT-3.3.2-13] a response topic that is no UTF-8',
      packet(0x30, 'a', [4, 0x08, 0, 1, 0xff], 'x'),
      0x81,
    ],
    [
      '[MQTT-3.3.2-19] a content type that is no UTF-8',
      packet(0x30, 'a', [4, 0x03, 0, 1, 0xff], 'x'),
      0x81,
    ],
    ['payload format 2', packet(0x30, 'a', [2, 0x01, 2], 'x'), 0x82],
    ['the same property twice', packet(0x30, 'a', [4, 0x01, 0, 0x01, 0], 'x'), 0x82],
  ]
  test.each(wrong)('%s', async (_what, bytes, code) => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('#')
    const pub = await broker.connect()
    pub.sendBytes(bytes)
    expect((await pub.expect('disconnect')).reasonCode).toBe(code)
    await pub.expectClosedSilently()
    await sub.expectSilence()
  })

  const wrong3: [string, Buffer][] = [
    ['[MQTT3-3.3.1-4] QoS 3', packet(0x36, 'a', [0, 1], 'x')],
    ['[MQTT3-3.3.1-2] DUP at QoS 0', packet(0x38, 'a', 'x')],
    ['[MQTT3-3.3.2-2] a wildcard in the topic', packet(0x30, 'a/#', 'x')],
    ['[MQTT3-4.7.3-1] an empty topic', packet(0x30, '', 'x')],
    ['[MQTT3-1.5.3-1] a topic that is no UTF-8', packet(0x30, [0, 1, 0xff], 'x')],
    ['[MQTT3-1.5.3-2] U+0000 in the topic', packet(0x30, '\0', 'x')],
    ['[MQTT3-2.3.1-1] packet id 0', packet(0x32, 'a', [0, 0], 'x')],
  ]
  test.each(wrong3)('[MQTT3-4.8.0-1] 3.1.1: %s', async (_what, bytes) => {
    const pub = await new TestBroker().connect({ version: 4, clientId: 'p' })
    pub.sendBytes(bytes)
    await pub.expectClosedSilently()
  })
})

describe('a PUBLISH that is not authorised', () => {
  const authenticator = new TestAuthenticator({ mayPublish: (topic) => topic !== 'secret' })

  test.each([0, 1, 2] as const)('goes to nobody and is 0x87 at QoS %i', async (qos) => {
    const broker = new TestBroker({ authenticator })
    const sub = await broker.connect()
    await sub.subscribe('#', { qos: 2 })
    const pub = await broker.connect()
    const code = await publish(pub, 'secret', 'x', { qos, retain: true })
    expect(code).toBe(qos === 0 ? 0 : 0x87)
    await pub.expectSilence()
    await sub.expectSilence()
    expect(broker.broker.retainer.count).toBe(0)
    expect(broker.broker.metrics.messagesNotAuthorized).toBe(1)
  })

  test.each([
    [3, 1],
    [3, 2],
    [4, 1],
    [4, 2],
  ] as const)(
    '[MQTT3-3.3.5-2] version %i, QoS %i: is acknowledged as ever and goes to nobody',
    async (version, qos) => {
      const broker = new TestBroker({ authenticator })
      const sub = await broker.connect()
      await sub.subscribe('#', { qos: 2 })
      const pub = await broker.connect({ version, clientId: 'p' })
      await publish(pub, 'secret', 'x', { qos })
      await publish(pub, 'public', 'y', { qos, messageId: 2 })
      expect(await nextPayload(sub)).toBe('y')
      await sub.expectSilence()
    },
  )

  test.each(['$SYS/broker/uptime', '$SYS/x', '$share/g/a'])(
    'to %s is not, for anybody',
    async (topic) => {
      const broker = new TestBroker()
      const sub = await broker.connect()
      await sub.subscribe('$SYS/#')
      const pub = await broker.connect()
      expect(await publish(pub, topic, 'x', { qos: 1, retain: true })).toBe(0x87)
      expect(await publish(pub, topic, 'x', { qos: 2, retain: true })).toBe(0x87)
      await publish(pub, topic, 'x')
      await pub.expectSilence()
      await sub.expectSilence()
      expect(broker.broker.retainer.count).toBe(0)
    },
  )

  test('to another $ topic is', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('$mine/#')
    const pub = await broker.connect()
    await publish(pub, '$mine/a', 'x')
    expect(await nextPayload(sub)).toBe('x')
  })
})

describe('the reason code of an answer', () => {
  test.each([1, 2] as const)('is 0x10 without subscribers, 0 with one, at QoS %i', async (qos) => {
    const broker = new TestBroker()
    const pub = await broker.connect()
    expect(await publish(pub, 'a', 'x', { qos })).toBe(0x10)
    const sub = await broker.connect()
    await sub.subscribe('a')
    expect(await publish(pub, 'a', 'y', { qos })).toBe(0)
    expect(payloadsTo(sub)).toEqual(['y'])
  })

  test('is 0x93, as DISCONNECT, beyond the announced receive maximum', async () => {
    const broker = new TestBroker({ channel: { receiveMaximum: 2 } })
    const pub = await broker.connect()
    expect(pub.connack?.properties?.receiveMaximum).toBe(2)
    const message = { cmd: 'publish', topic: 'a', payload: 'x', qos: 2 } as const
    pub.send(...[1, 2, 3].map((messageId) => ({ ...message, messageId })))
    await pub.expectMany('pubrec', 2)
    expect((await pub.expect('disconnect')).reasonCode).toBe(0x93)
    await pub.expectClosedSilently()
  })

  test('is 0x93 never while PUBCOMP and PUBACK give back what was taken', async () => {
    const broker = new TestBroker({ channel: { receiveMaximum: 2 } })
    const pub = await broker.connect()
    for (let id = 1; id <= 10; id++) await publish(pub, 'a', 'x', { qos: 2, messageId: id })
    for (let id = 1; id <= 10; id++) await publish(pub, 'a', 'x', { qos: 1, messageId: id })
    for (let id = 1; id <= 10; id++) await publish(pub, '$SYS/a', 'x', { qos: 2, messageId: id })
    await pub.expectSilence()
  })
})

/** A length-prefixed string. */
function text(value: string): number[] {
  return [0, value.length, ...Buffer.from(value)]
}
