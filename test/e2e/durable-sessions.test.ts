import { join } from 'node:path'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { BrokerProcess } from '../support/broker-process.ts'
import { type PacketOf, RawClient } from '../support/raw-client.ts'
import { requireTool } from '../support/system.ts'
import { ClientProgram } from './client-program.ts'
import { Inbox } from './inbox.ts'
import { Mosquitto, mosquittoIsMissing, numbered } from './mosquitto.ts'
import { lasting, leaveSession, publish, StoreScene } from './store-kit.ts'

const python = requireTool('paho')
const script = join(import.meta.dirname, 'paho-client.py')

/** Ends a broker as a power cut does, and starts it again in its folder. */
async function crash(scene: StoreScene, broker: BrokerProcess): Promise<BrokerProcess> {
  await broker.kill()
  return scene.start()
}

describe('a session outlives the broker that is killed', () => {
  test.skipIf(mosquittoIsMissing)('of mosquitto_sub, with every version', async () => {
    const scene = new StoreScene()
    const broker = await scene.start()
    const versions = ['mqttv31', 'mqttv311', 'mqttv5'] as const
    const sessionOf = (version: string) => {
      const never = version === 'mqttv5' ? ['-x', '3600'] : []
      return ['-V', version, '-c', '-i', `keeper-${version}`, ...never, '-q', '2', '-t', 'a/#']
    }
    const before = new Mosquitto(broker.port())
    for (const version of versions) await before.register(sessionOf(version))
    const lines = numbered('m', 30)
    await before.publish(['-q', '1', '-r', '-t', 'state', '-m', 'on'])
    for (const qos of ['1', '2']) await before.publishLines(lines, ['-q', qos, '-t', `a/${qos}`])

    const after = new Mosquitto((await crash(scene, broker)).port())
    const wanted = ['1', '2'].flatMap((qos) => lines.map((line) => `a/${qos} ${line} ${qos}`))
    const subs = []
    for (const version of versions) {
      const sub = await after.subscribe(sessionOf(version), '%t %p %q')
      expect(await sub.received(wanted.length)).toEqual(wanted)
      subs.push(sub)
    }
    await after.publish(['-q', '2', '-t', 'a/later', '-m', 'later'])
    for (const sub of subs) {
      expect(await sub.received(wanted.length + 1)).toEqual([...wanted, 'a/later later 2'])
    }
    const late = await after.subscribe(['-t', 'state'], '%p %r')
    expect(await late.received(1)).toEqual(['on 1'])
  })

  test.skipIf(python.isMissing)('of Paho for Python', async () => {
    const scene = new StoreScene()
    const broker = await scene.start()
    const versions = ['3.1.1', '5']
    const play = (scenario: string, on: BrokerProcess) =>
      versions.map((version) =>
        new ClientProgram(python.path, [script, scenario, `${on.port()}`, version]).succeeds(),
      )
    await Promise.all(play('leave', broker))
    await Promise.all(play('come-back', await crash(scene, broker)))
  })

  test('of MQTT.js: what it missed comes once and in order, behind Session Present', async () => {
    const scene = new StoreScene()
    let broker = await scene.start()
    for (const version of [4, 5] as const) {
      const { sessionPresent, sub } = await connectJs(broker, version, 'away')
      expect(sessionPresent).toBe(false)
      await sub.subscribeAsync('a/#', { qos: 2 })
      await sub.endAsync()
    }
    const { sub: pub } = await connectJs(broker, 5, 'publisher')
    const payloads = numbered('', 200)
    // MQTT.js hands on a message of QoS 2 only with its PUBREL, behind those of QoS 1 that came later.
    const all = payloads.map((payload, i) =>
      pub.publishAsync('a/b', payload, { qos: i < 100 ? 1 : 2 }),
    )
    await pub.publishAsync('state', 'on', { qos: 2, retain: true })
    await Promise.all(all)
    broker = await crash(scene, broker)
    for (const version of [4, 5] as const) {
      const { inbox, sessionPresent, sub } = await connectJs(broker, version, 'away')
      expect(sessionPresent).toBe(true)
      const came = await inbox.received(payloads.length)
      expect(came.map(({ payload }) => payload.toString())).toEqual(payloads)
      expect(came.some(({ dup }) => dup)).toBe(false)
      await sub.subscribeAsync('state', { qos: 1 })
      expect((await inbox.texts(payloads.length + 1)).at(-1)).toBe('on')
    }
  })
})

