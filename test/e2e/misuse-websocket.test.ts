import { connect as connectTcp } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type BrokerProcess, defaultConfig, startBroker } from '../support/broker-process.ts'
import { PacketReader } from '../support/packet-reader.ts'
import { encode } from '../support/raw-client.ts'
import { probe } from './probe.ts'

const config = {
  ...defaultConfig,
  listeners: [...defaultConfig.listeners, { name: 'ws', type: 'ws', bind: '127.0.0.1:0' }],
  zones: { default: { idle_timeout: '500ms' } },
}
const connectPacket = encode({
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 5,
  clientId: '',
  clean: true,
  keepalive: 0,
})

let broker: BrokerProcess
beforeAll(async () => {
  broker = await startBroker({ config, listeners: ['tcp', 'ws'] })
})
afterEach(() => probe(broker.port()))
afterAll(() => broker?.dispose())

test('a text frame closes the connection with 1003', async () => {
  const socket = await open()
  const isClosed = closeCode(socket)
  socket.send('hello')
  expect(await isClosed).toBe(1003)
  await broker.waitForLog((line) => String(line.because).includes('text frame'))
})

test('another path is 404, and the answer names the right one', async () => {
  expect(await refusal('/other', ['mqtt'])).toEqual({ status: 404, body: 'MQTT is at /mqtt\n' })
})

test('without the subprotocol mqtt it is 400, and the answer says so', async () => {
  expect(await refusal('/mqtt', [])).toEqual({ status: 400, body: 'offer the subprotocol mqtt\n' })
  expect((await refusal('/mqtt', ['amqp'])).status).toBe(400)
})

test('a page asked for is 426, and the answer says where MQTT is', async () => {
  const answer = await fetch(`http://127.0.0.1:${broker.port('ws')}/`)
  expect(answer.status).toBe(426)
  expect(await answer.text()).toContain('MQTT over WebSocket is at /mqtt')
})

test('packets may be split over frames, and packed into one', async () => {
  const socket = await open()
  const packets = receive(socket)
  for (const byte of connectPacket) socket.send(Buffer.from([byte]))
  expect((await packets.next()).cmd).toBe('connack')
  const subscribe = {
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [{ topic: 'a', qos: 1 }],
  } as const
  const publish = { cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 2 } as const
  const ping = { cmd: 'pingreq' } as const
  socket.send(Buffer.concat([encode(subscribe), encode(publish), encode(ping)]))
  const came: string[] = []
  while (came.length < 4) came.push((await packets.next()).cmd)
  expect(came.sort()).toEqual(['pingresp', 'puback', 'publish', 'suback'])
  socket.terminate()
})

test('one packet may be in a message of several fragments', async () => {
  const socket = await open()
  const packets = receive(socket)
  socket.send(connectPacket.subarray(0, 5), { fin: false })
  socket.send(connectPacket.subarray(5), { fin: true })
  expect((await packets.next()).cmd).toBe('connack')
  socket.terminate()
})

test('a WebSocket on which nothing is said ends after idle_timeout', async () => {
  const socket = await open()
  expect(await closeCode(socket)).toBe(1000)
})

test.each([
  ['nothing', ''],
  ['half an upgrade', 'GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websock'],
])('a connection on which %s is said ends after idle_timeout', async (_what, text) => {
  const socket = connectTcp(broker.port('ws'), '127.0.0.1')
  if (text !== '') socket.write(text)
  await new Promise((resolve) => socket.resume().once('close', resolve))
})

test('pings of a WebSocket are answered', async () => {
  const socket = await open()
  const pong = new Promise<string>((resolve) => socket.once('pong', (data) => resolve(`${data}`)))
  socket.ping('hello')
  expect(await pong).toBe('hello')
  socket.terminate()
})

function open(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${broker.port('ws')}/mqtt`, ['mqtt'])
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('open', () => resolve(socket))
  })
}

function closeCode(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.once('close', resolve))
}

/** What an upgrade is refused with. */
function refusal(path: string, protocols: string[]): Promise<{ status: number; body: string }> {
  const socket = new WebSocket(`ws://127.0.0.1:${broker.port('ws')}${path}`, protocols)
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('open', () => reject(new Error('it was not refused')))
    socket.once('unexpected-response', (_request, response) => {
      const status = response.statusCode ?? 0
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status, body }))
    })
  })
}

/** The packets that come over a WebSocket, each of which is a binary message. */
function receive(socket: WebSocket): { next(): Promise<{ cmd: string }> } {
  const reader = new PacketReader(5)
  const packets: { cmd: string }[] = []
  let wake: () => void = () => {}
  socket.on('message', (bytes: Buffer, isBinary) => {
    expect(isBinary).toBe(true)
    for (const { packet } of reader.read(bytes)) packets.push({ cmd: packet?.cmd ?? 'unreadable' })
    wake()
  })
  return {
    next: async () => {
      while (packets.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      return packets.shift() as { cmd: string }
    },
  }
}
