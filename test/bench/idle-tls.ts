// What an idle TLS connection costs in memory, after a first batch that warms the broker up:
//
//   npx tsx test/bench/idle-tls.ts 1000 5000
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type TLSSocket } from 'node:tls'
import { encodeConnect } from '../../src/client/connect.ts'
import { startBroker } from '../support/broker-process.ts'
import { CertificateFolder, TestCa } from '../support/certificates.ts'

const [warm = 1000, count = 5000] = process.argv.slice(2).map(Number)
/** Handshakes at a time. */
const batch = 50

const folder = new CertificateFolder()
const ca = await TestCa.make()
const server = await ca.issue({ hosts: ['127.0.0.1'] })
const { certFile, keyFile } = await folder.writePair('server', server)
const tls = { certfile: certFile, keyfile: keyFile }
const broker = await startBroker({
  config: {
    listeners: [{ name: 'tls', type: 'tls', bind: '127.0.0.1:0', tls }],
    store: { backend: 'memory' },
    log: { level: 'info', format: 'json' },
  },
  listeners: ['tls'],
})
const sockets: TLSSocket[] = []

async function open(index: number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: broker.port('tls'), ca: ca.pem })
  sockets.push(socket)
  await once(socket, 'secureConnect')
  socket.write(encodeConnect({ version: 4, clientId: `idle-${index}`, cleanStart: true }))
  await once(socket, 'data')
}

async function openMany(many: number): Promise<number> {
  const first = sockets.length
  for (let opened = 0; opened < many; opened += batch) {
    const size = Math.min(batch, many - opened)
    await Promise.all(Array.from({ length: size }, (_, index) => open(first + opened + index)))
  }
  const status = readFileSync(`/proc/${broker.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1])
}

const before = await openMany(warm)
const after = await openMany(count)
console.log(`${count} idle TLS connections: ${((after - before) / count).toFixed(1)} KiB each`)
console.log(`RSS of the broker: ${before} KiB with ${warm}, ${after} KiB with ${warm + count}`)
for (const socket of sockets) socket.destroy()
await broker.dispose()
folder.dispose()
