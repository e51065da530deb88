import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { createWebSocketStream, WebSocket } from 'ws'
import type { Listener } from '../../src/listeners/listener.ts'
import { defaultListenerOptions } from '../../src/listeners/options.ts'
import { listenWebSocket } from '../../src/listeners/websocket.ts'
import { encode, RawClient } from '../support/raw-client.ts'
import { TestBroker } from '../support/test-broker.ts'

const listeners: Listener[] = []

afterEach(() => {
  for (const listener of listeners.splice(0)) {
    listener.stopAccepting()
    for (const connection of listener.reception.connections) connection.destroy()
  }
})

/** A broker with a WebSocket listener on a port of the loopback. */
async function listening(): Promise<{ broker: TestBroker; url: string }> {
  const broker = new TestBroker()
  const options = { ...defaultListenerOptions, type: 'ws', port: 0 } as const
  const listener = await listenWebSocket(options, broker.reception, broker.zone.channel)
  listeners.push(listener)
  return { broker, url: `ws://127.0.0.1:${listener.port}/mqtt` }
}

async function opened(url: string, protocols: string | string[] = 'mqtt'): Promise<WebSocket> {
  const socket = new WebSocket(url, protocols)
  await once(socket, 'open')
  return socket
}

const connect = encode({
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 5,
  clean: true,
  clientId: 'c',
  keepalive: 0,
})
const ping = Buffer.from([0xc0, 0])

/** Collects the frames of a socket until what they hold ends in PINGRESP. */
async function framesUntilPong(socket: WebSocket): Promise<{ data: Buffer; isBinary: boolean }[]> {
  const frames: { data: Buffer; isBinary: boolean }[] = []
  await new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      frames.push({ data, isBinary })
      if (data.subarray(-2).equals(Buffer.from([0xd0, 0]))) resolve()
    })
  })
  return frames
}

/** The HTTP status with which an upgrade was refused. */
function statusOf(url: string, protocols: string[]): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, protocols)
    socket.on('error', () => {})
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode)
      socket.terminate()
    })
    socket.on('open', () => resolve(101))
  })
}

describe('the WebSocket subprotocol', () => {
  test.each([
    [['mqtt'], 'mqtt'],
    [['mqttv3.1'], 'mqttv3.1'],
    [['other', 'mqttv3.1', 'mqtt'], 'mqtt'],
  ])('[MQTT-6.0.0-4] of %o is %s', async (offered, selected) => {
    const { url } = await listening()
    const socket = await opened(url, offered)
    expect(socket.protocol).toBe(selected)
    socket.terminate()
  })

  test.each([[[]], [['other']]])(
    '[MQTT-6.0.0-3] has to be offered: %o is refused with 400',
    async (offered) => {
      const { broker, url } = await listening()
      expect(await statusOf(url, offered)).toBe(400)
      expect(broker.reception.connections.size).toBe(0)
    },
  )

  test('another path is 404', async () => {
    const { url } = await listening()
    expect(await statusOf(`${url}/other`, ['mqtt'])).toBe(404)
    expect(await statusOf(`${url}?token=x`, ['mqtt'])).toBe(101)
  })
})

