import { describe, expect, test } from 'vitest'
import type { ConnectOptions, RawClient } from '../support/raw-client.ts'
import { TestBroker } from '../support/test-broker.ts'
import { acknowledge, cameTo, nextPayload, payloadsTo, publish, texts } from './messages.ts'

const versions = [3, 4, 5] as const

/** A client whose session outlives its connections, in each version's words. */
function lasting(version: 3 | 4 | 5, more: object = {}): ConnectOptions {
  const properties = { sessionExpiryInterval: 1000, ...more }
  return { version, clientId: 's', clean: false, ...(version === 5 && { properties }) }
}

/** A subscriber at QoS 2 that has been sent `1` at QoS 1 and `2` and `3` at QoS 2. */
async function withInflight(
  version: 3 | 4 | 5,
): Promise<{ broker: TestBroker; sub: RawClient; pub: RawClient; ids: (number | undefined)[] }> {
  const broker = new TestBroker()
  const sub = await broker.connect(lasting(version))
  await sub.subscribe('a', { qos: 2 })
  const pub = await broker.connect()
  await publish(pub, 'a', '1', { qos: 1 })
  await publish(pub, 'a', '2', { qos: 2 })
  await publish(pub, 'a', '3', { qos: 2 })
  const ids = (await sub.expectMany('publish', 3)).map(({ messageId }) => messageId)
  return { broker, sub, pub, ids }
}

