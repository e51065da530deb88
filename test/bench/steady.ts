// Many connections at a low rate each, QoS 1, an open loop; A is mosquitto, B is ours:
//
//   npx tsx test/bench/steady.ts --connections 1000 --rate 10 --subscribers connected --secs 8
//
// --subscribers offline: the sessions are there, nobody is connected to them.
import { type Contender, compare } from './driver.ts'
import { comparisonOf, contendersOf, numberOf, readFlags } from './flags.ts'

const flags = readFlags({
  connections: { type: 'string', default: '1000' },
  /** Messages a second of each connection. */
  rate: { type: 'string', default: '10' },
  subscribers: { type: 'string', default: 'connected' },
  payload: { type: 'string', default: '64' },
  warmup: { type: 'string', default: '2' },
  secs: { type: 'string', default: '8' },
  /** Microseconds between two looks of the generator at its schedule; 0 spins, and so marks G. */
  'rest-us': { type: 'string', default: '50' },
} as const)

const options = {
  connections: numberOf('connections', flags.connections),
  ratePerConnection: numberOf('rate', flags.rate),
  subscribers: flags.subscribers === 'offline' ? ('offline' as const) : ('connected' as const),
  payloadSize: numberOf('payload', flags.payload),
  warmupMs: numberOf('warmup', flags.warmup) * 1000,
  measureMs: numberOf('secs', flags.secs) * 1000,
  restMs: numberOf('rest-us', flags['rest-us']) / 1000,
}

const load: Contender['load'] = (_broker, target, generate) =>
  generate({ scenario: 'steady', options: { ...target, ...options } })

await compare({
  ...comparisonOf(flags),
  scenario: 'steady',
  runMsMax: options.warmupMs + options.measureMs + 120_000,
  contenders: contendersOf(flags, { ours: load, peer: load }),
  columns: [
    { figure: 'ackedPerSecond', title: 'msg/s' },
    { figure: 'ackMsP50', title: 'ack p50 ms' },
    { figure: 'ackMsP90', title: 'p90' },
    { figure: 'ackMsP99', title: 'p99' },
    { figure: 'ackMsP999', title: 'p99.9' },
    { figure: 'ackMsMax', title: 'max' },
    { figure: 'lateMsP99', title: 'sent late p99' },
    { figure: 'brokerCpuUs', title: 'CPU µs/msg' },
    { figure: 'rssPeakMb', title: 'RSS MB' },
    { figure: 'brokerCores', title: 'broker cores' },
    { figure: 'ownCores', title: 'generator' },
    { figure: 'otherCores', title: 'others' },
  ],
})