describe('what a client has not acknowledged', () => {
  test('comes first, with DUP and its old packet identifier, then what waited', async () => {
    const scene = new StoreScene({ zones: { default: { max_inflight: 4 } } })
    const broker = await scene.start()
    const client = await RawClient.connect(
      { port: broker.port() },
      { ...lasting, clientId: 'slow' },
    )
    await client.subscribe('a', { qos: 2 })
    await publish(broker, 'a', ['1'], { qos: 1 })
    await publish(broker, 'a', ['2', '3'], { qos: 2 })
    await publish(broker, 'a', ['4', '5', '6'], { qos: 1 })
    const sent = await client.expectMany('publish', 4)
    expect(sent.map(({ payload }) => payload.toString())).toEqual(['1', '2', '3', '4'])
    const [first, second, third, fourth] = sent.map(({ messageId }) => messageId)
    // Of one the client has said that it has it; its PUBREL may come from either broker.
    client.send({ cmd: 'pubrec', messageId: second })
    await client.expect('pubrel')

    const after = await crash(scene, broker)
    const back = await RawClient.connect({ port: after.port() }, { ...lasting, clientId: 'slow' })
    expect(back.connack?.sessionPresent).toBe(true)
    const again = [await back.next(), await back.next(), await back.next(), await back.next()]
    const publishOf = (messageId: number | undefined, payload: string, qos: number) => {
      return { cmd: 'publish', dup: true, messageId, payload: Buffer.from(payload), qos }
    }
    expect(again).toMatchObject([
      publishOf(first, '1', 1),
      { cmd: 'pubrel', messageId: second },
      publishOf(third, '3', 2),
      publishOf(fourth, '4', 1),
    ])
    await back.expectSilence()
    back.send({ cmd: 'puback', messageId: first }, { cmd: 'pubcomp', messageId: second })
    const rest = await back.expectMany('publish', 2)
    expect(rest.map(({ dup, payload }) => [dup, payload.toString()])).toEqual([
      [false, '5'],
      [false, '6'],
    ])
  })

  test('a QoS 2 message that a publisher sends again is not published twice', async () => {
    const scene = new StoreScene()
    const broker = await scene.start()
    await leaveSession(broker, 'away', 'a')
    const once = { cmd: 'publish', topic: 'a', payload: 'once', qos: 2, messageId: 9 } as const
    const publisher = { ...lasting, clientId: 'publisher' }
    const before = await RawClient.connect({ port: broker.port() }, publisher)
    before.send(once)
    await before.expect('pubrec')

    const after = await crash(scene, broker)
    const again = await RawClient.connect({ port: after.port() }, publisher)
    again.send({ ...once, dup: true })
    await again.expect('pubrec')
    again.send({ cmd: 'pubrel', messageId: 9 })
    await again.expect('pubcomp')
    await publish(after, 'a', ['end'])
    const sub = await RawClient.connect({ port: after.port() }, { ...lasting, clientId: 'away' })
    const came = await sub.expectMany('publish', 2)
    expect(came.map(({ payload }) => payload.toString())).toEqual(['once', 'end'])
  })
})

test('a will with a delay, and the expiry of a session, go on counting while no broker runs', async () => {
  const scene = new StoreScene()
  const broker = await scene.start()
  const watcher = { ...lasting, clientId: 'watcher' }
  await leaveSession(broker, 'watcher', 'will/#')
  const delayed = { expiry: 3600, delay: 2 }
  const expiring = { expiry: 2, delay: 3600 }
  const left = performance.now()
  for (const [clientId, wish] of Object.entries({ delayed, expiring })) {
    const client = await connectWithWill(broker, clientId, wish)
    await client.drop()
  }
  // These are there when it ends: for them the time begins then.
  const stays = await connectWithWill(broker, 'stays', { expiry: 3600, delay: 1 })
  const lasts = await connectWithWill(broker, 'lasts', { expiry: 3600, delay: 3600 })

  const after = await crash(scene, broker)
  const listening = performance.now()
  const client = await RawClient.connect({ port: after.port() }, watcher)
  const came = new Map<string, number>()
  while (came.size < 3) {
    const { topic } = (await client.expect('publish')) as PacketOf<'publish'>
    came.set(topic, performance.now())
  }
  expect([...came.keys()].sort()).toEqual(['will/delayed', 'will/expiring', 'will/stays'])
  for (const name of ['will/delayed', 'will/expiring']) {
    const at = came.get(name) ?? 0
    expect(at - left).toBeGreaterThan(1990)
    // It would be two seconds later, had the time begun anew.
    expect(at - listening).toBeLessThan(1990)
  }
  const sessionOf = (clientId: string) =>
    RawClient.connect({ port: after.port() }, { ...lasting, clientId })
  expect((await sessionOf('expiring')).connack?.sessionPresent).toBe(false)
  expect((await sessionOf('delayed')).connack?.sessionPresent).toBe(true)
  // Its client is back in time: the will is not published.
  expect((await sessionOf('lasts')).connack?.sessionPresent).toBe(true)
  await client.expectSilence()
  await Promise.all([stays.closed(), lasts.closed()])
})

async function connectWithWill(
  broker: BrokerProcess,
  clientId: string,
  { delay, expiry }: { delay: number; expiry: number },
): Promise<RawClient> {
  return RawClient.connect(
    { port: broker.port() },
    {
      clientId,
      clean: false,
      properties: { sessionExpiryInterval: expiry },
      will: {
        topic: `will/${clientId}`,
        payload: Buffer.from('gone'),
        qos: 1,
        retain: false,
        properties: { willDelayInterval: delay },
      },
    },
  )
}

async function connectJs(
  broker: BrokerProcess,
  protocolVersion: 4 | 5,
  name: string,
): Promise<{ sub: MqttClient; inbox: Inbox; sessionPresent: boolean }> {
  const expiry: IClientOptions =
    protocolVersion === 5 ? { properties: { sessionExpiryInterval: 3600 } } : {}
  const sub = mqtt.connect(`mqtt://127.0.0.1:${broker.port()}`, {
    protocolVersion,
    clientId: `${name}-${protocolVersion}`,
    clean: false,
    reconnectPeriod: 0,
    ...expiry,
  })
  onTestFinished(() => sub.endAsync(true))
  const inbox = new Inbox(sub)
  const sessionPresent = await new Promise<boolean>((resolve, reject) => {
    sub.once('connect', (connack) => resolve(connack.sessionPresent))
    sub.once('error', reject)
  })
  return { sub, inbox, sessionPresent }
}
