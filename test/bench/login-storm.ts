// Traffic at QoS 1 while many clients log in at once with argon2id passwords; A has no storm, B has:
//
//   npx tsx test/bench/login-storm.ts --store embedded --broker-cpus '' --generator-cpus ''
//
// --subscribers offline: the traffic goes to lasting sessions that are away, and so to the disk.
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { generate as encode } from 'mqtt-packet'
import { hashPassword } from '../../src/auth/password/verify.ts'
import { type BrokerKind, ours } from './brokers.ts'
import { type Contender, compare } from './driver.ts'
import { comparisonOf, numberOf, readFlags, versionOf } from './flags.ts'

const flags = readFlags({
  /** Clients that log in at once, each with a user name of its own. */
  logins: { type: 'string', default: '2000' },
  connections: { type: 'string', default: '100' },
  /** Messages a second of each connection. */
  rate: { type: 'string', default: '10' },
  subscribers: { type: 'string', default: 'connected' },
  payload: { type: 'string', default: '64' },
  warmup: { type: 'string', default: '2' },
  secs: { type: 'string', default: '15' },
  'rest-us': { type: 'string', default: '200' },
} as const)

const logins = numberOf('logins', flags.logins)
const options = {
  connections: numberOf('connections', flags.connections),
  ratePerConnection: numberOf('rate', flags.rate),
  subscribers: flags.subscribers === 'offline' ? ('offline' as const) : ('connected' as const),
  payloadSize: numberOf('payload', flags.payload),
  warmupMs: numberOf('warmup', flags.warmup) * 1000,
  measureMs: numberOf('secs', flags.secs) * 1000,
  restMs: numberOf('rest-us', flags['rest-us']) / 1000,
}

const password = Buffer.from('open sesame')

/** Our broker with a user for each login. One hash will do: the broker does not know that. */
function guarded(name: string): BrokerKind {
  const kind = ours(
    {
      program: flags.broker,
      store: flags.store,
      logLevel: flags['log-level'],
      syncDelayUs: 0,
      tls: false,
      env: {},
    },
    name,
  )
  const hash = hashPassword(password)
  return {
    ...kind,
    async configure(folder, port) {
      const words = await kind.configure(folder, port)
      const lines = Array.from({ length: logins }, (_, index) => `user-${index}:${hash}\n`)
      writeFileSync(join(folder, 'passwd'), lines.join(''))
      const file = join(folder, 'zone.yaml')
      const configuration = JSON.parse(readFileSync(file, 'utf8'))
      configuration.auth.password_file = 'passwd'
      writeFileSync(file, JSON.stringify(configuration))
      return words
    },
  }
}

/** All logins at once. Answers what became of them. */
async function storm(port: number): Promise<{ loggedIn: number; refused: number; secs: number }> {
  const startMs = performance.now()
  const codes = await Promise.all(Array.from({ length: logins }, (_, index) => login(port, index)))
  const loggedIn = codes.filter((code) => code === 0).length
  return { loggedIn, refused: logins - loggedIn, secs: (performance.now() - startMs) / 1000 }
}

/** The code of the CONNACK; -1 when the connection ended without one. It stays connected. */
function login(port: number, index: number): Promise<number> {
  return new Promise((settle) => {
    const socket = connect(port, '127.0.0.1', () => {
      const clientId = `login-${index}`
      const identity = { clientId, username: `user-${index}`, password }
      socket.write(
        encode({ cmd: 'connect', protocolVersion: 4, clean: true, keepalive: 0, ...identity }),
      )
    })
    socket.unref()
    socket.once('data', (bytes) => settle(bytes[3] ?? -1))
    socket.once('error', () => settle(-1))
    socket.once('close', () => settle(-1))
  })
}

const calm: Contender['load'] = (_broker, target, generate) =>
  generate({ scenario: 'steady', options: { ...target, ...options } })

const stormy: Contender['load'] = async (broker, target, generate) => {
  let isRunning = true
  const running = storm(broker.port).finally(() => {
    isRunning = false
  })
  const report = await calm(broker, target, generate)
  const lasted = Number(isRunning)
  const { loggedIn, refused, secs } = await running
  const figures = { ...report.figures, loggedIn, refused, stormSecs: secs, stormLasted: lasted }
  return { ...report, figures }
}

const version = versionOf(flags)
await compare({
  ...comparisonOf(flags),
  scenario: 'login-storm',
  runMsMax: options.warmupMs + options.measureMs + 240_000,
  contenders: [
    { kind: guarded('calm'), version, load: calm },
    { kind: guarded('storm'), version, load: stormy },
  ],
  columns: [
    { figure: 'ackedPerSecond', title: 'msg/s' },
    { figure: 'ackMsP50', title: 'ack p50 ms' },
    { figure: 'ackMsP90', title: 'p90' },
    { figure: 'ackMsP99', title: 'p99' },
    { figure: 'ackMsP999', title: 'p99.9' },
    { figure: 'ackMsMax', title: 'max' },
    { figure: 'lateMsP99', title: 'sent late p99' },
    { figure: 'loggedIn', title: 'logged in' },
    { figure: 'refused', title: 'refused' },
    { figure: 'stormSecs', title: 'storm s' },
    { figure: 'stormLasted', title: 'lasted' },
    { figure: 'brokerCores', title: 'broker cores' },
    { figure: 'ownCores', title: 'generator' },
    { figure: 'otherCores', title: 'others' },
  ],
})
