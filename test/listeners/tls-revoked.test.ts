import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Daemon } from '../../src/daemon.ts'
import { CertificateFolder, type Issued, TestCa } from '../support/certificates.ts'
import { RawClient } from '../support/raw-client.ts'
import { TestLog } from '../support/test-log.ts'
import { connectTls, shown, startTlsDaemon, tlsOf } from '../support/tls-daemon.ts'

const folder = new CertificateFolder()
let ca: TestCa
let other: TestCa
let daemon: Daemon | undefined
let log = new TestLog()

beforeAll(async () => {
  ca = await TestCa.make()
  other = await TestCa.make('CN=Other CA')
})
afterEach(async () => {
  await daemon?.stop()
  log = new TestLog()
})
afterAll(() => folder.dispose())

/** A listener that trusts both authorities, and has a list of one of them. */
async function listen(crl: string, trusted = `${ca.pem}\n${other.pem}`): Promise<number> {
  const caFile = folder.write('ca.crt', trusted)
  const crlFile = folder.write('crl.pem', crl)
  const peer = { caFile, crlFile, verifiesPeer: true, requiresPeer: true }
  const tls = await tlsOf(ca, folder, peer)
  daemon = await startTlsDaemon([{ type: 'tls', name: 'tls', tls }], log)
  return daemon.listeners[0]?.port ?? 0
}

async function connects(port: number, issued: Issued, chain = ''): Promise<boolean> {
  const { cert, key } = await shown(issued)
  const socket = await connectTls(port, { ca: ca.pem, cert: `${String(cert)}\n${chain}`, key })
  const client = new RawClient(socket)
  const refused = once(socket, 'close').then(() => false)
  return Promise.race([
    client.handshake().then(
      () => true,
      () => false,
    ),
    refused,
  ])
}

test('a list for one of the authorities suffices: others have revoked nothing', async () => {
  const revoked = await ca.issue({ subject: 'O=Example, CN=lost', serial: '0badcafe' })
  const port = await listen(await ca.revoke(['0badcafe']))
  expect(await connects(port, await ca.issue({}))).toBe(true)
  expect(await connects(port, await other.issue({ serial: '0badcafe' }))).toBe(true)
  expect(await connects(port, revoked)).toBe(false)
  const line = log.lines.find(({ message }) => message === 'connection ended in its handshake')
  expect(line?.fields).toMatchObject({
    listener: 'tls',
    because: "the client's certificate is revoked",
    serial: 'badcafe',
    subject: 'CN=lost,O=Example',
  })
})

test('with TLS 1.2 it is refused too', async () => {
  const revoked = await shown(await ca.issue({ serial: '77' }))
  const port = await listen(await ca.revoke(['77']))
  const socket = connectTls(port, { ca: ca.pem, maxVersion: 'TLSv1.2', ...revoked })
  await socket.then((open) => once(open, 'close')).catch(() => {})
  expect(log.messages('info')).toContain('connection ended in its handshake')
  expect(daemon?.connectionCount).toBe(0)
})

test('a certificate whose issuer is revoked is refused', async () => {
  const between = await TestCa.make('CN=Between', ca)
  const serial = between.issued.certificate.serialNumber
  const port = await listen(await ca.revoke([serial]))
  expect(await connects(port, await between.issue({}), between.pem)).toBe(false)
  const line = log.lines.find(({ message }) => message === 'connection ended in its handshake')
  expect(line?.fields.because).toBe(
    `an issuer of the client's certificate is revoked (serial ${serial})`,
  )
})

test('a list that nobody trusted has signed is refused at the start', async () => {
  await expect(listen(await other.revoke(['1']), ca.pem)).rejects.toThrow(
    /tls\.crlfile: .*crl\.pem holds a list that no certificate in cacertfile has signed$/,
  )
})
