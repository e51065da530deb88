import { describe, expect, test } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'
import { acknowledge, payloadsTo, texts } from './messages.ts'

const versions = [3, 4, 5] as const

/** PUBLISH packets whose payloads are 0, 1, … and whose QoS goes through `levels`. */
function numbered(count: number, levels: readonly (0 | 1 | 2)[], topic = 'a', first = 0) {
  return texts(count, first).map((payload, i) => ({
    cmd: 'publish' as const,
    topic,
    payload,
    qos: levels[i % levels.length],
    messageId: first + i + 1,
  }))
}

describe('[MQTT-4.6.0-6] [MQTT3-4.6.0-6] messages of one publisher to one topic', () => {
  test.each(versions)(
    '[MQTT-4.6.0-5] version %i: come in their order at each QoS, all mixed up',
    async (version) => {
      const broker = new TestBroker()
      const sub = await broker.connect({ version, clientId: 's' })
      await sub.subscribe('a', { qos: 2 })
      const pub = await broker.connect({ version, clientId: 'p' })
      pub.send(...numbered(300, [0, 2, 1, 0, 0, 1]))
      const came = []
      while (came.length < 300) {
        const packet = await sub.next()
        if (packet.cmd === 'pubrel') sub.send({ cmd: 'pubcomp', messageId: packet.messageId })
        if (packet.cmd !== 'publish') continue
        came.push(packet)
        const { messageId } = packet
        if (packet.qos === 1) sub.send({ cmd: 'puback', messageId })
        if (packet.qos === 2) sub.send({ cmd: 'pubrec', messageId })
      }
      for (const qos of [0, 1, 2]) {
        const numbers = came.filter((one) => one.qos === qos).map((one) => Number(one.payload))
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
      }
      expect(new Set(came.map(({ payload }) => payload.toString())).size).toBe(300)
    },
  )

  test('at QoS 0 and 2 in turn all come, none overtaken, none taken for a duplicate', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a', { qos: 2 })
    const pub = await broker.connect()
    pub.send(...numbered(30, [0, 2]))
    await broker.settle()
    expect(payloadsTo(sub)).toEqual(texts(30))
  })

  test('stay in order behind a window that is full', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect({ properties: { receiveMaximum: 2 } })
    await sub.subscribe('a', { qos: 2 })
    const pub = await broker.connect()
    pub.send(...numbered(100, [1, 0, 2]))
    await broker.settle()
    const came = []
    while (came.length < 100) {
      const one = await sub.expect('publish')
      came.push(one.payload.toString())
      await broker.settle()
      if (one.qos === 1) await acknowledge(sub, one)
      if (one.qos !== 2) continue
      // What follows may come before the PUBREL, so the handshake is not taken in turn here.
      sub.send({ cmd: 'pubrec', messageId: one.messageId, reasonCode: 0x80 })
    }
    expect(came).toEqual(texts(100))
  })

  test('[MQTT-4.6.0-5] stay in order through a time away, and live ones come behind', async () => {
    const broker = new TestBroker()
    const options = { clientId: 's', properties: { sessionExpiryInterval: 100 } }
    const sub = await broker.connect(options)
    await sub.subscribe('a', { qos: 2 })
    const pub = await broker.connect()
    pub.send(...numbered(10, [1, 2, 0]))
    await broker.settle()
    await sub.drop()
    pub.send(...numbered(40, [1, 2, 0], 'a', 10))
    await broker.settle()
    const back = await broker.connect({ ...options, clean: false })
    pub.send(...numbered(10, [1, 2, 0], 'a', 50))
    const came: string[] = []
    const wanted = texts(60).filter((_, i) => i >= 10 || i % 3 !== 2)
    while (came.length < wanted.length) {
      const packet = await back.next()
      if (packet.cmd === 'pubrel') back.send({ cmd: 'pubcomp', messageId: packet.messageId })
      if (packet.cmd !== 'publish') continue
      came.push(packet.payload.toString())
      const { messageId } = packet
      if (packet.qos > 0) back.send({ cmd: packet.qos === 1 ? 'puback' : 'pubrec', messageId })
    }
    expect(came).toEqual(wanted)
  })

  test('stay in order out of a run, also for subscribers that need other bytes', async () => {
    const broker = new TestBroker()
    const subs = await Promise.all([
      broker.connect({ version: 4, clientId: 'old' }),
      broker.connect({ clientId: 'new' }),
      broker.connect({ clientId: 'alias', properties: { topicAliasMaximum: 5 } }),
      broker.connect({ clientId: 'small', properties: { maximumPacketSize: 100 } }),
    ])
    for (const sub of subs) await sub.subscribe('topic/a')
    const group = await broker.connect()
    await group.subscribe('$share/g/topic/a')
    for (const version of versions) {
      const pub = await broker.connect({ version, clientId: `p${version}` })
      pub.send(...numbered(1000, [0], 'topic/a'))
    }
    await broker.settle()
    for (const sub of [...subs, group]) {
      const payloads = payloadsTo(sub)
      expect(payloads).toHaveLength(3000)
      expect([...payloads].sort()).toEqual([...texts(1000), ...texts(1000), ...texts(1000)].sort())
    }
    expect(payloadsTo(subs[0]).slice(0, 1000)).toEqual(texts(1000))
  })
})

describe('what the broker answers', () => {
  test('[MQTT-2.2.1-5] is in the order of what it answers, over all kinds', async () => {
    const client = await new TestBroker().connect()
    const message = { cmd: 'publish', topic: 'a', payload: 'x' } as const
    client.send(
      { ...message, qos: 1, messageId: 1 },
      { ...message, qos: 2, messageId: 2 },
      { cmd: 'subscribe', messageId: 3, subscriptions: [{ topic: 'b', qos: 0 }] },
      { ...message, qos: 1, messageId: 4 },
      { cmd: 'unsubscribe', messageId: 5, unsubscriptions: ['b'] },
      { cmd: 'pubrel', messageId: 2 },
      { ...message, qos: 2, messageId: 6 },
    )
    const came = []
    while (came.length < 7) {
      const packet = await client.next()
      came.push(`${packet.cmd} ${packet.messageId}`)
    }
    expect(came).toEqual([
      'puback 1',
      'pubrec 2',
      'suback 3',
      'puback 4',
      'unsuback 5',
      'pubcomp 2',
      'pubrec 6',
    ])
  })
})
