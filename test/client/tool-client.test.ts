import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { ServerAddress } from '../../src/client/connection.ts'
import type { ClientVersion } from '../../src/client/fields.ts'
import { PublishTemplate } from '../../src/client/publish-template.ts'
import { ToolClient } from '../../src/client/tool-client.ts'
import { Turn } from '../../src/client/turn.ts'
import { defaultConfiguration } from '../../src/config/load.ts'
import { type Daemon, startDaemon } from '../../src/daemon.ts'
import { defaultListenerOptions } from '../../src/listeners/options.ts'
import { AckType } from '../../src/mqtt/packets.ts'
import type { QoS } from '../../src/mqtt/subscription.ts'
import { TestLog } from '../support/test-log.ts'

const daemons: Daemon[] = []
const servers: Server[] = []
afterEach(async () => {
  await Promise.all(daemons.splice(0).map((daemon) => daemon.stop()))
  for (const server of servers.splice(0)) server.close()
})

async function startBroker(): Promise<ServerAddress> {
  const listeners = [{ ...defaultListenerOptions, port: 0 }]
  const store = { ...defaultConfiguration().store, backend: 'memory' as const }
  const daemon = await startDaemon({ ...defaultConfiguration(), listeners, store }, new TestLog())
  daemons.push(daemon)
  return { host: '127.0.0.1', port: daemon.listeners[0]?.port ?? 0 }
}

/** A server that does to its only connection what the test says. */
async function startServer(serve: (socket: Socket) => void): Promise<ServerAddress> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => serve(socket))
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return { host: '127.0.0.1', port: (server.address() as { port: number }).port }
}

/** Acknowledges what it gets, and notes it; wakes who waits for a number of notes. */
class TestClient extends ToolClient {
  readonly notes: string[] = []
  drains = 0
  #wake: () => void = () => undefined

  override onPublish(
    bytes: Buffer,
    _topicAt: number,
    _topicEnd: number,
    payloadAt: number,
    payloadEnd: number,
    packetId: number,
    flags: number,
  ): void {
    const qos = (flags >> 1) & 3
    if (qos > 0) this.ack(qos === 1 ? AckType.Puback : AckType.Pubrec, packetId)
    this.#note(`got ${bytes.toString('utf8', payloadAt, payloadEnd)}`)
  }

  override onAck(type: AckType, packetId: number, code: number): void {
    if (type === AckType.Pubrec) this.ack(AckType.Pubrel, packetId)
    else if (type === AckType.Pubrel) this.ack(AckType.Pubcomp, packetId)
    else this.#note(`ack ${type} ${packetId} ${code}`)
  }

  override onPingresp(): void {
    this.#note('pingresp')
  }

  override onDrain(): void {
    this.drains++
    this.#wake()
  }

  override onLost(because: string): void {
    this.#note(`lost: ${because}`)
  }

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #note(note: string): void {
    this.notes.push(note)
    this.#wake()
  }
}

function says(clientId: string, version: ClientVersion = 5) {
  return { version, clientId, cleanStart: true } as const
}

const connack = Buffer.from([0x20, 3, 0, 0, 0])

const flows: [ClientVersion, QoS][] = [
  [4, 0],
  [4, 1],
  [4, 2],
  [5, 0],
  [5, 1],
  [5, 2],
]

test.each(flows)('version %i publishes at QoS %i to itself', async (version, qos) => {
  const client = new TestClient(new Turn())
  await client.connect(await startBroker(), says('me', version))
  expect([...(await client.subscribe([{ filter: 'a/#', qos }]))]).toEqual([qos])
  const template = new PublishTemplate({
    version,
    topic: 'a/b',
    qos,
    payload: Buffer.from('hello'),
  })
  for (let id = 1; id <= 3; id++) {
    template.identify(id)
    client.publish(template)
  }
  await client.until(() => client.notes.length === (qos === 0 ? 3 : 6))
  const acks = [1, 2, 3].map((id) => `ack ${qos === 1 ? 4 : 7} ${id} 0`)
  const got = ['got hello', 'got hello', 'got hello']
  expect(client.notes.toSorted()).toEqual(qos === 0 ? got : [...acks, ...got])
  expect(await client.disconnect()).toBeUndefined()
})

