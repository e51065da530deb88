// Publishers in pairs with subscribers, in a closed loop; A is mosquitto, B is ours:
//
//   npx tsx test/bench/pairs.ts --qos 1 --pairs 50 --window 20 --ack-delay 0 --persistent \
//     --secs 8 --reps 3 --store memory
//
// --persistent holds for ours, --peer-persistent for the peer: sessions that outlive connections.
import type { QoS } from '../../src/mqtt/subscription.ts'
import { type Contender, compare } from './driver.ts'
import { comparisonOf, contendersOf, numberOf, readFlags } from './flags.ts'

const flags = readFlags({
  qos: { type: 'string', default: '1' },
  pairs: { type: 'string', default: '50' },
  window: { type: 'string', default: '20' },
  /** Messages of a publisher under way to its subscriber; 100 at QoS 0, else 1,000. */
  credit: { type: 'string' },
  payload: { type: 'string', default: '64' },
  /** Milliseconds by which subscribers acknowledge late. */
  'ack-delay': { type: 'string', default: '0' },
  persistent: { type: 'boolean', default: false },
  'peer-persistent': { type: 'boolean', default: false },
  warmup: { type: 'string', default: '1.5' },
  secs: { type: 'string', default: '8' },
  /** Microseconds of rest between turns of the generator; 50 at QoS 0, else 200. */
  'rest-us': { type: 'string' },
} as const)

const qos = numberOf('qos', flags.qos) as QoS
const options = {
  pairs: numberOf('pairs', flags.pairs),
  qos,
  window: numberOf('window', flags.window),
  credit: numberOf('credit', flags.credit ?? (qos === 0 ? '100' : '1000')),
  payloadSize: numberOf('payload', flags.payload),
  ackDelayMs: numberOf('ack-delay', flags['ack-delay']),
  warmupMs: numberOf('warmup', flags.warmup) * 1000,
  measureMs: numberOf('secs', flags.secs) * 1000,
  restMs: numberOf('rest-us', flags['rest-us'] ?? (qos === 0 ? '50' : '200')) / 1000,
}

function loading(persistent: boolean): Contender['load'] {
  return (_broker, target, generate) =>
    generate({ scenario: 'pairs', options: { ...target, ...options, persistent } })
}

await compare({
  ...comparisonOf(flags),
  scenario: 'pairs',
  runMsMax: options.warmupMs + options.measureMs + 120_000,
  contenders: contendersOf(flags, {
    ours: loading(flags.persistent),
    peer: loading(flags['peer-persistent']),
  }),
  columns: [
    { figure: 'deliveredPerSecond', title: 'msg/s' },
    { figure: 'brokerCpuUs', title: 'CPU µs/msg' },
    { figure: 'deliveryMsP50', title: 'p50 ms' },
    { figure: 'deliveryMsP99', title: 'p99 ms' },
    { figure: 'ackMsP50', title: 'ack p50 ms' },
    { figure: 'ackMsP99', title: 'ack p99 ms' },
    { figure: 'rssPeakMb', title: 'RSS MB' },
    { figure: 'brokerCores', title: 'broker cores' },
    { figure: 'ownCores', title: 'generator' },
    { figure: 'otherCores', title: 'others' },
  ],
})
