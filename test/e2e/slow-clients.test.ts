import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type BrokerProcess, defaultConfig, startBroker } from '../support/broker-process.ts'
import { encode, RawClient } from '../support/raw-client.ts'
import { megabyte, memoryOf, probe } from './probe.ts'

/** Far less than what each test sends, far more than what a broker with limits needs. */
const growthMax = 200 * megabyte

const listeners = [...defaultConfig.listeners, { name: 'ws', type: 'ws', bind: '127.0.0.1:0' }]

let broker: BrokerProcess
beforeAll(async () => {
  const config = { ...defaultConfig, listeners }
  broker = await startBroker({ config, listeners: ['tcp', 'ws'] })
})
afterEach(() => probe(broker.port()))
afterAll(() => broker?.dispose())

test('a client that never reads costs a bounded queue; others are served meanwhile', async () => {
  const at = { port: broker.port() }
  const stuck = await RawClient.connect(at, { clientId: 'stuck' })
  await stuck.subscribe('flood/#')
  stuck.stream.pause()
  const served = await RawClient.connect(at, { clientId: 'served' })
  await served.subscribe('served', { qos: 1 })
  const publisher = await RawClient.connect(at, { clientId: 'publisher' })
  const before = memoryOf(broker)
  const batch = repeated(
    { cmd: 'publish', topic: 'flood/1', payload: Buffer.alloc(1024), qos: 0 },
    1000,
  )
  const after = { cmd: 'publish', topic: 'served', payload: 'x', qos: 1 } as const
  for (let sent = 1; sent <= 400; sent++) {
    publisher.sendBytes(batch)
    // Its turn comes behind the batch: the flood is as fast as the broker is.
    publisher.send({ ...after, messageId: sent })
    await publisher.expect('puback')
    const { messageId } = await served.expect('publish')
    served.send({ cmd: 'puback', messageId: messageId ?? 0 })
    expect(memoryOf(broker) - before).toBeLessThan(growthMax)
  }
  const line = await broker.waitForLog(({ msg }) => msg.includes('the mqueue is full'))
  expect(line).toMatchObject({ level: 'warn', clientId: 'stuck' })
  await stuck.drop()
})

test.each([
  ['PINGREQ', Buffer.from([0xc0, 0])],
  ['PUBLISH of QoS 1', encode({ cmd: 'publish', topic: 'a', payload: '', qos: 1, messageId: 1 })],
])('who sends %s on and on and reads no answer is not read either', async (_what, request) => {
  const client = await RawClient.connect({ port: broker.port() }, { clientId: 'asker' })
  client.stream.pause()
  const before = memoryOf(broker)
  const block = Buffer.concat(Array.from({ length: 50_000 }, () => request))
  let sent = 0
  // Stops when the system takes no more, as nobody reads; without a limit it takes all of it.
  while (sent < 150 * megabyte && (await isTaken(client, block))) sent += block.length
  expect(memoryOf(broker) - before).toBeLessThan(growthMax)
  expect(sent).toBeLessThan(150 * megabyte)
  await client.drop()
})

test('who sends pings of a WebSocket on and on and reads no pong is served on without them', async () => {
  const client = await RawClient.open({ port: broker.port('ws') })
  client.stream.pause()
  client.sendBytes(Buffer.from(upgrade))
  const before = memoryOf(broker)
  const mask = [0, 0, 0, 0]
  const ping = Buffer.concat([Buffer.from([0x89, 0x80 | 125, ...mask]), Buffer.alloc(125)])
  const block = Buffer.concat(Array.from({ length: 10_000 }, () => ping))
  let sent = 0
  while (sent < 150 * megabyte && (await isTaken(client, block))) sent += block.length
  expect(sent).toBeGreaterThanOrEqual(150 * megabyte)
  expect(memoryOf(broker) - before).toBeLessThan(100 * megabyte)
  await client.drop()
})

const upgrade = [
  'GET /mqtt HTTP/1.1',
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: mqtt',
  '\r\n',
].join('\r\n')

function repeated(packet: Parameters<typeof encode>[0], count: number): Buffer {
  const bytes = encode(packet)
  return Buffer.concat(Array.from({ length: count }, () => bytes))
}

/** Whether the system takes a block within a second. */
function isTaken(client: RawClient, block: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 1000)
    client.stream.write(block, (error) => {
      clearTimeout(timer)
      resolve(error === null || error === undefined)
    })
  })
}