describe('on the next connection to the session', () => {
  test.each(versions)(
    '[MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.6.0-1] [MQTT3-4.4.0-1] [MQTT3-3.3.1-1] [MQTT3-4.6.0-1] version %i: what is unacknowledged is sent again in order, with its identifiers and DUP',
    async (version) => {
      const { broker, sub, ids } = await withInflight(version)
      await sub.drop()
      const back = await broker.connect(lasting(version))
      expect(back.connack?.sessionPresent).toBe(version > 3)
      const came = await back.expectMany('publish', 3)
      expect(came.map(({ dup }) => dup)).toEqual([true, true, true])
      expect(came.map(({ messageId }) => messageId)).toEqual(ids)
      expect(came.map(({ payload }) => payload.toString())).toEqual(['1', '2', '3'])
      for (const one of came) await acknowledge(back, one)
      await back.expectSilence()
      await back.drop()
      await (await broker.connect(lasting(version))).expectSilence()
    },
  )

  test.each(versions)(
    '[MQTT-4.4.0-1] [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT3-4.4.0-1] [MQTT3-4.3.3-1] version %i: after PUBREC it is PUBREL that is sent again, and never PUBLISH',
    async (version) => {
      const { broker, sub, ids } = await withInflight(version)
      sub.send({ cmd: 'pubrec', messageId: ids[1] })
      await sub.expect('pubrel')
      await sub.drop()
      for (let i = 0; i < 2; i++) {
        const back = await broker.connect(lasting(version))
        await broker.settle()
        const came = back.received.slice(1).map(({ packet }) => [packet?.cmd, packet?.messageId])
        expect(came).toEqual([
          ['publish', ids[0]],
          ['pubrel', ids[1]],
          ['publish', ids[2]],
        ])
        await back.drop()
      }
      const last = await broker.connect(lasting(version))
      await broker.settle()
      last.send({ cmd: 'pubcomp', messageId: ids[1] })
      await broker.settle()
      await last.drop()
      const done = await broker.connect(lasting(version))
      await broker.settle()
      expect(done.received.slice(1).map(({ packet }) => packet?.messageId)).toEqual([
        ids[0],
        ids[2],
      ])
    },
  )

  test('[MQTT-3.3.1-1] what waited and was never sent has DUP 0 and comes behind', async () => {
    const { broker, sub, pub } = await withInflight(5)
    await sub.drop()
    await publish(pub, 'a', '4', { qos: 1 })
    const back = await broker.connect(lasting(5))
    const came = await back.expectMany('publish', 4)
    expect(came.map((one) => [one.payload.toString(), one.dup])).toEqual([
      ['1', true],
      ['2', true],
      ['3', true],
      ['4', false],
    ])
  })

  test('[MQTT-4.4.0-1] with clean start nothing is sent again', async () => {
    const { broker, sub } = await withInflight(5)
    await sub.drop()
    const back = await broker.connect({ ...lasting(5), clean: true })
    await back.expectSilence()
  })

  test('[MQTT-4.4.0-1] a connection that takes the session over gets what the first one left', async () => {
    const { broker, sub, ids } = await withInflight(5)
    sub.send({ cmd: 'puback', messageId: ids[0] })
    const back = await broker.connect(lasting(5))
    expect((await sub.expect('disconnect')).reasonCode).toBe(0x8e)
    const came = await back.expectMany('publish', 2)
    expect(came.map(({ messageId }) => messageId)).toEqual([ids[1], ids[2]])
  })

  test('[MQTT-3.3.4-9] sends again within a receive maximum that became smaller', async () => {
    const { broker, sub, ids } = await withInflight(5)
    await sub.drop()
    const back = await broker.connect(lasting(5, { receiveMaximum: 1 }))
    for (const id of ids) {
      await broker.settle()
      const came = await back.expect('publish')
      expect(came).toMatchObject({ messageId: id, dup: true })
      await back.expectSilence()
      await acknowledge(back, came)
    }
    await back.expectSilence()
  })

  test.each([
    [5, 4],
    [4, 5],
    [3, 5],
  ] as const)(
    '[MQTT-4.4.0-1] a session of version %i goes on in version %i',
    async (before, after) => {
      const { broker, sub, pub, ids } = await withInflight(before)
      sub.send({ cmd: 'pubrec', messageId: ids[1] })
      await sub.expect('pubrel')
      await sub.drop()
      const properties = { messageExpiryInterval: 60, userProperties: { a: '1' } }
      await publish(pub, 'a', '4', { qos: 1, properties })
      const back = await broker.connect(lasting(after, { topicAliasMaximum: 5 }))
      expect(back.connack?.sessionPresent).toBe(true)
      await broker.settle()
      const came = back.received.slice(1).map(({ packet }) => packet?.cmd)
      expect(came).toEqual(['publish', 'pubrel', 'publish', 'publish'])
      expect(payloadsTo(back)).toEqual(['1', '3', '4'])
      const expiry = after === 5 ? 60 : undefined
      expect(cameTo(back)[2]?.properties?.messageExpiryInterval).toBe(expiry)
    },
  )

  test('an identifier of what is in flight is not given to a new message', async () => {
    const { broker, sub, pub, ids } = await withInflight(5)
    await sub.drop()
    const back = await broker.connect(lasting(5))
    await publish(pub, 'a', 'new', { qos: 1 })
    const came = await back.expectMany('publish', 4)
    expect(ids).not.toContain(came[3]?.messageId)
  })
})

describe('while the connection lasts', () => {
  test.each([5, 4, 3] as const)(
    '[MQTT-4.4.0-1] version %i: nothing is sent again, however long it takes',
    async (version) => {
      const { broker, sub } = await withInflight(version)
      await broker.time.pass(24 * 3600 * 1000)
      await sub.expectSilence()
    },
  )

  test('retry_interval has no effect on version 5, and sends 3.1.1 messages again', async () => {
    const broker = new TestBroker({ session: { retryIntervalMs: 10_000 } })
    const pub = await broker.connect()
    for (const [version, copies] of [
      [5, 1],
      [4, 3],
    ] as const) {
      const sub = await broker.connect({ version, clientId: `v${version}` })
      await sub.subscribe(`a${version}`, { qos: 1 })
      await publish(pub, `a${version}`, 'x', { qos: 1 })
      await broker.time.pass(25_000)
      const came = cameTo(sub)
      expect(came).toHaveLength(copies)
      expect(new Set(came.map(({ messageId }) => messageId)).size).toBe(1)
      expect(came.slice(1).every(({ dup }) => dup)).toBe(true)
    }
  })
})

