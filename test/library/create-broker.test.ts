import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  type BrokerEventMap,
  ConfigurationError,
  type ConfigurationKeys,
  createBroker,
  ListenError,
  NotRunningError,
  type ReceivedMessage,
} from '../../src/index.ts'
import { Collected, connectTo, newLibraryBroker, ownFolder, startLibraryBroker } from './kit.ts'

test('a configuration that is wrong throws everything that is wrong with it at once', () => {
  const wrong = {
    zones: { default: { max_inflite: 3, max_mqueue_len: 'many' } },
    store: { backend: 'memory' },
  } as unknown as ConfigurationKeys
  let said = ''
  try {
    createBroker(wrong)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    said = (error as Error).message
  }
  expect(said).toContain('zones.default.max_inflite')
  expect(said).toContain('did you mean max_inflight?')
  expect(said).toContain('zones.default.max_mqueue_len')
})

test('a certificate that is not there is wrong before the start', () => {
  const tls = { certfile: '/nowhere/server.crt', keyfile: '/nowhere/server.key' }
  const listeners = [{ name: 'tls', type: 'tls' as const, bind: '127.0.0.1:0', tls }]
  const wrong = { listeners, store: { backend: 'memory' as const } }
  expect(() => createBroker(wrong)).toThrow(/tls\.certfile/)
})

test('what is no plain object is refused, as is what is none at all', () => {
  const odd = { zones: new Map() } as unknown as ConfigurationKeys
  expect(() => createBroker(odd)).toThrow(/zones: is an object of a class/)
  expect(() => createBroker(null as unknown as ConfigurationKeys)).toThrow(ConfigurationError)
  expect(() => createBroker(5 as unknown as ConfigurationKeys)).toThrow(ConfigurationError)
})

test('a path is read as the daemon reads it, and problems have their lines', async () => {
  const file = join(ownFolder(), 'zone.yaml')
  expect(() => createBroker(file)).toThrow(/there is no such file/)
  writeFileSync(file, 'listeners:\n  - { name: tcp, bind: 127.0.0.1:0 }\nlag: { level: silent }\n')
  expect(() => createBroker(file)).toThrow(/zone\.yaml:3:1/)
  const text = 'listeners:\n  - { name: tcp, bind: 127.0.0.1:0 }\nstore: { backend: memory }\n'
  writeFileSync(file, `${text}log: { level: silent }\n`)
  const broker = createBroker(file)
  onTestFinished(() => broker.stop())
  await broker.start()
  expect(broker.addresses).toHaveLength(1)
})

test('a broker that keeps nothing makes no folder', async () => {
  const folder = join(ownFolder(), 'data')
  await startLibraryBroker({ node: { data_dir: folder } })
  expect(existsSync(folder)).toBe(false)
})

test('before the start and after the end nothing is published or subscribed', async () => {
  const broker = newLibraryBroker()
  await expect(broker.publish({ topic: 'a' })).rejects.toThrow(NotRunningError)
  expect(() => broker.subscribe('a', () => {})).toThrow(NotRunningError)
  await broker.start()
  await broker.stop()
  expect(broker.addresses).toEqual([])
  await expect(broker.publish({ topic: 'a' })).rejects.toThrow(NotRunningError)
  await expect(broker.start()).rejects.toThrow(NotRunningError)
})

test('a port in use rejects the start, and the stop is quiet', async () => {
  const first = await startLibraryBroker()
  const bind = `127.0.0.1:${first.addresses[0]?.port}`
  const second = newLibraryBroker({ listeners: [{ name: 'tcp', bind }] })
  await expect(second.start()).rejects.toThrow(ListenError)
  await second.stop()
})