test('what it waits for is answered: UNSUBACK, PINGRESP', async () => {
  const client = new TestClient(new Turn())
  await client.connect(await startBroker(), says('me'))
  expect([...(await client.unsubscribe(['never', 'there']))]).toEqual([0x11, 0x11])
  client.ping()
  await client.until(() => client.notes.length === 1)
  expect(client.notes).toEqual(['pingresp'])
  await client.disconnect()
})

test('connect answers whether the session was there, and the same client may come again', async () => {
  const client = new TestClient(new Turn())
  const address = await startBroker()
  const lasting = { ...says('me'), sessionExpiry: 60 }
  expect((await client.connect(address, lasting)).sessionPresent).toBe(false)
  await client.disconnect()
  const again = await client.connect(address, { ...lasting, cleanStart: false })
  expect(again).toEqual({ sessionPresent: true, receiveMaximum: 1000 })
  await client.disconnect()
  expect(client.notes).toEqual([])
})

test('output of one turn leaves in one write', async () => {
  const chunks: Buffer[] = []
  const client = new TestClient(new Turn())
  const address = await startServer((socket) => {
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('data', () => socket.write(Buffer.from([0xd0, 0])))
    socket.write(connack)
  })
  await client.connect(address, says('me'))
  client.ping()
  client.ack(AckType.Puback, 1)
  client.ping()
  await client.until(() => client.notes.length === 1)
  expect(chunks).toEqual([Buffer.from([0xc0, 0, 0x40, 2, 0, 1, 0xc0, 0])])
  client.destroy()
  await client.closed
})

test('it is not writable while the socket holds bytes, and told when it is again', async () => {
  const client = new TestClient(new Turn())
  let received = 0
  let socket: Socket | undefined
  const address = await startServer((opened) => {
    socket = opened
    opened.pause()
    opened.write(connack)
  })
  await client.connect(address, says('me'))
  const payload = Buffer.alloc(16 * 1024 * 1024, 'x')
  client.publish(new PublishTemplate({ version: 5, topic: 't', qos: 0, payload }))
  client.endTurn()
  expect(client.writable).toBe(false)
  client.ping()
  client.endTurn()
  socket?.on('data', (chunk) => {
    received += chunk.length
    if (received > payload.length && chunk.at(-2) === 0xc0) socket?.write(Buffer.from([0xd0, 0]))
  })
  socket?.resume()
  await client.until(() => client.drains === 1)
  expect(client.writable).toBe(true)
  await client.until(() => client.notes.length === 1)
  client.destroy()
  await client.closed
})

test('connect rejects when it is refused, when nobody listens, and when the server goes', async () => {
  const refusing = await startServer((socket) => socket.end(Buffer.from([0x20, 3, 0, 0x87, 0])))
  const client = new TestClient(new Turn())
  await expect(client.connect(refusing, says('me'))).rejects.toThrow('refused: not authorized')
  await client.closed
  const leaving = await startServer((socket) => socket.destroy())
  await expect(client.connect(leaving, says('me'))).rejects.toThrow(/CONNACK|ECONNRESET/)
  const nobody = { host: '127.0.0.1', port: leaving.port }
  const closed = once(servers.at(-1) as Server, 'close')
  servers.at(-1)?.close()
  await closed
  await expect(client.connect(nobody, says('me'))).rejects.toThrow('ECONNREFUSED')
  expect(client.notes).toEqual([])
})

test('a connection that ends, and not by us, is told of with the reason', async () => {
  const ends: [string, (socket: Socket) => void][] = [
    ['lost: closed by the server', (socket) => socket.end(connack)],
    [
      'lost: the server said: server shutting down',
      (socket) => socket.write(Buffer.concat([connack, Buffer.from([0xe0, 1, 0x8b])])),
    ],
    [
      'lost: the server sent a PINGRESP with a body',
      (socket) => socket.write(Buffer.concat([connack, Buffer.from([0xd0, 1, 0])])),
    ],
  ]
  for (const [note, serve] of ends) {
    const client = new TestClient(new Turn())
    await client.connect(await startServer(serve), says('me'))
    await client.closed
    expect(client.notes).toEqual([note])
  }
})

test('a request fails when the connection ends before its answer', async () => {
  const client = new TestClient(new Turn())
  const address = await startServer((socket) => {
    socket.once('data', () => socket.end())
    socket.write(connack)
  })
  await client.connect(address, says('me'))
  await expect(client.subscribe([{ filter: 'a', qos: 0 }])).rejects.toThrow('closed')
  await client.closed
  await expect(client.subscribe([{ filter: 'a', qos: 0 }])).rejects.toThrow('not connected')
})
