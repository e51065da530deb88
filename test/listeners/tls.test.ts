import { connect as connectTcp, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Daemon } from '../../src/daemon.ts'
import { ListenError } from '../../src/listeners/listen-error.ts'
import type { ListenerOptions } from '../../src/listeners/options.ts'
import { CertificateFolder, TestCa } from '../support/certificates.ts'
import { encode, RawClient } from '../support/raw-client.ts'
import { TestLog } from '../support/test-log.ts'
import { connectTls, shown, startTlsDaemon, tlsOf } from '../support/tls-daemon.ts'

const folder = new CertificateFolder()
let ca: TestCa
let daemon: Daemon | undefined
let log = new TestLog()

beforeAll(async () => {
  ca = await TestCa.make()
})
afterEach(async () => {
  await daemon?.stop()
  daemon = undefined
  log = new TestLog()
})
afterAll(() => folder.dispose())

async function listen(more: Partial<ListenerOptions> = {}): Promise<number> {
  const options = { type: 'tls', name: 'tls', tls: await tlsOf(ca, folder), ...more } as const
  daemon = await startTlsDaemon([options], log)
  return daemon.listeners[0]?.port ?? 0
}

/** Why connections ended in their handshakes. */
function ends(): unknown[] {
  return log.lines
    .filter(({ message }) => message === 'connection ended in its handshake')
    .map(({ fields }) => fields.because)
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => {})
    socket.resume().once('close', () => resolve())
  })
}

/** Resolves once the log has a line that fits; the caller's time-out ends the wait. */
async function logged(count: number): Promise<void> {
  while (ends().length < count) await new Promise((resolve) => setImmediate(resolve))
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', (version) => {
  test('a client that trusts the authority connects and is answered', async () => {
    const port = await listen()
    const socket = await connectTls(port, { ca: ca.pem, minVersion: version, maxVersion: version })
    expect(socket.getProtocol()).toBe(version)
    const client = new RawClient(socket)
    expect((await client.handshake()).reasonCode).toBe(0)
    await client.subscribe('t', { qos: 1 })
    const payload = Buffer.alloc(300_000, 'x')
    client.send({ cmd: 'publish', topic: 't', payload, qos: 0 })
    expect((await client.expect('publish')).payload).toHaveLength(payload.length)
    expect(daemon?.connectionCount).toBe(1)
    await client.disconnect()
  })

  test('a version that is not listed is refused, and the log says so', async () => {
    const other = version === 'TLSv1.2' ? 'TLSv1.3' : 'TLSv1.2'
    const tls = await tlsOf(ca, folder, { minVersion: version, maxVersion: version })
    const port = await listen({ tls })
    const asked = { ca: ca.pem, minVersion: other, maxVersion: other } as const
    await expect(connectTls(port, asked)).rejects.toThrow(/protocol version/)
    await logged(1)
    expect(ends()).toEqual([expect.stringMatching(/^the TLS handshake failed \(.*protocol/)])
  })
})

test('a client that shares no cipher is refused, and the log says so', async () => {
  const ciphers = 'ECDHE-ECDSA-AES256-GCM-SHA384'
  const port = await listen({ tls: await tlsOf(ca, folder, { ciphers }) })
  const socket = await connectTls(port, { ca: ca.pem, maxVersion: 'TLSv1.2' })
  expect(socket.getCipher().name).toBe(ciphers)
  socket.destroy()
  const others = {
    ca: ca.pem,
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  } as const
  await expect(connectTls(port, others)).rejects.toThrow()
  await logged(1)
  expect(ends()).toEqual(['the TLS handshake failed (no shared cipher)'])
})

test('wss: MQTT over WebSocket over TLS', async () => {
  const port = await listen({ type: 'wss' })
  const socket = new WebSocket(`wss://localhost:${port}/mqtt`, ['mqtt'], { ca: ca.pem })
  await new Promise((resolve) => socket.once('open', resolve))
  const answer = new Promise<Buffer>((resolve) => socket.once('message', resolve))
  socket.send(encode({ cmd: 'connect', protocolVersion: 4, clientId: 'c', keepalive: 0 }))
  expect((await answer)[0]).toBe(0x20)
  expect(daemon?.connectionCount).toBe(1)
  socket.terminate()
})

