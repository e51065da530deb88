import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadConfiguration } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { CertificateFolder, TestCa } from '../support/certificates.ts'
import { load, problems } from './kit.ts'

const listener = (more: string): string => `listeners:
  - { name: tls, bind: "127.0.0.1:8883", ${more} }
`

test('every key of tls, its paths relative to the file', () => {
  const { loaded, folder } = load(
    listener(`type: tls, tls: {
    certfile: s.crt, keyfile: s.key, cacertfile: /etc/ca.crt, verify: verify_peer,
    fail_if_no_peer_cert: true, peer_cert_as_username: cn, reload_on_change: true,
    crlfile: crl.pem, versions: [tlsv1.3],
    ciphers: "TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256",
    sni: [{ hostname: "*.Example.com", certfile: a.crt, keyfile: a.key }] }`),
  )
  const tls = 'configuration' in loaded ? loaded.configuration.listeners[0]?.tls : loaded
  expect(tls).toMatchObject({
    certFile: join(folder, 's.crt'),
    keyFile: join(folder, 's.key'),
    caFile: '/etc/ca.crt',
    verifiesPeer: true,
    requiresPeer: true,
    usernameFrom: 'cn',
    crlFile: join(folder, 'crl.pem'),
    reloadsOnChange: true,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256',
    sni: [
      {
        hostname: '*.example.com',
        certFile: join(folder, 'a.crt'),
        keyFile: join(folder, 'a.key'),
      },
    ],
  })
})

test.each([
  ['type: tls, tls: { certfile: a }', 'tls.keyfile: is missing; wanted: a path of a PEM file'],
  [
    'tls: { certfile: a, keyfile: b }',
    'tls: the type of this listener uses no TLS; wanted: type: tls',
  ],
  [
    'type: ws, tls: { certfile: a, keyfile: b }',
    'tls: the type of this listener uses no TLS; wanted: type: wss',
  ],
  [
    'type: tls, tls: { certfile: a, keyfile: b, verify: verify_peer }',
    'tls.cacertfile: is missing, and verify is verify_peer; wanted: the certificates that those of clients are signed with',
  ],
  [
    'type: tls, tls: { certfile: a, keyfile: b, fail_if_no_peer_cert: true }',
    'tls.fail_if_no_peer_cert: no certificate is asked for; wanted: verify: verify_peer',
  ],
  [
    'type: tls, tls: { certfile: a, keyfile: b, crlfile: c }',
    'tls.crlfile: no certificate is asked for; wanted: verify: verify_peer',
  ],
  [
    'type: wss, tls: { certfile: a, keyfile: b, peer_cert_as_username: dn }',
    'tls.peer_cert_as_username: no certificate is asked for; wanted: verify: verify_peer',
  ],
  [
    'type: tls, tls: { certfile: a, keyfile: b, versions: [sslv3] }',
    'tls.versions[0]: "sslv3" is not allowed; wanted: a list out of tlsv1.2 and tlsv1.3',
  ],
  [
    'type: tls, tls: { certfile: a, keyfile: b, sni: [{ hostname: "a.*", certfile: a, keyfile: b }] }',
    'tls.sni[0].hostname: "a.*" is not allowed; wanted: a host name such as mqtt.example.com, or *.example.com',
  ],
])('%s', (more, problem) => {
  const found = problems(listener(more))
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(/^zone.yaml:2:\d+ listeners\[tls\]\./)
  expect(found[0]).toContain(problem)
})

test('what is wrong with files comes at once, with the places in the configuration', async () => {
  const folder = new CertificateFolder()
  afterAll(() => folder.dispose())
  const ca = await TestCa.make()
  await folder.writePair('a', await ca.issue({}))
  await folder.writePair('b', await ca.issue({}))
  const file = folder.write(
    'zone.yaml',
    listener(`type: tls, tls: { certfile: a.crt, keyfile: b.key,
      sni: [{ hostname: h, certfile: c.crt, keyfile: a.key }] }`),
  )
  const loaded = loadConfiguration(file, {}, [])
  const found = 'configuration' in loaded ? loaded.checkFiles() : loaded.problems
  const at = (name: string): string => join(folder.path, name)
  expect(found.map(formatProblem)).toEqual([
    `${file}:2:86 listeners[tls].tls.keyfile: ${at('b.key')} is not the key of the certificate in ${at('a.crt')}`,
    `${file}:3:38 listeners[tls].tls.sni[0].certfile: ${at('c.crt')} is not there`,
  ])
})
