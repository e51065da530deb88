import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Daemon } from '../../src/daemon.ts'
import { HostNames } from '../../src/listeners/tls/host-names.ts'
import { CertificateFolder, TestCa } from '../support/certificates.ts'
import { RawClient } from '../support/raw-client.ts'
import { TestLog } from '../support/test-log.ts'
import { connectTls, startTlsDaemon, tlsOf } from '../support/tls-daemon.ts'

const folder = new CertificateFolder()
let ca: TestCa
let daemon: Daemon

beforeAll(async () => {
  ca = await TestCa.make()
  const pair = async (hostname: string) => ({
    hostname,
    ...(await folder.writePair(
      hostname.replace('*', 'any'),
      await ca.issue({ hosts: [hostname] }),
    )),
  })
  const sni = [await pair('mqtt.example.com'), await pair('*.example.com')]
  const tls = await tlsOf(ca, folder, { sni })
  daemon = await startTlsDaemon([{ type: 'tls', name: 'tls', tls }], new TestLog())
})
afterAll(async () => {
  await daemon.stop()
  folder.dispose()
})

test.each([
  ['mqtt.example.com', 'mqtt.example.com'],
  ['other.example.com', '*.example.com'],
  ['localhost', 'localhost'],
])('a client that asks for %s is shown the certificate of %s', async (servername, shown) => {
  const socket = await connectTls(daemon.listeners[0]?.port ?? 0, { ca: ca.pem, servername })
  expect(socket.getPeerCertificate().subject.CN).toBe(shown)
  expect((await new RawClient(socket).handshake()).reasonCode).toBe(0)
  socket.destroy()
})

test('a client that asks for no name, or for an unknown one, is shown the listener’s', async () => {
  const nameless = { ca: ca.pem, servername: '', checkServerIdentity: () => undefined }
  for (const options of [nameless, { ...nameless, servername: 'a.b.example.com' }]) {
    const socket = await connectTls(daemon.listeners[0]?.port ?? 0, options)
    expect(socket.getPeerCertificate().subject.CN).toBe('localhost')
    socket.destroy()
  }
})

test('names are compared without case, and * stands for exactly one label', () => {
  const names = new HostNames<string>()
  names.set('mqtt.example.com', 'exact')
  names.set('*.example.com', 'wild')
  const asked = ['MQTT.example.com', 'mqtt.example.com.', 'x.EXAMPLE.com']
  expect(asked.map((name) => names.get(name))).toEqual(['exact', 'exact', 'wild'])
  const none = ['example.com', 'a.b.example.com', '.example.com', 'com', '']
  expect(none.map((name) => names.get(name))).toEqual(none.map(() => undefined))
})
