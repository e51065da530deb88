import { describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { TestBroker } from '../support/test-broker.ts'
import { packet } from '../wire/support.ts'
import { acknowledge, cameTo, payloadsTo, publish, texts } from './messages.ts'

async function unsubscribe(client: RawClient, ...unsubscriptions: string[]): Promise<unknown> {
  client.send({ cmd: 'unsubscribe', messageId: 9, unsubscriptions })
  return (await client.expect('unsuback')).granted
}

describe('UNSUBACK', () => {
  test('[MQTT-3.10.4-4] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2] has a code for each filter in order', async () => {
    const sub = await new TestBroker().connect()
    await sub.subscribe('a')
    await sub.subscribe('$share/g/b')
    const answer = await unsubscribe(sub, 'x', 'a', 'b', '$share/g/b', 'a')
    expect(answer).toEqual([0x11, 0, 0x11, 0, 0x11])
  })

  test.each([3, 4] as const)(
    '[MQTT-3.10.4-5] [MQTT-2.2.1-6] [MQTT3-3.10.4-5] version %i: has the identifier and no codes, and comes if nothing was deleted',
    async (version) => {
      const sub = await new TestBroker().connect({ version, clientId: 's' })
      sub.send({ cmd: 'unsubscribe', messageId: 258, unsubscriptions: ['nothing', 'there'] })
      await sub.expect('unsuback')
      expect(sub.received.at(-1)?.bytes).toEqual(Buffer.from([0xb0, 2, 1, 2]))
    },
  )

  test('[MQTT-3.10.4-5] [MQTT-2.2.1-6] has the identifier, and comes if nothing was deleted', async () => {
    const sub = await new TestBroker().connect()
    sub.send({ cmd: 'unsubscribe', messageId: 258, unsubscriptions: ['nothing'] })
    expect(await sub.expect('unsuback')).toMatchObject({ messageId: 258, granted: [0x11] })
  })
})

describe('an UNSUBSCRIBE that breaks a rule ends the connection', () => {
  const wrong: [string, Buffer, number][] = [
    ['[MQTT-3.10.1-1] flags 0000', packet(0xa0, [0, 1, 0], 'a'), 0x81],
    ['[MQTT-3.10.3-1] a filter that is no UTF-8', packet(0xa2, [0, 1, 0, 0, 1, 0xff]), 0x81],
    ['[MQTT-3.10.3-2] no filter', packet(0xa2, [0, 1, 0]), 0x82],
    ['packet id 0', packet(0xa2, [0, 0, 0], 'a'), 0x82],
  ]
  test.each(wrong)('%s', async (_what, bytes, code) => {
    const sub = await new TestBroker().connect()
    sub.sendBytes(bytes)
    expect((await sub.expect('disconnect')).reasonCode).toBe(code)
    await sub.expectClosedSilently()
  })

  test('[MQTT3-3.10.3-2] 3.1.1: no filter', async () => {
    const sub = await new TestBroker().connect({ version: 4, clientId: 's' })
    sub.sendBytes(packet(0xa2, [0, 1]))
    await sub.expectClosedSilently()
  })
})

describe('UNSUBSCRIBE', () => {
  test('[MQTT-3.10.4-1] takes away the filter that is equal character by character, no other', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    for (const filter of ['a/b', 'a/+', '#']) await sub.subscribe(filter)
    expect(await unsubscribe(sub, 'A/b', 'a/b/', '/a/b', '+/b', 'a/#')).toEqual(Array(5).fill(0x11))
    await publish(sub, 'a/b', '1')
    await sub.expect('publish')
    expect(await unsubscribe(sub, 'a/+', '#')).toEqual([0, 0])
    await publish(sub, 'a/b', '2')
    await publish(sub, 'a/c', '3')
    expect((await sub.expect('publish')).payload.toString()).toBe('2')
    await sub.expectSilence()
  })

  test('[MQTT-3.10.4-2] no message is added behind it, and what came before it is', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a')
    sub.send(
      { cmd: 'publish', topic: 'a', payload: 'before' },
      { cmd: 'unsubscribe', messageId: 9, unsubscriptions: ['a'] },
      { cmd: 'publish', topic: 'a', payload: 'after' },
    )
    await broker.settle()
    expect(payloadsTo(sub)).toEqual(['before'])
  })

  test('[MQTT-3.10.4-2] nor while the client is away', async () => {
    const broker = new TestBroker()
    const options = { clientId: 's', properties: { sessionExpiryInterval: 100 } }
    const sub = await broker.connect(options)
    await sub.subscribe('a', { qos: 1 })
    await unsubscribe(sub, 'a')
    await sub.drop()
    const pub = await broker.connect()
    expect(await publish(pub, 'a', 'x', { qos: 1 })).toBe(0x10)
    const back = await broker.connect({ ...options, clean: false })
    await back.expectSilence()
  })

  test.each([1, 2] as const)(
    '[MQTT-3.10.4-3] deliveries at QoS %i that have begun are completed, also on the next connection',
    async (qos) => {
      const broker = new TestBroker()
      const options = { clientId: 's', properties: { sessionExpiryInterval: 100 } }
      const sub = await broker.connect(options)
      await sub.subscribe('a', { qos })
      const pub = await broker.connect()
      await publish(pub, 'a', '1', { qos })
      await publish(pub, 'a', '2', { qos })
      const [first] = await sub.expectMany('publish', 2)
      await unsubscribe(sub, 'a')
      if (first !== undefined) await acknowledge(sub, first)
      await sub.expectSilence()
      await sub.drop()
      const back = await broker.connect({ ...options, clean: false })
      const again = await back.expect('publish')
      expect(again).toMatchObject({ dup: true, qos })
      expect(again.payload.toString()).toBe('2')
      await acknowledge(back, again)
      await back.expectSilence()
    },
  )

  test('what waits behind a full window is delivered too', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect({ properties: { receiveMaximum: 1 } })
    await sub.subscribe('a', { qos: 1 })
    const pub = await broker.connect()
    for (const payload of texts(5)) await publish(pub, 'a', payload, { qos: 1 })
    await broker.settle()
    expect(cameTo(sub)).toHaveLength(1)
    const first = await sub.expect('publish')
    await unsubscribe(sub, 'a')
    await acknowledge(sub, first)
    for (let i = 1; i < 5; i++) await acknowledge(sub, await sub.expect('publish'))
    expect(payloadsTo(sub)).toEqual(texts(5))
  })
})