describe('what is no handshake', () => {
  test('garbage is cut off at once, with one line', async () => {
    const port = await listen()
    const socket = connectTcp(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n')
    await closed(socket)
    await logged(1)
    expect(ends()).toEqual(['the TLS handshake failed (http request)'])
    expect(daemon?.connectionCount).toBe(0)
  })

  test.each([
    ['silence', ''],
    ['half a ClientHello', '16030100a5010000a10303'],
  ])('%s is cut off after handshake_timeout', async (_what, hex) => {
    const port = await listen({ handshakeMs: 100 })
    const socket = connectTcp(port, '127.0.0.1')
    socket.write(Buffer.from(hex, 'hex'))
    await closed(socket)
    expect(ends()).toEqual(['the handshake took longer than handshake_timeout'])
    expect(daemon?.connectionCount).toBe(0)
  })

  test('has a place of max_connections, which the next one gets', async () => {
    const port = await listen({ connectionsMax: 1 })
    const silent = connectTcp(port, '127.0.0.1')
    await new Promise((resolve) => silent.once('connect', resolve))
    const told = new RawClient(await connectTls(port, { ca: ca.pem }))
    expect((await told.handshake()).reasonCode).toBe(0x89)
    silent.destroy()
    await logged(1)
    expect(ends()).toEqual(['the client closed the network connection'])
    const client = new RawClient(await connectTls(port, { ca: ca.pem }))
    expect((await client.handshake()).reasonCode).toBe(0)
  })

  test('is cut off when the broker stops', async () => {
    const port = await listen()
    const silent = connectTcp(port, '127.0.0.1')
    await new Promise((resolve) => silent.once('connect', resolve))
    const isClosed = closed(silent)
    while (daemon?.connectionCount === 0) await new Promise((resolve) => setImmediate(resolve))
    await daemon?.stop()
    await isClosed
  })
})

describe('a listener with files that cannot be used does not listen', () => {
  test.each([
    ['is not there', async () => ({ certFile: '/nowhere.crt' })],
    ['is a folder', async () => ({ certFile: folder.path })],
    ['holds no certificate in PEM', async () => ({ certFile: folder.write('no.crt', 'hello') })],
    ['holds no private key in PEM', async () => ({ keyFile: folder.write('no.key', 'hello') })],
    [
      'is not the key of the certificate in',
      async () => ({ keyFile: (await folder.writePair('o', await ca.issue({}))).keyFile }),
    ],
    [
      'expired on',
      async () => {
        const dates = { validFrom: new Date('2001-01-01'), validTo: new Date('2002-01-01') }
        return folder.writePair('expired', await ca.issue(dates))
      },
    ],
    [
      'is not valid before',
      async () => {
        const dates = { validFrom: new Date('2990-01-01'), validTo: new Date('2991-01-01') }
        return folder.writePair('future', await ca.issue(dates))
      },
    ],
    ['holds no certificate in PEM', async () => ({ caFile: folder.write('ca.crt', '') })],
    ['OpenSSL knows none of these ciphers', async () => ({ ciphers: 'ROT13' })],
  ])('%s', async (why, files) => {
    const tls = await tlsOf(ca, folder, await files())
    const failure = await listen({ tls }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ListenError)
    const { message } = failure as ListenError
    expect(message).toMatch(/^listener tls \(tls 127.0.0.1:0\): tls\.\w+: /)
    expect(message).toContain(why)
  })
})

describe('certificates of clients', () => {
  test('verify_none asks for none', async () => {
    const port = await listen()
    const socket = await connectTls(port, { ca: ca.pem, ...(await shown(await ca.issue({}))) })
    expect((await new RawClient(socket).handshake()).reasonCode).toBe(0)
  })

  test('verify_peer lets in who has none, and who has one that is trusted', async () => {
    const caFile = folder.write('ca.crt', ca.pem)
    const port = await listen({ tls: await tlsOf(ca, folder, { caFile, verifiesPeer: true }) })
    const without = new RawClient(await connectTls(port, { ca: ca.pem }))
    expect((await without.handshake()).reasonCode).toBe(0)
    const certificate = await shown(await ca.issue({}))
    const withOne = new RawClient(await connectTls(port, { ca: ca.pem, ...certificate }))
    expect((await withOne.handshake()).reasonCode).toBe(0)
  })

  test('verify_peer refuses one that is not trusted, and the log says why', async () => {
    const caFile = folder.write('ca.crt', ca.pem)
    const port = await listen({ tls: await tlsOf(ca, folder, { caFile, verifiesPeer: true }) })
    const stranger = await TestCa.make('CN=Another CA')
    const certificate = await shown(await stranger.issue({}))
    await closed(await connectTls(port, { ca: ca.pem, ...certificate }))
    const dates = { validFrom: new Date('2001-01-01'), validTo: new Date('2002-01-01') }
    const old = await shown(await ca.issue(dates))
    await closed(await connectTls(port, { ca: ca.pem, ...old }))
    expect(ends()).toEqual([
      "the client's certificate is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
      "the client's certificate is not trusted (CERT_HAS_EXPIRED)",
    ])
    expect(daemon?.connectionCount).toBe(0)
  })

  test('fail_if_no_peer_cert refuses who has none', async () => {
    const caFile = folder.write('ca.crt', ca.pem)
    const peer = { caFile, verifiesPeer: true, requiresPeer: true }
    const port = await listen({ tls: await tlsOf(ca, folder, peer) })
    await closed(await connectTls(port, { ca: ca.pem }))
    expect(ends()).toEqual(['the client has no certificate'])
  })
})