test('messages pass between the program and clients of the network, properties included', async () => {
  const broker = await startLibraryBroker()
  const client = await connectTo(broker, 'c')
  await client.subscribeAsync('to/client', { qos: 1 })
  const got = new Collected<[string, string, unknown]>()
  client.on('message', (topic, payload, packet) => {
    got.add([topic, payload.toString(), packet.properties])
  })
  const fromClient = new Collected<ReceivedMessage>()
  broker.subscribe('to/program', fromClient.add)

  const published = await broker.publish({
    topic: 'to/client',
    payload: 'hello',
    qos: 1,
    properties: { contentType: 'text/plain', userProperties: { a: '1' }, messageExpiryInterval: 9 },
  })
  expect(published).toEqual({ isMatched: true })
  const [[topic, payload, properties]] = (await got.until(1)) as [[string, string, object]]
  expect([topic, payload]).toEqual(['to/client', 'hello'])
  expect(properties).toMatchObject({ contentType: 'text/plain', userProperties: { a: '1' } })

  await client.publishAsync('to/program', 'back', { qos: 2, properties: { responseTopic: 'r' } })
  const [message] = await fromClient.until(1)
  expect(message).toMatchObject({ topic: 'to/program', qos: 2, retain: false, clientId: 'c' })
  expect(message?.text()).toBe('back')
  expect(message?.properties).toEqual({ responseTopic: 'r' })
})

test('nobody who matches is told', async () => {
  const broker = await startLibraryBroker()
  expect(await broker.publish({ topic: 'a', qos: 1 })).toEqual({ isMatched: false })
})

test.each([
  [{ topic: '' }, /topic is an empty topic name/],
  [{ topic: 'a/#' }, /wildcard/],
  [{ topic: '$SYS/x' }, /belongs to the broker/],
  [{ topic: 'a', qos: 3 }, /qos is 3; wanted: 0, 1 or 2/],
  [{ topic: 'a', payload: 5 }, /payload is neither text nor bytes/],
  [{ topic: 'a\ud800' }, /half a character/],
  [{ topic: 'a'.repeat(65_536) }, /too long/],
  [{ topic: 'a', properties: { responseTopic: 'b/+' } }, /responseTopic is a wildcard/],
  [{ topic: 'a', properties: { messageExpiryInterval: -1 } }, /whole seconds/],
  [{ topic: 'a', properties: { userProperties: [['x', 5]] } }, /user property x is no text/],
])('a request that will not do is rejected with what is wrong: %j', async (request, wanted) => {
  const broker = await startLibraryBroker()
  await expect(broker.publish(request as never)).rejects.toThrow(wanted)
})

test('publish at QoS 1 resolves when it is safe: a retained message survives the broker', async () => {
  const data_dir = ownFolder()
  const store = { backend: 'embedded' } as const
  const first = await startLibraryBroker({ node: { data_dir }, store })
  await first.publish({ topic: 'kept', payload: 'still here', qos: 1, retain: true })
  await first.stop()
  const second = await startLibraryBroker({ node: { data_dir }, store })
  const got = new Collected<ReceivedMessage>()
  second.subscribe('kept', got.add)
  const [message] = await got.until(1)
  expect([message?.text(), message?.retain]).toEqual(['still here', true])
})

test('events tell of clients, sessions and subscriptions', async () => {
  const broker = newLibraryBroker()
  const told: [string, object][] = []
  const gone = new Collected<BrokerEventMap['clientDisconnected']>()
  for (const name of ['clientConnected', 'sessionCreated', 'sessionSubscribed'] as const) {
    broker.on(name, (event) => {
      told.push([name, event])
    })
  }
  broker.on('clientDisconnected', gone.add)
  broker.on('clientConnected', () => {
    throw new Error('the fault of a listener is its own')
  })
  await broker.start()
  const client = await connectTo(broker, 'c')
  await client.subscribeAsync('a/+', { qos: 1 })
  expect(told.map(([name]) => name)).toEqual([
    'sessionCreated',
    'clientConnected',
    'sessionSubscribed',
  ])
  expect(told[1]?.[1]).toMatchObject({ clientId: 'c', protocolVersion: '5', listener: 'tcp' })
  expect(told[2]?.[1]).toMatchObject({ clientId: 'c', filter: 'a/+', qos: 1, isNew: true })
  await client.endAsync()
  const [end] = await gone.until(1)
  expect(end).toMatchObject({ clientId: 'c', by: 'client', reasonCode: 0 })
})

test('disconnect ends the connection of a client and says whether there was one', async () => {
  const broker = await startLibraryBroker()
  const gone = new Collected<BrokerEventMap['clientDisconnected']>()
  broker.on('clientDisconnected', gone.add)
  const client = await connectTo(broker, 'c')
  client.options.reconnectPeriod = 0
  expect(broker.disconnect('nobody')).toBe(false)
  expect(broker.disconnect('c')).toBe(true)
  expect((await gone.until(1))[0]).toMatchObject({ by: 'server', reasonCode: 0x98 })
})
