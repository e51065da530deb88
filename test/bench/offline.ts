// Messages are stored for sessions that are away, which then all come back; A is mosquitto, B is
// ours:
//
//   npx tsx test/bench/offline.ts --sessions 1000 --messages 100
//   npx tsx test/bench/offline.ts --sessions 1000 --messages 10000 --payload 200 --reps 1
import { type Contender, compare } from './driver.ts'
import { comparisonOf, contendersOf, numberOf, readFlags } from './flags.ts'

const flags = readFlags({
  sessions: { type: 'string', default: '1000' },
  /** For each session. */
  messages: { type: 'string', default: '100' },
  publishers: { type: 'string', default: '10' },
  qos: { type: 'string', default: '1' },
  window: { type: 'string', default: '20' },
  payload: { type: 'string', default: '64' },
  /** Seconds without a message after which those that are missing count as lost. */
  quiet: { type: 'string', default: '10' },
  /** Microseconds of rest between turns of the generator; few messages are under way here. */
  'rest-us': { type: 'string', default: '0' },
  /** Seconds that a run may take in all. */
  'run-secs': { type: 'string', default: '1800' },
} as const)

const options = {
  sessions: numberOf('sessions', flags.sessions),
  messagesPerSession: numberOf('messages', flags.messages),
  publishers: numberOf('publishers', flags.publishers),
  qos: flags.qos === '2' ? (2 as const) : (1 as const),
  window: numberOf('window', flags.window),
  payloadSize: numberOf('payload', flags.payload),
  quietMsMax: numberOf('quiet', flags.quiet) * 1000,
  restMs: numberOf('rest-us', flags['rest-us']) / 1000,
}

const load: Contender['load'] = (_broker, target, generate) =>
  generate({ scenario: 'offline', options: { ...target, ...options } })

await compare({
  ...comparisonOf(flags),
  scenario: 'offline',
  runMsMax: numberOf('run-secs', flags['run-secs']) * 1000,
  contenders: contendersOf(flags, { ours: load, peer: load }),
  columns: [
    { figure: 'storedPerSecond', title: 'stored/s' },
    { figure: 'drainedPerSecond', title: 'drained/s' },
    { figure: 'storeCpuUs', title: 'store µs' },
    { figure: 'drainCpuUs', title: 'drain µs' },
    { figure: 'rssStartMb', title: 'RSS MB: start' },
    { figure: 'rssStorePeakMb', title: 'storing' },
    { figure: 'rssStoredMb', title: 'stored' },
    { figure: 'rssDrainPeakMb', title: 'draining' },
    { figure: 'rssEndMb', title: 'end' },
    { figure: 'storeBrokerCores', title: 'cores: storing' },
    { figure: 'drainBrokerCores', title: 'draining' },
    { figure: 'storeOwnCores', title: 'generator: storing' },
    { figure: 'drainOwnCores', title: 'draining' },
  ],
})
