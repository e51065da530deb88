// Messages are stored for sessions that are away, which then all come back; with --kill the broker is
// killed and started in between. A is mosquitto, B is ours:
//
//   npx tsx test/bench/offline.ts --sessions 1000 --messages 100
//   npx tsx test/bench/offline.ts --sessions 1000 --messages 10000 --payload 200 --reps 1 \
//     --store embedded --peer none --kill
import { readUsage } from '../../src/bench/usage.ts'
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
  kill: { type: 'boolean', default: false },
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

const load: Contender['load'] = async (broker, target, generate) => {
  const all = { ...target, ...options }
  if (!flags.kill) return generate({ scenario: 'offline', options: { ...all, phase: 'both' } })
  const stored = await generate({ scenario: 'offline', options: { ...all, phase: 'store' } })
  await broker.stop('SIGKILL')
  const startMs = await broker.start()
  const rssStartedMb = (readUsage(broker.pid)?.rssBytes ?? 0) / 1024 ** 2
  const drain = { ...all, brokerPid: broker.pid, phase: 'drain' as const }
  const drained = await generate({ scenario: 'offline', options: drain })
  const figures = { ...stored.figures, startMs, rssStartedMb, ...drained.figures }
  return { ...drained, figures }
}

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
    { figure: 'startMs', title: 'start ms' },
    { figure: 'rssStartedMb', title: 'RSS MB then' },
    { figure: 'rssDrainPeakMb', title: 'draining' },
    { figure: 'rssEndMb', title: 'end' },
    { figure: 'storeBrokerCores', title: 'cores: storing' },
    { figure: 'drainBrokerCores', title: 'draining' },
    { figure: 'storeOwnCores', title: 'generator: storing' },
    { figure: 'drainOwnCores', title: 'draining' },
  ],
})
