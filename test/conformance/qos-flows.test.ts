import { describe, expect, test } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'
import { packet } from '../wire/support.ts'
import { acknowledge, cameTo, nextPayload, payloadsTo, publish } from './messages.ts'

const versions = [3, 4, 5] as const

describe('QoS 0', () => {
  test.each(versions)(
    '[MQTT-4.3.1-1] [MQTT-3.3.4-1] version %i: PUBLISH with QoS 0, DUP 0 and no answer',
    async (version) => {
      const broker = new TestBroker()
      const sub = await broker.connect({ version, clientId: 's' })
      await sub.subscribe('a')
      const pub = await broker.connect({ version, clientId: 'p' })
      await publish(pub, 'a', 'x')
      await sub.expect('publish')
      const none = version === 5 ? [0] : []
      expect(sub.received.at(-1)?.bytes).toEqual(packet(0x30, 'a', none, [0x78]))
      await pub.expectSilence()
    },
  )
})

describe('QoS 1 in', () => {
  test.each(versions)(
    '[MQTT-4.3.2-4] [MQTT-2.2.1-5] [MQTT-3.3.4-1] version %i: PUBACK has the identifier and comes once',
    async (version) => {
      const pub = await new TestBroker().connect({ version, clientId: 'p' })
      const message = { cmd: 'publish', topic: 'a', payload: 'x', qos: 1 } as const
      pub.send({ ...message, messageId: 65535 }, { ...message, messageId: 2 })
      expect((await pub.expect('puback')).messageId).toBe(65535)
      expect((await pub.expect('puback')).messageId).toBe(2)
      await pub.expectSilence()
    },
  )

  test('[MQTT-4.3.2-5] after PUBACK the same identifier is a new message, even with DUP 1', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a', { qos: 1 })
    const pub = await broker.connect()
    const message = { cmd: 'publish', topic: 'a', qos: 1, messageId: 7 } as const
    for (const dup of [false, true, true]) {
      pub.send({ ...message, payload: 'x', dup })
      await pub.expect('puback')
    }
    await broker.settle()
    expect(payloadsTo(sub)).toEqual(['x', 'x', 'x'])
  })

  test('[MQTT-3.3.1-3] DUP that came in does not go out', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a', { qos: 2 })
    const pub = await broker.connect()
    pub.send(
      { cmd: 'publish', topic: 'a', payload: '1', qos: 1, messageId: 1, dup: true },
      { cmd: 'publish', topic: 'a', payload: '2', qos: 2, messageId: 2, dup: true },
    )
    await broker.settle()
    expect(cameTo(sub).map(({ dup, qos }) => [qos, dup])).toEqual([
      [1, false],
      [2, false],
    ])
  })

  test('[MQTT-4.5.0-1] every session that matches has the message, also one that is away', async () => {
    const broker = new TestBroker()
    const awayOptions = { clientId: 'away', properties: { sessionExpiryInterval: 100 } }
    const away = await broker.connect(awayOptions)
    await away.subscribe('+/b', { qos: 1 })
    await away.drop()
    const here = await broker.connect()
    await here.subscribe('a/#', { qos: 1 })
    const other = await broker.connect()
    await other.subscribe('a/c', { qos: 1 })
    const pub = await broker.connect()
    await publish(pub, 'a/b', 'x', { qos: 1 })
    expect(await nextPayload(here)).toBe('x')
    const back = await broker.connect({ ...awayOptions, clean: false })
    expect(await nextPayload(back)).toBe('x')
    await other.expectSilence()
  })
})

