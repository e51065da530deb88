import { once } from 'node:events'
import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Daemon } from '../../src/daemon.ts'
import { warnOfEnds } from '../../src/listeners/tls/expiry.ts'
import type { TlsOptions } from '../../src/listeners/tls/options.ts'
import { CertificateFolder, TestCa } from '../support/certificates.ts'
import { RawClient } from '../support/raw-client.ts'
import { TestLog } from '../support/test-log.ts'
import { connectTls, shown, startTlsDaemon, tlsOf } from '../support/tls-daemon.ts'

const dayMs = 86_400_000
let folder: CertificateFolder
let ca: TestCa
let daemon: Daemon | undefined
let log = new TestLog()

beforeAll(async () => {
  ca = await TestCa.make()
})
afterEach(async () => {
  await daemon?.stop()
  folder.dispose()
  log = new TestLog()
})
afterAll(() => folder.dispose())

async function listen(more: Partial<TlsOptions> = {}): Promise<number> {
  const tls = await tlsOf(ca, folder, more)
  daemon = await startTlsDaemon([{ type: 'tls', name: 'tls', tls }], log)
  return daemon.listeners[0]?.port ?? 0
}

/** Replaces the certificate of the listener, which `tlsOf` calls `server`. */
async function replace(name: string): Promise<void> {
  await folder.writePair('server', await ca.issue({ subject: `CN=${name}`, hosts: ['localhost'] }))
}

