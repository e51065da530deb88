import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Report } from '../../src/bench/report.ts'
import type { Target } from '../../src/bench/target.ts'
import { BrokerProcess, type Machine, pinned, type StoreClosed } from './broker-process.ts'
import type { BrokerKind } from './brokers.ts'
import { adopt } from './children.ts'
import type { Load } from './generator.ts'
import { type Column, jsonOf, lineOf, tableOf } from './table.ts'

/** One broker of a comparison, and what is done to it. */
export interface Contender {
  readonly kind: BrokerKind
  readonly version: Target['version']
  /** Loads the broker, by one generator or several in turn. */
  load(broker: BrokerProcess, target: Target, generate: Generate): Promise<Report>
}

/** Runs the generator to its end. */
export type Generate = (load: Load) => Promise<Report>

export interface Comparison {
  readonly scenario: string
  readonly columns: readonly Column[]
  /** One, or two: A and B. */
  readonly contenders: readonly Contender[]
  readonly reps: number
  /** How often a run is done again that others disturbed. */
  readonly retriesMax: number
  readonly machine: Machine
  /** Flags of Node for the generator, such as --cpu-prof. */
  readonly generatorFlags: readonly string[]
  /** Milliseconds that one generator may take. */
  readonly runMsMax: number
}

export interface Run {
  readonly broker: string
  readonly report?: Report
  readonly storeClosed?: StoreClosed | undefined
  readonly error?: string
  /** Others used more than a little of the machine meanwhile. */
  readonly isDisturbed: boolean
}

/** Cores that others may use during a run. */
const otherCoresMax = 0.15

const root = resolve(import.meta.dirname, '../..')
const generator = resolve(import.meta.dirname, 'generator.ts')

/** Runs the brokers in turn, A B A B …, and prints each run, a table of medians, and JSON. */
export async function compare(comparison: Comparison): Promise<void> {
  const { contenders, columns, scenario } = comparison
  const runs: Run[] = []
  for (let rep = 0; rep < comparison.reps; rep++) {
    for (const contender of contenders) {
      const run = await calmRun(comparison, contender)
      runs.push(run)
      console.error(lineOf(columns, run))
      if (run.storeClosed !== undefined) console.error(`           ${describe(run.storeClosed)}`)
    }
  }
  const names = contenders.map(({ kind }) => kind.name)
  console.log(`\n${scenario}\n${tableOf(columns, names, runs)}\n${jsonOf(scenario, names, runs)}`)
  if (runs.some((run) => run.error !== undefined)) process.exitCode = 1
}

/** A run, again while others disturb it; the least disturbed one counts. */
async function calmRun(comparison: Comparison, contender: Contender): Promise<Run> {
  let best = await oneRun(comparison, contender)
  for (let i = 0; i < comparison.retriesMax && best.isDisturbed; i++) {
    const again = await oneRun(comparison, contender)
    if (otherCores(again) < otherCores(best)) best = again
  }
  return best
}

async function oneRun(comparison: Comparison, contender: Contender): Promise<Run> {
  const { kind } = contender
  let broker: BrokerProcess | undefined
  try {
    broker = await BrokerProcess.start(kind, comparison.machine)
    const report = await contender.load(broker, targetOf(broker, contender), (load) =>
      generate(comparison, load),
    )
    await broker.stop()
    const run = { broker: kind.name, report, storeClosed: broker.storeClosed }
    return { ...run, isDisturbed: otherCores(run) > otherCoresMax }
  } catch (error) {
    return { broker: kind.name, error: (error as Error).message, isDisturbed: false }
  } finally {
    await broker?.dispose()
  }
}

function targetOf(broker: BrokerProcess, { kind, version }: Contender): Target {
  const { port, pid } = broker
  const at = { host: '127.0.0.1', port, ...(kind.ca !== undefined && { ca: kind.ca }) }
  return { ...at, brokerPid: pid, version, idPrefix: `bench${process.pid}` }
}

async function generate(comparison: Comparison, load: Load): Promise<Report> {
  const { machine, generatorFlags, runMsMax } = comparison
  const words = [...generatorFlags, '--import', 'tsx', generator, JSON.stringify(load)]
  const [program, ...rest] = pinned(machine.generatorCpus, [process.execPath, ...words])
  const { code, output, errors } = await runToEnd(program as string, rest, runMsMax)
  if (code === 0) return JSON.parse(output) as Report
  throw new Error(`the generator ended (${code}): ${errors.trim() || `after ${runMsMax} ms`}`)
}

/** Runs a program of ours to its end, or for so long. */
async function runToEnd(program: string, words: readonly string[], timeout: number) {
  const child = spawn(program, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout })
  adopt(child)
  const ended = once(child, 'close')
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code, signal] = (await ended) as [number | null, string | null]
  return { code: code ?? signal, output, errors }
}

function otherCores(run: { report?: Report }): number {
  const figures = Object.entries(run.report?.figures ?? {})
  return Math.max(0, ...figures.map(([name, value]) => (/otherCores$/i.test(name) ? value : 0)))
}

/** What our broker said of its store, and the share of the records that it was spared. */
function describe(closed: StoreClosed): string {
  const fields = Object.entries(closed).map(([name, value]) => `${name} ${value}`)
  const { records, elided } = closed
  if (records === undefined || elided === undefined) return `store: ${fields.join(', ')}`
  const share = elided / Math.max(1, records + elided)
  return `store: ${fields.join(', ')}, elided share ${share.toFixed(3)}`
}