describe('QoS 2 in', () => {
  test.each(versions)(
    '[MQTT-4.3.3-8] [MQTT-4.3.3-11] [MQTT-2.2.1-5] [MQTT3-4.3.3-2] version %i: PUBREC, then PUBCOMP, of the identifier',
    async (version) => {
      const broker = new TestBroker()
      const sub = await broker.connect()
      await sub.subscribe('a', { qos: 2 })
      const pub = await broker.connect({ version, clientId: 'p' })
      pub.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 2, messageId: 300 })
      await pub.expect('pubrec')
      expect(pub.received.at(-1)?.bytes).toEqual(Buffer.from([0x50, 2, 1, 44]))
      expect(await nextPayload(sub)).toBe('x')
      pub.send({ cmd: 'pubrel', messageId: 300 })
      await pub.expect('pubcomp')
      expect(pub.received.at(-1)?.bytes).toEqual(Buffer.from([0x70, 2, 1, 44]))
      await pub.expectSilence()
    },
  )

  test.each(versions)(
    '[MQTT-4.3.3-10] [MQTT3-4.3.3-2] version %i: until PUBREL each PUBLISH is answered and one is forwarded',
    async (version) => {
      const broker = new TestBroker()
      const sub = await broker.connect()
      await sub.subscribe('a', { qos: 0 })
      const pub = await broker.connect({ version, clientId: 'p' })
      const message = { cmd: 'publish', topic: 'a', payload: 'x', qos: 2, messageId: 7 } as const
      pub.send(message, { ...message, dup: true }, { ...message, dup: true })
      const answers = await pub.expectMany('pubrec', 3)
      expect(answers.map(({ messageId, reasonCode }) => [messageId, reasonCode ?? 0])).toEqual([
        [7, 0],
        [7, 0],
        [7, 0],
      ])
      await broker.settle()
      expect(payloadsTo(sub)).toEqual(['x'])
    },
  )

  test('[MQTT-4.3.3-12] after PUBCOMP the same identifier is a new message', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a')
    const pub = await broker.connect()
    await publish(pub, 'a', '1', { qos: 2, messageId: 7 })
    await publish(pub, 'a', '2', { qos: 2, messageId: 7 })
    await broker.settle()
    expect(payloadsTo(sub)).toEqual(['1', '2'])
  })

  test('[MQTT-4.3.3-9] after PUBREC ≥ 0x80 the same identifier is a new message', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a')
    const pub = await broker.connect()
    expect(await publish(pub, '$SYS/a', 'no', { qos: 2, messageId: 7 })).toBe(0x87)
    expect(await publish(pub, 'a', 'yes', { qos: 2, messageId: 7 })).toBe(0)
    expect(await nextPayload(sub)).toBe('yes')
  })

  test('PUBREL of an unknown identifier is PUBCOMP 0x92', async () => {
    const pub = await new TestBroker().connect()
    pub.send({ cmd: 'pubrel', messageId: 9 })
    expect(await pub.expect('pubcomp')).toMatchObject({ messageId: 9, reasonCode: 0x92 })
    await publish(pub, 'a', 'x', { qos: 2, messageId: 9 })
    pub.send({ cmd: 'pubrel', messageId: 9 })
    expect((await pub.expect('pubcomp')).reasonCode).toBe(0x92)
  })

  test.each([3, 4] as const)(
    '[MQTT3-4.3.3-2] version %i: PUBREL that comes again is answered PUBCOMP again',
    async (version) => {
      const options = { version, clientId: 'p', clean: false }
      const broker = new TestBroker()
      const pub = await broker.connect(options)
      await publish(pub, 'a', 'x', { qos: 2, messageId: 9 })
      pub.send({ cmd: 'pubrel', messageId: 9 })
      await pub.expect('pubcomp')
      await pub.drop()
      const back = await broker.connect(options)
      back.send({ cmd: 'pubrel', messageId: 9 })
      expect((await back.expect('pubcomp')).messageId).toBe(9)
      await back.expectSilence()
    },
  )

  test('[MQTT-4.3.3-13] the exchange goes on when the message has expired', async () => {
    const broker = new TestBroker()
    const pub = await broker.connect()
    const properties = { messageExpiryInterval: 1 }
    pub.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 2, messageId: 1, properties })
    await pub.expect('pubrec')
    await broker.time.pass(5000)
    pub.send({ cmd: 'pubrel', messageId: 1 })
    expect((await pub.expect('pubcomp')).reasonCode ?? 0).toBe(0)
  })

  test('a QoS 1 PUBLISH with the identifier of an unfinished QoS 2 one leaves that as it is', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a')
    const pub = await broker.connect()
    pub.send({ cmd: 'publish', topic: 'a', payload: '2', qos: 2, messageId: 1 })
    await pub.expect('pubrec')
    await publish(pub, 'a', '1', { qos: 1, messageId: 1 })
    pub.send({ cmd: 'publish', topic: 'a', payload: '2', qos: 2, messageId: 1, dup: true })
    await pub.expect('pubrec')
    expect(payloadsTo(sub)).toEqual(['2', '1'])
  })
})

