import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BrokerProcess, defaultConfig, startBroker } from '../support/broker-process.ts'
import { CertificateFolder, TestCa } from '../support/certificates.ts'
import { RawClient } from '../support/raw-client.ts'
import { megabyte, memoryOf, probe } from './probe.ts'

const folder = new CertificateFolder()
const timeoutMs = 3000
/** More than the time-out by what a busy machine may need for a thousand connections. */
const slackMs = 10_000
let broker: BrokerProcess
let ca: TestCa

beforeAll(async () => {
  ca = await TestCa.make()
  const server = await ca.issue({ hosts: ['127.0.0.1'] })
  const { certFile, keyFile } = await folder.writePair('server', server)
  const tls = { certfile: certFile, keyfile: keyFile }
  const listener = { type: 'tls', bind: '127.0.0.1:0', handshake_timeout: `${timeoutMs}ms`, tls }
  const config = {
    ...defaultConfig,
    listeners: [
      ...defaultConfig.listeners,
      { ...listener, name: 'tls' },
      { ...listener, name: 'wss', type: 'wss' },
    ],
  }
  broker = await startBroker({ config, listeners: ['tcp', 'tls', 'wss'] })
})
afterAll(async () => {
  await broker?.dispose()
  folder.dispose()
})

/** The beginning of a ClientHello that announces 512 bytes. */
const halfHello = Buffer.from('1603010200010001fc0303', 'hex')

const misuses: [string, () => Buffer | undefined][] = [
  ['silence', () => undefined],
  ['garbage', () => randomBytes(1 + Math.floor(Math.random() * 300))],
  ['half a ClientHello', () => halfHello],
  ['MQTT without TLS', () => Buffer.from('101000044d5154540502003c0000', 'hex')],
]

test.each(['tls', 'wss'])(
  '%s: 1,000 connections of silence, garbage and half handshakes end in time, and leave nothing',
  async (name) => {
    const round = async (): Promise<number> => {
      const begun = Date.now()
      const sockets = Array.from({ length: 1000 }, (_, index) => {
        const [, bytes] = misuses[index % misuses.length] as (typeof misuses)[number]
        return misuse(broker.port(name), bytes())
      })
      const served = serve(name)
      await Promise.all([...sockets, served])
      return Date.now() - begun
    }
    await round()
    const before = memoryOf(broker)
    const durations = [await round(), await round()]
    expect(Math.max(...durations)).toBeLessThan(timeoutMs + slackMs)
    expect(memoryOf(broker) - before).toBeLessThan(40 * megabyte)
    const lines = broker.logs.filter(
      ({ listener, msg }) => msg === 'connection ended in its handshake' && listener === name,
    )
    expect(lines).toHaveLength(3000)
    await probe(broker.port())
  },
)

test('clients that leave in the middle of their handshakes leave nothing', async () => {
  const before = memoryOf(broker)
  for (let round = 0; round < 5; round++) {
    const gone = Array.from({ length: 200 }, async (_, index) => {
      const socket = connectTls({ port: broker.port('tls'), host: '127.0.0.1', ca: ca.pem })
      socket.on('error', () => {})
      const closed = new Promise((resolve) => socket.once('close', resolve))
      if (index % 2 === 0) socket.once('connect', () => setImmediate(() => socket.destroy()))
      else socket.once('secureConnect', () => socket.destroy())
      await closed
    })
    await Promise.all(gone)
  }
  expect(memoryOf(broker) - before).toBeLessThan(40 * megabyte)
  await serve('tls')
})

/** Says one thing, and resolves when the broker has hung up. */
function misuse(port: number, bytes: Buffer | undefined): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1')
  if (bytes !== undefined) socket.write(bytes)
  socket.on('error', () => {})
  return new Promise((resolve) => socket.resume().once('close', () => resolve()))
}

/** An ordinary client is served meanwhile. */
async function serve(name: string): Promise<void> {
  if (name !== 'tls') return
  const at = { port: broker.port(name), host: '127.0.0.1', ca: ca.pem }
  const socket = connectTls(at)
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve).once('error', reject)
  })
  const client = new RawClient(socket)
  await client.handshake()
  client.send({ cmd: 'pingreq' })
  await client.expect('pingresp')
  await client.disconnect()
}
