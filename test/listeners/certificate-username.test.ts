import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Daemon } from '../../src/daemon.ts'
import { distinguishedName } from '../../src/listeners/tls/client-certificate.ts'
import type { CertificateName } from '../../src/listeners/tls/options.ts'
import { CertificateFolder, TestCa } from '../support/certificates.ts'
import { type ConnectOptions, RawClient } from '../support/raw-client.ts'
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
  log = new TestLog()
})
afterAll(() => folder.dispose())

/** Connects with a certificate for `subject`; answers the user name that the broker knows it by. */
async function usernameOf(
  usernameFrom: CertificateName,
  subject: string | undefined,
  connect: ConnectOptions = {},
): Promise<unknown> {
  const caFile = folder.write('ca.crt', ca.pem)
  const tls = await tlsOf(ca, folder, { caFile, verifiesPeer: true, usernameFrom })
  daemon = await startTlsDaemon([{ type: 'tls', name: 'tls', tls }], log)
  const certificate = subject === undefined ? {} : await shown(await ca.issue({ subject }))
  const socket = await connectTls(daemon.listeners[0]?.port ?? 0, { ca: ca.pem, ...certificate })
  await new RawClient(socket).handshake(connect)
  return log.lines.find(({ message }) => message === 'client connected')?.fields.username
}

describe('peer_cert_as_username', () => {
  test('cn: the common name, whatever CONNECT says', async () => {
    const connect = { username: 'root', password: Buffer.from('x') }
    expect(await usernameOf('cn', 'O=Example, CN=sensor-1', connect)).toBe('sensor-1')
  })

  test('dn: the whole subject, the last part first', async () => {
    const name = await usernameOf('dn', 'C=DE, O=Example, CN=sensor-1')
    expect(name).toBe('CN=sensor-1,O=Example,C=DE')
  })

  test('disabled: what CONNECT says', async () => {
    expect(await usernameOf('disabled', 'CN=sensor-1', { username: 'ada' })).toBe('ada')
  })

  test('without a certificate: what CONNECT says', async () => {
    expect(await usernameOf('cn', undefined, { username: 'ada' })).toBe('ada')
  })

  test.each([
    ['none', 'O=Example'],
    ['two', 'CN=a, CN=b'],
  ])('cn: a certificate with %s is refused', async (_count, subject) => {
    await expect(usernameOf('cn', subject)).rejects.toThrow()
    expect(log.lines.map(({ fields }) => fields.because)).toContain(
      "the client's certificate has no one common name to be its user name",
    )
  })
})

test('a comma or a plus sign in a name cannot be taken for a separator', () => {
  expect(distinguishedName('O=A\\, B\nCN=c \\+ d + UID=e')).toBe('CN=c \\+ d+UID=e,O=A\\, B')
})
