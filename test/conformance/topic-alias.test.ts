import { describe, expect, test } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'
import { packet } from '../wire/support.ts'
import { cameTo, nextPayload, publish, texts } from './messages.ts'

const alias = (topicAlias: number) => ({ properties: { topicAlias } })

describe('topic aliases of the client', () => {
  test('[MQTT-3.3.2-12] all up to the announced maximum are accepted, and may be set anew', async () => {
    const broker = new TestBroker({ channel: { topicAliasMax: 3 } })
    const sub = await broker.connect()
    await sub.subscribe('#')
    const pub = await broker.connect()
    expect(pub.connack?.properties?.topicAliasMaximum).toBe(3)
    for (const one of [1, 2, 3]) await publish(pub, `t${one}`, 'named', alias(one))
    for (const one of [3, 1, 2]) await publish(pub, '', 'alias', alias(one))
    await publish(pub, 'other', 'named', alias(2))
    await publish(pub, '', 'alias', alias(2))
    await broker.settle()
    const topics = cameTo(sub).map(({ topic }) => topic)
    expect(topics).toEqual(['t1', 't2', 't3', 't3', 't1', 't2', 'other', 'other'])
    expect(cameTo(sub).every((one) => one.properties?.topicAlias === undefined)).toBe(true)
  })

  test.each([
    ['[MQTT-3.3.2-8] 0', 0],
    ['[MQTT-3.3.2-9] above the maximum', 4],
  ])('%s is DISCONNECT 0x94', async (_what, value) => {
    const pub = await new TestBroker({ channel: { topicAliasMax: 3 } }).connect()
    pub.sendBytes(packet(0x30, 'a', [3, 0x23, 0, value], 'x'))
    expect((await pub.expect('disconnect')).reasonCode).toBe(0x94)
    await pub.expectClosedSilently()
  })

  test('none is accepted where none was announced', async () => {
    const pub = await new TestBroker({ channel: { topicAliasMax: 0 } }).connect()
    expect(pub.connack?.properties?.topicAliasMaximum).toBeUndefined()
    pub.sendBytes(packet(0x30, 'a', [3, 0x23, 0, 1], 'x'))
    expect((await pub.expect('disconnect')).reasonCode).toBe(0x94)
  })

  test('an alias that was not introduced is 0x82', async () => {
    const pub = await new TestBroker().connect()
    pub.sendBytes(packet(0x30, '', [3, 0x23, 0, 1], 'x'))
    expect((await pub.expect('disconnect')).reasonCode).toBe(0x82)
  })

  test('[MQTT-3.3.2-7] are not carried over to the next connection', async () => {
    const broker = new TestBroker()
    const options = { clientId: 'p', properties: { sessionExpiryInterval: 100 } }
    const pub = await broker.connect(options)
    await publish(pub, 'a', 'x', alias(1))
    await pub.drop()
    const back = await broker.connect({ ...options, clean: false })
    back.sendBytes(packet(0x30, '', [3, 0x23, 0, 1], 'x'))
    expect((await back.expect('disconnect')).reasonCode).toBe(0x82)
  })

  test('are resolved before a message is queued, retained or sent again', async () => {
    const broker = new TestBroker()
    const options = { clientId: 's', properties: { sessionExpiryInterval: 100 } }
    const sub = await broker.connect(options)
    await sub.subscribe('a', { qos: 2 })
    await sub.drop()
    const pub = await broker.connect()
    await publish(pub, 'a', '1', { qos: 1, ...alias(1) })
    await publish(pub, '', '2', { qos: 2, retain: true, ...alias(1) })
    await pub.drop()
    const back = await broker.connect({ ...options, clean: false })
    const came = await back.expectMany('publish', 2)
    expect(came.map(({ topic }) => topic)).toEqual(['a', 'a'])
    const late = await broker.connect()
    await late.subscribe('#')
    expect((await late.expect('publish')).topic).toBe('a')
  })

  test('[MQTT-3.3.2-2] one that is introduced by a refused topic does not exist', async () => {
    const pub = await new TestBroker().connect()
    pub.sendBytes(packet(0x30, 'a/+', [3, 0x23, 0, 1], 'x'))
    expect((await pub.expect('disconnect')).reasonCode).toBe(0x90)
  })
})

describe('topic aliases of the broker', () => {
  test('[MQTT-3.1.2-26] [MQTT-3.3.2-11] keep to the client’s maximum and name the right topic', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect({ properties: { topicAliasMaximum: 2 } })
    await sub.subscribe('#')
    const pub = await broker.connect()
    const order = 'aabcbacdad'.split('').map((letter) => `${letter}/long/topic`)
    for (const topic of order) await publish(pub, topic, topic)
    await broker.settle()
    const names = new Map<number, string>()
    for (const { topic, properties, payload } of cameTo(sub)) {
      const used = properties?.topicAlias
      if (used === undefined) {
        expect(topic).toBe(payload.toString())
        continue
      }
      expect([1, 2]).toContain(used)
      if (topic !== '') names.set(used, topic)
      expect(names.get(used)).toBe(payload.toString())
    }
    expect(cameTo(sub).some(({ topic }) => topic === '')).toBe(true)
    expect(cameTo(sub).map(({ payload }) => payload.toString())).toEqual(order)
  })

  test('[MQTT-3.1.2-27] are not used towards a client that takes none', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('#')
    const pub = await broker.connect()
    for (const text of texts(10)) await publish(pub, 'a', text)
    await broker.settle()
    expect(cameTo(sub).map(({ topic }) => topic)).toEqual(Array(10).fill('a'))
    expect(cameTo(sub).every((one) => one.properties?.topicAlias === undefined)).toBe(true)
  })

  test('[MQTT-3.3.2-7] begin anew on each connection, also for what is sent again', async () => {
    const broker = new TestBroker()
    const options = {
      clientId: 's',
      properties: { sessionExpiryInterval: 100, topicAliasMaximum: 5 },
    }
    const sub = await broker.connect(options)
    await sub.subscribe('long/topic', { qos: 1 })
    const pub = await broker.connect()
    await publish(pub, 'long/topic', '1', { qos: 1 })
    await publish(pub, 'long/topic', '2', { qos: 1 })
    const [first, second] = await sub.expectMany('publish', 2)
    expect([first?.topic, second?.topic]).toEqual(['long/topic', ''])
    await sub.drop()
    const back = await broker.connect({ ...options, clean: false })
    const [again, next] = await back.expectMany('publish', 2)
    expect(again).toMatchObject({ topic: 'long/topic', dup: true })
    expect(next).toMatchObject({ topic: '', dup: true })
    expect(next?.properties?.topicAlias).toBe(again?.properties?.topicAlias)
    await back.drop()
    const { topicAliasMaximum: _, ...without } = options.properties
    const third = await broker.connect({ ...options, properties: without, clean: false })
    expect((await third.expectMany('publish', 2)).map(({ topic }) => topic)).toEqual([
      'long/topic',
      'long/topic',
    ])
  })

  test('one that a packet too large would have introduced is not used', async () => {
    const broker = new TestBroker()
    const properties = { topicAliasMaximum: 5, maximumPacketSize: 40 }
    const sub = await broker.connect({ clientId: 's', properties })
    await sub.subscribe('topic')
    const pub = await broker.connect()
    await publish(pub, 'topic', 'x'.repeat(50))
    await publish(pub, 'topic', 'small')
    expect((await sub.expect('publish')).topic).toBe('topic')
    await publish(pub, 'topic', 'next')
    expect(await nextPayload(sub)).toBe('next')
  })
})