describe('QoS 1 out', () => {
  test.each(versions)(
    '[MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-2.2.1-4] [MQTT3-4.3.2-1] version %i: unused identifiers, DUP 0',
    async (version) => {
      const broker = new TestBroker()
      const sub = await broker.connect({ version, clientId: 's' })
      await sub.subscribe('a', { qos: 1 })
      const pub = await broker.connect()
      for (let i = 0; i < 20; i++) await publish(pub, 'a', `${i}`, { qos: 1 })
      const came = await sub.expectMany('publish', 20)
      expect(came.every(({ dup, qos }) => !dup && qos === 1)).toBe(true)
      const ids = new Set(came.map(({ messageId }) => messageId))
      expect(ids.size).toBe(20)
      expect(ids.has(0)).toBe(false)
    },
  )

  test('[MQTT-2.2.1-4] an identifier in use is skipped when the others have all been used', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect({ properties: { receiveMaximum: 2 } })
    await sub.subscribe('a', { qos: 1 })
    const pub = await broker.connect()
    await publish(pub, 'a', 'kept', { qos: 1 })
    const kept = (await sub.expect('publish')).messageId
    const portion = 1000
    let came = 0
    const message = { cmd: 'publish', topic: 'a', payload: 'x', qos: 1 } as const
    while (came < 65_600) {
      pub.send(...Array.from({ length: portion }, (_, i) => ({ ...message, messageId: i + 1 })))
      for (let i = 0; i < portion; i++, came++) {
        const { messageId } = await sub.expect('publish')
        if (messageId === kept || messageId === 0) throw new Error(`id ${messageId} after ${came}`)
        sub.send({ cmd: 'puback', messageId })
      }
    }
  }, 30_000)
})

describe('QoS 2 out', () => {
  test.each(versions)(
    '[MQTT-4.3.3-1] [MQTT-4.3.3-2] [MQTT-4.3.3-4] [MQTT3-4.3.3-1] version %i: PUBLISH, PUBREL of the same identifier',
    async (version) => {
      const broker = new TestBroker()
      const sub = await broker.connect({ version, clientId: 's' })
      await sub.subscribe('a', { qos: 2 })
      const pub = await broker.connect()
      await publish(pub, 'a', 'x', { qos: 2 })
      const came = await sub.expect('publish')
      expect(came).toMatchObject({ qos: 2, dup: false })
      sub.send({ cmd: 'pubrec', messageId: came.messageId })
      const pubrel = await sub.expect('pubrel')
      expect(pubrel.messageId).toBe(came.messageId)
      expect(sub.received.at(-1)?.bytes.subarray(0, 2)).toEqual(Buffer.from([0x62, 2]))
      sub.send({ cmd: 'pubcomp', messageId: came.messageId })
      await sub.expectSilence()
    },
  )

  test('[MQTT-4.3.3-4] PUBREC of an identifier that is not in use is PUBREL 0x92', async () => {
    const sub = await new TestBroker().connect()
    sub.send({ cmd: 'pubrec', messageId: 77 })
    expect(await sub.expect('pubrel')).toMatchObject({ messageId: 77, reasonCode: 0x92 })
  })

  test('[MQTT3-4.3.3-1] 3.1.1: PUBREC of an identifier that is not in use is answered PUBREL', async () => {
    const sub = await new TestBroker().connect({ version: 4, clientId: 's' })
    sub.send({ cmd: 'pubrec', messageId: 77 })
    expect((await sub.expect('pubrel')).messageId).toBe(77)
    sub.send({ cmd: 'pubcomp', messageId: 77 })
    await sub.expectSilence()
  })

  test('[MQTT-4.4.0-2] PUBREC ≥ 0x80 ends the delivery: no PUBREL, nothing sent again', async () => {
    const broker = new TestBroker()
    const options = { clientId: 's', properties: { sessionExpiryInterval: 100 } }
    const sub = await broker.connect(options)
    await sub.subscribe('a', { qos: 2 })
    const pub = await broker.connect()
    await publish(pub, 'a', 'x', { qos: 2 })
    const { messageId } = await sub.expect('publish')
    sub.send({ cmd: 'pubrec', messageId, reasonCode: 0x83 })
    await sub.expectSilence()
    await sub.drop()
    const back = await broker.connect({ ...options, clean: false })
    await back.expectSilence()
  })

  test('acknowledgements out of turn and of unknown identifiers do no harm', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a', { qos: 2 })
    sub.send({ cmd: 'puback', messageId: 5 }, { cmd: 'pubcomp', messageId: 5 })
    const pub = await broker.connect()
    await publish(pub, 'a', 'x', { qos: 2 })
    const came = await sub.expect('publish')
    sub.send({ cmd: 'pubcomp', messageId: came.messageId })
    await sub.expectSilence()
    await acknowledge(sub, came)
    await sub.expectSilence()
  })

  test('PUBACK for a QoS 2 message is a protocol error', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a', { qos: 2 })
    const pub = await broker.connect()
    await publish(pub, 'a', 'x', { qos: 2 })
    const { messageId } = await sub.expect('publish')
    sub.send({ cmd: 'puback', messageId })
    expect((await sub.expect('disconnect')).reasonCode).toBe(0x82)
  })
})