describe('[MQTT-4.4.0-2] after an acknowledgement with an error', () => {
  test.each([
    ['puback', 1],
    ['pubrec', 2],
  ] as const)('a %s ends the delivery for good', async (cmd, qos) => {
    const broker = new TestBroker()
    const sub = await broker.connect(lasting(5, { receiveMaximum: 1 }))
    await sub.subscribe('a', { qos })
    const pub = await broker.connect()
    await publish(pub, 'a', '1', { qos })
    await publish(pub, 'a', '2', { qos })
    const { messageId } = await sub.expect('publish')
    sub.send({ cmd, messageId, reasonCode: 0x80 })
    expect(await nextPayload(sub)).toBe('2')
    await sub.drop()
    const back = await broker.connect(lasting(5))
    expect(await nextPayload(back)).toBe('2')
    await back.expectSilence()
  })
})

describe('the publisher’s side of a QoS 2 exchange over two connections', () => {
  const options = { ...lasting(5), clientId: 'p' }

  test.each([3, 4, 5] as const)(
    '[MQTT-4.3.3-10] [MQTT3-4.3.3-2] version %i: a PUBLISH that is sent again is not forwarded again',
    async (version) => {
      const broker = new TestBroker()
      const sub = await broker.connect()
      await sub.subscribe('a', { qos: 0 })
      const mine = { ...lasting(version), clientId: 'p' }
      const pub = await broker.connect(mine)
      const message = { cmd: 'publish', topic: 'a', payload: 'x', qos: 2, messageId: 5 } as const
      pub.send(message)
      await pub.expect('pubrec')
      await pub.drop()
      const back = await broker.connect(mine)
      back.send({ ...message, dup: true })
      expect((await back.expect('pubrec')).reasonCode ?? 0).toBe(0)
      back.send({ cmd: 'pubrel', messageId: 5 })
      await back.expect('pubcomp')
      await broker.settle()
      expect(payloadsTo(sub)).toEqual(['x'])
    },
  )

  test('[MQTT-4.3.3-11] a PUBREL on the next connection is PUBCOMP 0x00', async () => {
    const broker = new TestBroker()
    const pub = await broker.connect(options)
    pub.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 2, messageId: 5 })
    await pub.expect('pubrec')
    await pub.drop()
    await broker.time.pass(500_000)
    const back = await broker.connect(options)
    back.send({ cmd: 'pubrel', messageId: 5 })
    expect(await back.expect('pubcomp')).toMatchObject({ messageId: 5 })
    expect(back.received.at(-1)?.bytes).toHaveLength(4)
  })

  test('with clean start the identifiers are forgotten', async () => {
    const broker = new TestBroker()
    const sub = await broker.connect()
    await sub.subscribe('a')
    const pub = await broker.connect(options)
    const message = { cmd: 'publish', topic: 'a', payload: 'x', qos: 2, messageId: 5 } as const
    pub.send(message)
    await pub.expect('pubrec')
    await pub.drop()
    const back = await broker.connect({ ...options, clean: true })
    back.send({ cmd: 'pubrel', messageId: 5 })
    expect((await back.expect('pubcomp')).reasonCode).toBe(0x92)
    back.send(message)
    await back.expect('pubrec')
    await broker.settle()
    expect(payloadsTo(sub)).toEqual(['x', 'x'])
  })

  test('the receive maximum counts anew on each connection', async () => {
    const broker = new TestBroker({ channel: { receiveMaximum: 2 } })
    const message = { cmd: 'publish', topic: 'a', payload: 'x', qos: 2 } as const
    for (let i = 0; i < 3; i++) {
      const pub = await broker.connect(options)
      const ids = [2 * i + 1, 2 * i + 2]
      pub.send(...ids.map((messageId) => ({ ...message, messageId })))
      await pub.expectMany('pubrec', 2)
      await pub.drop()
    }
    const pub = await broker.connect(options)
    for (const messageId of texts(6, 1).map(Number)) {
      pub.send({ cmd: 'pubrel', messageId })
      expect((await pub.expect('pubcomp')).reasonCode ?? 0).toBe(0)
    }
  })
})
