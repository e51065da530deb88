import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import mqtt, { type IClientOptions } from 'mqtt'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type BrokerProcess, defaultConfig, startBroker } from '../support/broker-process.ts'
import { CertificateFolder, TestCa } from '../support/certificates.ts'
import { requireTool } from '../support/system.ts'
import { ClientProgram, projectFolder } from './client-program.ts'
import { Inbox } from './inbox.ts'
import { Mosquitto, mosquittoIsMissing, numbered } from './mosquitto.ts'

const folder = new CertificateFolder()
const file = (name: string): string => join(folder.path, name)
let ca: TestCa
let broker: BrokerProcess

beforeAll(async () => {
  ca = await TestCa.make()
  folder.write('ca.crt', ca.pem)
  await folder.writePair('server', await ca.issue({ hosts: ['localhost', '127.0.0.1'] }))
  await folder.writePair('sensor', await ca.issue({ subject: 'O=Example, CN=sensor-1' }))
  await folder.writePair('lost', await ca.issue({ subject: 'CN=lost', serial: '1057' }))
  await folder.writePair('stranger', await (await TestCa.make('CN=Another')).issue({}))
  folder.write('crl.pem', await ca.revoke(['1057']))
  const own = { certfile: file('server.crt'), keyfile: file('server.key') }
  const peer = {
    cacertfile: file('ca.crt'),
    crlfile: file('crl.pem'),
    verify: 'verify_peer',
    fail_if_no_peer_cert: true,
    peer_cert_as_username: 'cn',
  }
  const bind = '127.0.0.1:0'
  const config = {
    ...defaultConfig,
    listeners: [
      { name: 'tls', type: 'tls', bind, tls: own },
      { name: 'wss', type: 'wss', bind, tls: own },
      { name: 'mutual', type: 'tls', bind, tls: { ...own, ...peer } },
      { name: 'wss-mutual', type: 'wss', bind, tls: { ...own, ...peer } },
    ],
  }
  broker = await startBroker({ config, listeners: ['tls', 'wss', 'mutual', 'wss-mutual'] })
})
afterAll(async () => {
  await broker?.dispose()
  folder.dispose()
})

/** What mosquitto's tools are told of files. */
function shownBy(name: string): string[] {
  return ['--cert', file(`${name}.crt`), '--key', file(`${name}.key`)]
}

describe.skipIf(mosquittoIsMissing)('mosquitto_sub and mosquitto_pub over TLS', () => {
  const trust = (): string[] => ['--cafile', file('ca.crt')]

  test.each(['tlsv1.2', 'tlsv1.3'])('%s: messages arrive, once and in order', async (version) => {
    const mosquitto = new Mosquitto(broker.port('tls'))
    const words = [...trust(), '--tls-version', version, '-q', '2', '-t', `order/${version}`]
    const sub = await mosquitto.subscribe(words, '%p')
    const lines = numbered('m', 200)
    await mosquitto.publishLines(lines, words)
    expect(await sub.received(lines.length)).toEqual(lines)
  })

  test('with a certificate of its own, whose name is its user name', async () => {
    const mosquitto = new Mosquitto(broker.port('mutual'))
    const words = [...trust(), ...shownBy('sensor'), '-q', '1', '-t', 'mutual']
    const sub = await mosquitto.subscribe(words, '%p')
    await mosquitto.publish([...words, '-m', 'hello', '-u', 'root', '-i', 'pub-1'])
    expect(await sub.received(1)).toEqual(['hello'])
    const line = await broker.waitForLog(({ clientId }) => clientId === 'pub-1')
    expect(line).toMatchObject({ msg: 'client connected', username: 'sensor-1' })
  })

  test.each([
    ['without a certificate', [], 'the client has no certificate', {}],
    ['with a revoked one', ['lost'], "the client's certificate is revoked", { serial: '1057' }],
    ['with one of a stranger', ['stranger'], 'is not trusted', {}],
  ])('%s it is refused, and the log says why', async (_what, name, because, fields) => {
    const mosquitto = new Mosquitto(broker.port('mutual'))
    const words = [...trust(), ...name.flatMap(shownBy), '-t', 't', '-m', 'x']
    await expect(mosquitto.publish(words)).rejects.toThrow()
    const line = await broker.waitForLog((log) => String(log.because).includes(because))
    expect(line).toMatchObject({ msg: 'connection ended in its handshake', ...fields })
  })

  test('who does not trust the broker goes away', async () => {
    const mosquitto = new Mosquitto(broker.port('tls'))
    const words = ['--cafile', file('stranger.crt'), '-t', 't', '-m', 'x']
    await expect(mosquitto.publish(words)).rejects.toThrow()
    await broker.waitForLog((log) => String(log.because).includes('unknown ca'))
  })
})

describe.each([
  ['tls', 'mqtts'],
  ['mutual', 'mqtts'],
  ['wss', 'wss'],
  ['wss-mutual', 'wss'],
])('MQTT.js at the listener %s', (listener, scheme) => {
  test.each([4, 5] as const)('MQTT %i: messages of each size arrive', async (protocolVersion) => {
    const isMutual = listener.endsWith('mutual')
    const certificate = {
      cert: readFileSync(file('sensor.crt')),
      key: readFileSync(file('sensor.key')),
    }
    const options: IClientOptions = {
      protocolVersion,
      ca: [ca.pem],
      reconnectPeriod: 0,
      ...(isMutual && certificate),
    }
    const url = `${scheme}://127.0.0.1:${broker.port(listener)}/mqtt`
    const client = await mqtt.connectAsync(url, options)
    onTestFinished(() => client.endAsync(true))
    const inbox = new Inbox(client)
    await client.subscribeAsync('sizes', { qos: 1 })
    const payloads = [1, 1000, 20_000, 900_000].map((size) => 'x'.repeat(size))
    await Promise.all(payloads.map((one) => client.publishAsync('sizes', one, { qos: 1 })))
    expect(await inbox.texts(payloads.length)).toEqual(payloads)
  })
})

const python = requireTool('paho')
describe.skipIf(python.isMissing)('Paho for Python over TLS', () => {
  test.each(['3.1.1', '5'])(
    'each QoS with MQTT %s and a certificate of its own',
    async (version) => {
      const script = join(projectFolder, 'test/e2e/paho-client.py')
      const files = [file('ca.crt'), file('sensor.crt'), file('sensor.key')]
      const port = `${broker.port('mutual')}`
      await new ClientProgram(python.path, [script, 'each-qos', port, version, ...files]).succeeds()
    },
  )
})

test('SIGHUP: certificates are read again, and nobody is disconnected', async () => {
  const url = `mqtts://127.0.0.1:${broker.port('tls')}`
  const client = await mqtt.connectAsync(url, { ca: [ca.pem], reconnectPeriod: 0 })
  onTestFinished(() => client.endAsync(true))
  const renewed = await TestCa.make('CN=The next CA')
  await folder.writePair('server', await renewed.issue({ hosts: ['127.0.0.1'] }))
  broker.signal('SIGHUP')
  await broker.waitForLog(
    ({ listener, msg }) => msg === 'certificates are read again' && listener === 'wss-mutual',
  )
  const next = await mqtt.connectAsync(url, { ca: [renewed.pem], reconnectPeriod: 0 })
  onTestFinished(() => next.endAsync(true))
  const inbox = new Inbox(client)
  await client.subscribeAsync('renewed', { qos: 1 })
  await next.publishAsync('renewed', 'still here', { qos: 1 })
  expect(await inbox.texts(1)).toEqual(['still here'])
})
