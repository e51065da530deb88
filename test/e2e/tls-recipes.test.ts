import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type BrokerProcess, startBroker } from '../support/broker-process.ts'
import { CertificateFolder } from '../support/certificates.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireTool } from '../support/system.ts'
import { connectTls } from '../support/tls-daemon.ts'
import { projectFolder } from './client-program.ts'

const openssl = requireTool('openssl')
const folder = new CertificateFolder()
let broker: BrokerProcess | undefined
afterAll(async () => {
  await broker?.dispose()
  folder.dispose()
})

const read = (name: string): Buffer => readFileSync(join(folder.path, name))

test.skipIf(openssl.isMissing)(
  'what docs/tls.md tells to type makes a broker that trusts its clients, until they are revoked',
  async () => {
    const page = readFileSync(join(projectFolder, 'docs/tls.md'), 'utf8')
    const recipes = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '')
    expect(recipes.length).toBeGreaterThanOrEqual(5)
    for (const recipe of recipes) {
      execFileSync('sh', ['-ec', recipe], { cwd: folder.path, stdio: 'pipe' })
    }
    const at = (name: string): string => join(folder.path, name)
    const tls = {
      certfile: at('server.crt'),
      keyfile: at('server.key'),
      cacertfile: at('ca.crt'),
      verify: 'verify_peer',
      fail_if_no_peer_cert: true,
      peer_cert_as_username: 'dn',
    }
    const listener = { type: 'tls', bind: '127.0.0.1:0' }
    const listeners = [
      { ...listener, name: 'trusting', tls },
      { ...listener, name: 'wary', tls: { ...tls, crlfile: at('crl.pem') } },
    ]
    const config = { listeners, store: { backend: 'memory' }, log: { format: 'json' } }
    broker = await startBroker({ config, listeners: ['trusting', 'wary'] })
    const certificate = { cert: read('sensor-1.crt'), key: read('sensor-1.key') }
    const own = { ca: read('ca.crt'), ...certificate }
    const client = new RawClient(await connectTls(broker.port('trusting'), own))
    expect((await client.handshake()).reasonCode).toBe(0)
    await broker.waitForLog(({ username }) => username === 'CN=sensor-1,O=Example')
    const refused = await connectTls(broker.port('wary'), own)
    refused.on('error', () => {})
    await broker.waitForLog((line) => String(line.because).includes('is revoked'))
  },
)
