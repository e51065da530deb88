import { resolve } from 'node:path'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { ClientVersion } from '../../src/client/fields.ts'
import { type BrokerKind, mosquitto, type OursOptions, ours } from './brokers.ts'
import type { Comparison, Contender } from './driver.ts'

type Flags = NonNullable<ParseArgsConfig['options']>

const program = resolve(import.meta.dirname, '../../bin/mqtt-broker')

/** What every benchmark takes; `--help` prints it. */
const common = {
  help: { type: 'boolean', default: false },
  reps: { type: 'string', default: '3' },
  /** 4 is MQTT 3.1.1, 5 is 5.0. */
  version: { type: 'string', default: '4' },
  /** Our store. */
  store: { type: 'string', default: 'memory' },
  /** Over TLS, both ours and another checkout of ours; mosquitto is plain. */
  tls: { type: 'boolean', default: false },
  /** Our program; that of another checkout compares with it. */
  broker: { type: 'string', default: program },
  /** Environment of our broker, NAME=value; again for another one. */
  env: { type: 'string', multiple: true, default: [] },
  /** Microseconds that each write that is safe when it returns takes longer on our broker's disk. */
  'sync-delay-us': { type: 'string', default: '0' },
  'log-level': { type: 'string', default: 'info' },
  /** A: mosquitto, none, or the program of another checkout of ours. */
  peer: { type: 'string', default: 'mosquitto' },
  /** A line for mosquitto's configuration, such as `persistence true`; again for another one. */
  'peer-conf': { type: 'string', multiple: true, default: [] },
  'broker-cpus': { type: 'string', default: '0' },
  'generator-cpus': { type: 'string', default: '1' },
  /** A flag of Node for the generator, such as --cpu-prof; again for another one. */
  'generator-flag': { type: 'string', multiple: true, default: [] },
  /** The folder that the brokers' folders are made in; else the system's for temporary files. */
  data: { type: 'string' },
  retries: { type: 'string', default: '1' },
  'start-secs': { type: 'string', default: '60' },
} as const satisfies Flags

type Values<Given extends Flags> = ReturnType<typeof parseArgs<{ options: Given }>>['values']
export type CommonFlags = Values<typeof common>

/** The values of the common flags and of a benchmark's own. Exits when one is unknown. */
export function readFlags<Own extends Flags>(own: Own): CommonFlags & Values<Own> {
  const options: Flags = { ...common, ...own }
  try {
    const { values } = parseArgs({ options, args: process.argv.slice(2) })
    if (!values.help) return values as CommonFlags & Values<Own>
    console.log(usage(options))
    process.exit(0)
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage(options)}`)
    process.exit(64)
  }
}

/** A whole or broken number. Exits when it is none. */
export function numberOf(flag: string, value: string | undefined): number {
  const number = Number(value)
  if (value !== undefined && value !== '' && Number.isFinite(number) && number >= 0) return number
  console.error(`--${flag} wants a number, not '${value}'`)
  process.exit(64)
}

export function versionOf(flags: CommonFlags): ClientVersion {
  return flags.version === '5' ? 5 : 4
}

/** The peer as A, where there is one, and ours as B. */
export function contendersOf(
  flags: CommonFlags,
  loads: { readonly ours: Contender['load']; readonly peer: Contender['load'] },
): Contender[] {
  const version = versionOf(flags)
  const own = ownOf(flags)
  const b = { kind: ours({ ...own, env: environmentOf(flags.env) }), version, load: loads.ours }
  const kind = peerOf(flags)
  return kind === undefined ? [b] : [{ kind, version, load: loads.peer }, b]
}

/** What all comparisons have alike. */
export function comparisonOf(
  flags: CommonFlags,
): Omit<Comparison, 'scenario' | 'columns' | 'contenders' | 'runMsMax'> {
  return {
    reps: numberOf('reps', flags.reps),
    retriesMax: numberOf('retries', flags.retries),
    generatorFlags: flags['generator-flag'],
    machine: {
      brokerCpus: flags['broker-cpus'],
      generatorCpus: flags['generator-cpus'],
      dataFolder: flags.data,
      startMsMax: numberOf('start-secs', flags['start-secs']) * 1000,
    },
  }
}

function peerOf(flags: CommonFlags): BrokerKind | undefined {
  if (flags.peer === 'none') return undefined
  if (flags.peer === 'mosquitto') return mosquitto(flags['peer-conf'])
  return ours({ ...ownOf(flags), program: flags.peer, env: {} }, 'peer')
}

function ownOf(flags: CommonFlags): Omit<OursOptions, 'env'> {
  return {
    program: flags.broker,
    store: flags.store,
    tls: flags.tls,
    logLevel: flags['log-level'],
    syncDelayUs: numberOf('sync-delay-us', flags['sync-delay-us']),
  }
}

function environmentOf(settings: readonly string[]): Record<string, string> {
  const pairs = settings.map((setting) => {
    const at = setting.indexOf('=')
    return [setting.slice(0, at), setting.slice(at + 1)] as const
  })
  return Object.fromEntries(pairs)
}

function usage(options: Flags): string {
  const lines = Object.entries(options).map(([name, { type, default: value }]) => {
    const given = Array.isArray(value) ? value.join(' ') : String(value ?? '')
    return `  --${name}${type === 'string' ? ` (${given})` : ''}`
  })
  return `flags, and their defaults:\n${lines.join('\n')}`
}