describe('MQTT over WebSocket', () => {
  test('[MQTT-6.0.0-1] the broker sends binary frames', async () => {
    const { url } = await listening()
    const socket = await opened(url)
    const frames = framesUntilPong(socket)
    socket.send(connect)
    socket.send(ping)
    for (const frame of await frames) expect(frame.isBinary).toBe(true)
    socket.terminate()
  })

  test('[MQTT-6.0.0-1] a text frame ends the connection, and what follows is not handled', async () => {
    const { broker, url } = await listening()
    const watcher = await broker.connect()
    await watcher.subscribe('#')
    const socket = await opened(url)
    socket.send(connect)
    await once(socket, 'message')
    socket.send('PINGREQ')
    socket.send(encode({ cmd: 'publish', topic: 'a', payload: 'behind', qos: 0 }))
    const [code] = await once(socket, 'close')
    expect(code).toBe(1003)
    await watcher.expectSilence()
    expect(broker.broker.sessions.connectedCount).toBe(1)
  })

  test('[MQTT-6.0.0-2] a packet may span frames, byte by byte', async () => {
    const { url } = await listening()
    const socket = await opened(url)
    const frames = framesUntilPong(socket)
    for (const byte of Buffer.concat([connect, ping])) socket.send(Buffer.from([byte]))
    const all = Buffer.concat((await frames).map(({ data }) => data))
    expect(all[0]).toBe(0x20)
    socket.terminate()
  })

  test('[MQTT-6.0.0-2] a frame may have several packets and the beginning of another, or nothing', async () => {
    const { broker, url } = await listening()
    const watcher = await broker.connect()
    await watcher.subscribe('a')
    const socket = await opened(url)
    const frames = framesUntilPong(socket)
    const publish = encode({ cmd: 'publish', topic: 'a', payload: 'x'.repeat(1000), qos: 0 })
    const bytes = Buffer.concat([connect, publish, publish, ping])
    socket.send(bytes.subarray(0, connect.length + publish.length + 10))
    socket.send(Buffer.alloc(0))
    socket.send(bytes.subarray(connect.length + publish.length + 10))
    await frames
    const [one, two] = await watcher.expectMany('publish', 2)
    expect([one?.payload.length, two?.payload.length]).toEqual([1000, 1000])
    socket.terminate()
  })

  test('[MQTT-6.0.0-2] a packet may span the fragments of a message', async () => {
    const { url } = await listening()
    const socket = await opened(url)
    const frames = framesUntilPong(socket)
    socket.send(connect.subarray(0, 5), { fin: false })
    socket.send(connect.subarray(5), { fin: false })
    socket.send(ping, { fin: true })
    await frames
    socket.terminate()
  })

  test('[MQTT-4.2.0-1] large messages arrive whole and in order', async () => {
    const { broker, url } = await listening()
    const socket = await opened(url)
    const client = new RawClient(createWebSocketStream(socket))
    await client.handshake({ clientId: 'c' })
    await client.subscribe('a', { qos: 1 })
    const publisher = await broker.connect()
    for (let messageId = 1; messageId <= 20; messageId++) {
      const payload = Buffer.alloc(200_000, messageId)
      publisher.send({ cmd: 'publish', topic: 'a', qos: 1, messageId, payload })
    }
    const publishes = await client.expectMany('publish', 20)
    publishes.forEach(({ payload }, i) => {
      expect((payload as Buffer).equals(Buffer.alloc(200_000, i + 1))).toBe(true)
    })
    await client.drop()
  })

  test('[MQTT-3.1.2-8] a WebSocket that breaks publishes the will, one that says DISCONNECT does not', async () => {
    const { broker, url } = await listening()
    const watcher = await broker.connect()
    await watcher.subscribe('will/+')
    for (const way of ['disconnect', 'break'] as const) {
      const socket = await opened(url)
      const client = new RawClient(createWebSocketStream(socket))
      const will = { topic: `will/${way}`, payload: Buffer.from('x'), qos: 0, retain: false }
      await client.handshake({ clientId: way, will } as object)
      if (way === 'disconnect') await client.disconnect()
      else socket.terminate()
    }
    expect((await watcher.expect('publish')).topic).toBe('will/break')
    await watcher.expectSilence()
  })

  test('[MQTT-4.13.1-1] an ill-formed packet is answered, and the WebSocket closed', async () => {
    const { url } = await listening()
    const socket = await opened(url)
    const client = new RawClient(createWebSocketStream(socket))
    await client.handshake({ clientId: 'c' })
    client.sendBytes([0xff, 0])
    expect((await client.expect('disconnect')).reasonCode).toBe(0x81)
    await client.expectClosedSilently()
  })
})
