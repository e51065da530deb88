import { once } from 'node:events'
import { connect, createServer, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { StreamReceiver } from '../../src/listeners/byte-stream.ts'
import { peerAddress } from '../../src/listeners/peer-address.ts'
import { TcpStream } from '../../src/listeners/tcp-stream.ts'

const open: { destroy(): void }[] = []
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
})

/** Keeps what it is told, and wakes who waits for it. */
class Told implements StreamReceiver {
  readonly data: Buffer[] = []
  drains = 0
  closes: (string | undefined)[] = []
  #wake: () => void = () => undefined

  onData(chunk: Buffer): void {
    this.data.push(chunk)
    this.#wake()
  }

  onDrain(): void {
    this.drains++
    this.#wake()
  }

  onClose(because: string | undefined): void {
    this.closes.push(because)
    this.#wake()
  }

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

async function pair(): Promise<{ client: Socket; server: Socket; stream: TcpStream; told: Told }> {
  const listener = createServer({ highWaterMark: 64 * 1024 }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  const client = connect(port, '127.0.0.1')
  const [server] = (await once(listener, 'connection')) as [Socket]
  listener.close()
  open.push(client, server)
  const stream = new TcpStream(server)
  const told = new Told()
  stream.attach(told)
  return { client, server, stream, told }
}

test('hands over several ranges in order, and tells of the end without a reason', async () => {
  const { client, stream, told } = await pair()
  const came: Buffer[] = []
  client.on('data', (chunk: Buffer) => came.push(chunk))
  stream.write([Buffer.from('a'), Buffer.from('b')])
  stream.write([Buffer.from('c')])
  stream.end()
  await once(client, 'end')
  expect(Buffer.concat(came).toString()).toBe('abc')
  client.end()
  await told.until(() => told.closes.length > 0)
  expect(told.closes).toEqual([undefined])
})

test('a failure of the network is said with its code', async () => {
  const { client, told } = await pair()
  client.resetAndDestroy()
  await told.until(() => told.closes.length > 0)
  expect(told.closes).toEqual(['the network connection failed (ECONNRESET)'])
})

test('tells of draining also when less waits than the socket itself would tell of', async () => {
  const { client, server, stream, told } = await pair()
  client.pause()
  const chunk = Buffer.alloc(64 * 1024 - 1)
  // What the system does not take any more is below the socket's own high watermark.
  while (stream.writableLength === 0) {
    stream.write([chunk])
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  expect(server.writableNeedDrain).toBe(false)
  stream.write([Buffer.from('and')])
  expect(told.drains).toBe(0)
  client.resume()
  await told.until(() => told.drains > 0)
  expect(stream.writableLength).toBe(0)
})

test('the address of a client is told, and that a client which is gone has none', async () => {
  const { client, server } = await pair()
  expect(peerAddress(server)).toBe(`127.0.0.1:${client.localPort}`)
  expect(peerAddress(new Socket())).toBe('unknown')
})
