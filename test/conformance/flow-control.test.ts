import { describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { TestBroker } from '../support/test-broker.ts'
import { acknowledge, cameTo, payloadsTo, publish, texts } from './messages.ts'

/** A subscriber with a receive maximum, and `count` messages at QoS 1 for it. */
async function flooded(
  receiveMaximum: number,
  count: number,
): Promise<{ broker: TestBroker; sub: RawClient; pub: RawClient }> {
  const broker = new TestBroker()
  const sub = await broker.connect({ clientId: 's', properties: { receiveMaximum } })
  await sub.subscribe('a', { qos: 1 })
  const pub = await broker.connect()
  const message = { cmd: 'publish', topic: 'a', qos: 1 } as const
  pub.send(...texts(count).map((payload, i) => ({ ...message, payload, messageId: i + 1 })))
  await pub.expectMany('puback', count)
  return { broker, sub, pub }
}

describe('the receive maximum of the client', () => {
  test.each([1, 2, 7, 31])(
    '[MQTT-3.3.4-9] [MQTT-4.9.0-1] %i: no more are unacknowledged at any time',
    async (receiveMaximum) => {
      const { broker, sub } = await flooded(receiveMaximum, 50)
      for (let acked = 0; acked < 50; acked++) {
        await broker.settle()
        expect(cameTo(sub)).toHaveLength(Math.min(50, acked + receiveMaximum))
        await acknowledge(sub, await sub.expect('publish'))
      }
      await sub.expectSilence()
      expect(payloadsTo(sub)).toEqual(texts(50))
    },
  )

  test('[MQTT-3.3.4-9] max_inflight narrows it', async () => {
    const broker = new TestBroker({ session: { inflightMax: 3 } })
    const sub = await broker.connect()
    await sub.subscribe('a', { qos: 1 })
    const pub = await broker.connect()
    for (const text of texts(10)) await publish(pub, 'a', text, { qos: 1 })
    await broker.settle()
    expect(cameTo(sub)).toHaveLength(3)
  })

  test('[MQTT-3.3.4-10] [MQTT-4.9.0-3] delays nothing else: QoS 0 of its own topic apart, all is answered', async () => {
    const { sub, pub } = await flooded(1, 10)
    const first = await sub.expect('publish')
    await sub.subscribe('b', { qos: 0 })
    sub.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['b'] })
    await sub.expect('unsuback')
    expect(await publish(sub, 'x', 'x', { qos: 2 })).toBe(0x10)
    expect(await publish(sub, 'x', 'x', { qos: 1 })).toBe(0x10)
    await sub.expectSilence()
    expect(await publish(pub, 'a', 'more', { qos: 2 })).toBe(0)
    await acknowledge(sub, first)
  })

  test('[MQTT-3.3.4-10] a PUBREL is not delayed while the quota is used up', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect({ properties: { receiveMaximum: 2 } })
    await sub.subscribe('a', { qos: 2 })
    const pub = await broker.connect()
    for (const text of texts(5)) await publish(pub, 'a', text, { qos: 2 })
    const [one, two] = await sub.expectMany('publish', 2)
    for (const came of [one, two]) sub.send({ cmd: 'pubrec', messageId: came?.messageId })
    const pubrels = await sub.expectMany('pubrel', 2)
    expect(pubrels.map(({ messageId }) => messageId)).toEqual([one?.messageId, two?.messageId])
    await sub.expectSilence()
    sub.send({ cmd: 'pubcomp', messageId: one?.messageId })
    expect((await sub.expect('publish')).payload.toString()).toBe('2')
    await sub.expectSilence()
  })

  test('[MQTT-4.9.0-2] PUBREC below 0x80 gives no quota back; PUBACK, PUBCOMP and PUBREC ≥ 0x80 do', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect({ properties: { receiveMaximum: 1 } })
    await sub.subscribe('a', { qos: 2 })
    const pub = await broker.connect()
    for (const text of texts(8)) {
      await publish(pub, 'a', text, { qos: Number(text) % 2 === 0 ? 2 : 1 })
    }
    for (const text of texts(8)) {
      const came = await sub.expect('publish')
      expect(came.payload.toString()).toBe(text)
      await sub.expectSilence()
      const { messageId, qos } = came
      if (qos === 1) sub.send({ cmd: 'puback', messageId, reasonCode: text === '1' ? 0x80 : 0 })
      else if (text === '2') sub.send({ cmd: 'pubrec', messageId, reasonCode: 0x97 })
      else {
        sub.send({ cmd: 'pubrec', messageId })
        await sub.expect('pubrel')
        await sub.expectSilence()
        sub.send({ cmd: 'pubcomp', messageId, reasonCode: text === '4' ? 0x92 : 0 })
      }
    }
    await sub.expectSilence()
  })

  test('[MQTT-4.9.0-1] acknowledgements that come twice or unasked do not raise the quota', async () => {
    const { broker, sub } = await flooded(2, 20)
    const [one] = await sub.expectMany('publish', 2)
    const puback = { cmd: 'puback', messageId: one?.messageId } as const
    sub.send({ cmd: 'pubcomp', messageId: 900 }, { cmd: 'puback', messageId: 901 }, puback)
    await broker.settle()
    expect(cameTo(sub)).toHaveLength(3)
    sub.send(puback, puback, { cmd: 'puback', messageId: 902 })
    await broker.settle()
    expect(cameTo(sub)).toHaveLength(3)
  })

  test('[MQTT-4.9.0-1] begins anew on each connection, also after one that leaked half its exchanges', async () => {
    const broker = new TestBroker()
    const options = {
      clientId: 's',
      clean: false,
      properties: { receiveMaximum: 3, sessionExpiryInterval: 1000 },
    }
    const first = await broker.connect(options)
    await first.subscribe('a', { qos: 2 })
    const pub = await broker.connect()
    for (const text of texts(12)) await publish(pub, 'a', text, { qos: text === '0' ? 1 : 2 })
    await first.drop()
    const seen = new Set<string>()
    for (let round = 0; round < 40 && seen.size < 12; round++) {
      const sub = await broker.connect(options)
      await broker.settle()
      const open = cameTo(sub).length
      expect(open).toBeLessThanOrEqual(3)
      const came = sub.received.find(({ packet }) => packet?.cmd !== 'connack')?.packet
      if (came?.cmd === 'pubrel') sub.send({ cmd: 'pubcomp', messageId: came.messageId })
      if (came?.cmd === 'publish') {
        seen.add(came.payload.toString())
        const { messageId, qos } = came
        sub.send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId })
      }
      await broker.settle()
      await sub.drop()
    }
    expect(seen.size).toBe(12)
    const last = await broker.connect(options)
    await broker.settle()
    expect(cameTo(last)).toHaveLength(0)
  })

  test('QoS 0 goes by what waits only where the zone does not store it', async () => {
    for (const mqueueStoreQoS0 of [true, false]) {
      const broker = new TestBroker({ session: { mqueueStoreQoS0 } })
      const sub = await broker.connect({ properties: { receiveMaximum: 1 } })
      await sub.subscribe('a', { qos: 1 })
      const pub = await broker.connect()
      for (const text of ['1', '2']) await publish(pub, 'a', text, { qos: 1 })
      await publish(pub, 'a', 'zero')
      await broker.settle()
      expect(payloadsTo(sub)).toEqual(mqueueStoreQoS0 ? ['1'] : ['1', 'zero'])
      const came = await sub.expect('publish')
      sub.send({ cmd: 'puback', messageId: came.messageId })
      await broker.settle()
      for (const { messageId, payload } of cameTo(sub)) {
        if (payload.toString() === '2') sub.send({ cmd: 'puback', messageId })
      }
      await broker.settle()
      expect(payloadsTo(sub)).toEqual(mqueueStoreQoS0 ? ['1', '2', 'zero'] : ['1', 'zero', '2'])
    }
  })
})