async function shownName(port: number): Promise<string> {
  const socket = await connectTls(port, { ca: ca.pem })
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

async function until(fits: () => boolean): Promise<void> {
  while (!fits()) await new Promise((resolve) => setImmediate(resolve))
}

describe('reloading', () => {
  test('new clients see the new certificate, and those that are there go on', async () => {
    folder = new CertificateFolder()
    const port = await listen()
    const client = new RawClient(await connectTls(port, { ca: ca.pem }))
    await client.handshake()
    await replace('second')
    expect(await shownName(port)).toBe('localhost')
    daemon?.reloadCertificates()
    expect(await shownName(port)).toBe('second')
    client.send({ cmd: 'pingreq' })
    await client.expect('pingresp')
    expect(log.messages('info')).toContain('certificates are read again')
  })

  test('a file that is bad changes nothing, and the log says which and why', async () => {
    folder = new CertificateFolder()
    const port = await listen()
    folder.write('server.key', 'half a ke')
    daemon?.reloadCertificates()
    expect(await shownName(port)).toBe('localhost')
    const line = log.lines.find(({ level }) => level === 'error')
    expect(line?.message).toBe('certificates cannot be read again: those from before stay')
    expect(line?.fields).toEqual({
      listener: 'tls',
      because: `tls.keyfile: ${join(folder.path, 'server.key')} holds no private key in PEM`,
    })
    await replace('third')
    daemon?.reloadCertificates()
    expect(await shownName(port)).toBe('third')
  })

  test('certificates of host names are read again too', async () => {
    folder = new CertificateFolder()
    const pair = await folder.writePair('host', await ca.issue({ hosts: ['h'] }))
    const port = await listen({ sni: [{ hostname: 'h', ...pair }] })
    await folder.writePair('host', await ca.issue({ subject: 'CN=newer', hosts: ['h'] }))
    daemon?.reloadCertificates()
    const socket = await connectTls(port, { ca: ca.pem, servername: 'h' })
    expect(socket.getPeerCertificate().subject.CN).toBe('newer')
    socket.destroy()
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a certificate that is revoked meanwhile is refused, also in a resumed session of %s',
    async (maxVersion) => {
      folder = new CertificateFolder()
      const caFile = folder.write('ca.crt', ca.pem)
      const crlFile = folder.write('crl.pem', await ca.revoke([]))
      const port = await listen({ caFile, crlFile, verifiesPeer: true, requiresPeer: true })
      const certificate = await shown(await ca.issue({ serial: '4d' }))
      const first = await connectTls(port, { ca: ca.pem, maxVersion, ...certificate })
      const session = await sessionOf(first)
      const second = await connectTls(port, { ca: ca.pem, maxVersion, session, ...certificate })
      expect(second.isSessionReused()).toBe(true)
      const stays = new RawClient(second)
      expect((await stays.handshake()).reasonCode).toBe(0)
      folder.write('crl.pem', await ca.revoke(['4d']))
      daemon?.reloadCertificates()
      const third = connectTls(port, { ca: ca.pem, maxVersion, session, ...certificate })
      await third.then((socket) => once(socket, 'close')).catch(() => {})
      await until(() => log.messages('info').includes('connection ended in its handshake'))
      const line = log.lines.find(({ message }) => message === 'connection ended in its handshake')
      expect(line?.fields).toMatchObject({ serial: '4d' })
      stays.send({ cmd: 'pingreq' })
      await stays.expect('pingresp')
    },
  )
})

describe('reload_on_change', () => {
  test('reads files that are written, once they are whole', async () => {
    folder = new CertificateFolder()
    const port = await listen({ reloadsOnChange: true })
    await replace('second')
    await until(() => log.messages('info').includes('certificates are read again'))
    expect(await shownName(port)).toBe('second')
  })

  test('sees that a link leads elsewhere', async () => {
    folder = new CertificateFolder()
    const elsewhere = new CertificateFolder()
    afterAll(() => elsewhere.dispose())
    const link = (target: { certFile: string; keyFile: string }): void => {
      for (const [name, file] of [
        ['live.crt', target.certFile],
        ['live.key', target.keyFile],
      ] as const) {
        rmSync(join(folder.path, name), { force: true })
        symlinkSync(file, join(folder.path, name))
      }
    }
    const issue = (name: string) => ca.issue({ subject: `CN=${name}`, hosts: ['localhost'] })
    link(await elsewhere.writePair('one', await issue('one')))
    const certFile = join(folder.path, 'live.crt')
    const keyFile = join(folder.path, 'live.key')
    const port = await listen({ certFile, keyFile, reloadsOnChange: true })
    link(await elsewhere.writePair('two', await issue('two')))
    await until(() => log.messages('info').includes('certificates are read again'))
    expect(await shownName(port)).toBe('two')
  })
})

describe('the end of a certificate', () => {
  test('is warned of at the start and when files are read again', async () => {
    folder = new CertificateFolder()
    const soon = { hosts: ['localhost'], validTo: new Date(Date.now() + 13.5 * dayMs) }
    const pair = await folder.writePair('soon', await ca.issue(soon))
    await listen(pair)
    daemon?.reloadCertificates()
    const warnings = log.lines.filter(({ level }) => level === 'warn')
    expect(warnings.map(({ message }) => message)).toEqual([
      'a certificate expires soon',
      'a certificate expires soon',
    ])
    expect(warnings[0]?.fields).toMatchObject({
      listener: 'tls',
      key: 'tls.certfile',
      file: pair.certFile,
      daysLeft: 13,
    })
  })

  test.each([
    ['certificate', 14, []],
    ['certificate', 13.9, ['warn a certificate expires soon']],
    ['certificate', -0.1, ['error a certificate has expired']],
    ['list', 0.1, []],
    ['list', -0.1, ['warn a list of revoked certificates is out of date']],
  ] as const)('of a %s, %d days before it: %j', (kind, days, said) => {
    folder = new CertificateFolder()
    const validTo = new Date(days * dayMs)
    warnOfEnds([{ kind, key: 'tls.certfile', file: 'f', validTo }], 'tls', 0, log)
    expect(log.lines.map(({ level, message }) => `${level} ${message}`)).toEqual(said)
  })
})

/** A session of TLS 1.3 comes behind the handshake. */
async function sessionOf(socket: TLSSocket): Promise<Buffer> {
  if (socket.getProtocol() === 'TLSv1.3') await once(socket, 'session')
  const session = socket.getSession() as Buffer
  socket.destroy()
  return session
}
