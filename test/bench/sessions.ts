// Many lasting sessions with a subscription each are opened and left; with --restart the broker is
// then stopped, with --kill killed, and started in the same folder, and some of them are looked for:
//
//   npx tsx test/bench/sessions.ts --sessions 100000 --kill --store embedded --peer none
//   npx tsx test/bench/sessions.ts --sessions 100000 --restart --store embedded --version 5
import type { Report } from '../../src/bench/report.ts'
import { readUsage } from '../../src/bench/usage.ts'
import { type Contender, compare } from './driver.ts'
import { comparisonOf, contendersOf, numberOf, readFlags } from './flags.ts'

const flags = readFlags({
  sessions: { type: 'string', default: '100000' },
  /** Connections at a time. */
  connections: { type: 'string', default: '500' },
  restart: { type: 'boolean', default: false },
  kill: { type: 'boolean', default: false },
  /** Sessions that are looked for after a restart. */
  sample: { type: 'string', default: '1000' },
  'run-secs': { type: 'string', default: '600' },
} as const)

const sessions = numberOf('sessions', flags.sessions)
const connectionsMax = numberOf('connections', flags.connections)
const sample = Math.min(sessions, numberOf('sample', flags.sample))

const load: Contender['load'] = async (broker, target, generate) => {
  const options = { ...target, sessions, connectionsMax, phase: 'open' as const }
  const opened = await generate({ scenario: 'sessions', options })
  if (!flags.restart && !flags.kill) return opened
  const stopMs = await broker.stop(flags.kill ? 'SIGKILL' : 'SIGTERM')
  const startMs = await broker.start()
  const rssStartedMb = (readUsage(broker.pid)?.rssBytes ?? 0) / 1024 ** 2
  const finding = { ...options, brokerPid: broker.pid, sessions: sample, phase: 'find' as const }
  const found = await generate({ scenario: 'sessions', options: finding })
  return withRestart(opened, found, { stopMs, startMs, rssStartedMb })
}

function withRestart(opened: Report, found: Report, figures: Report['figures']): Report {
  const foundSessions = sample - (found.faults.lostSessions ?? 0)
  return {
    ...opened,
    figures: { ...opened.figures, ...figures, foundSessions },
    faults: found.faults,
  }
}

await compare({
  ...comparisonOf(flags),
  scenario: 'sessions',
  runMsMax: numberOf('run-secs', flags['run-secs']) * 1000,
  contenders: contendersOf(flags, { ours: load, peer: load }),
  columns: [
    { figure: 'sessionsPerSecond', title: 'sessions/s' },
    { figure: 'brokerCpuUs', title: 'CPU µs each' },
    { figure: 'rssPerSessionBytes', title: 'RSS bytes each' },
    { figure: 'rssEndMb', title: 'RSS MB' },
    { figure: 'stopMs', title: 'stop ms' },
    { figure: 'startMs', title: 'start ms' },
    { figure: 'rssStartedMb', title: 'RSS MB then' },
    { figure: 'foundSessions', title: 'found' },
    { figure: 'ownCores', title: 'generator' },
    { figure: 'otherCores', title: 'others' },
  ],
})
