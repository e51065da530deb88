import { spawn } from 'node:child_process'
import { once as onceEvent } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Argv } from 'yargs'
import type { Settings } from '../crashtest/broker/zone-file.ts'
import type { CrashtestOptions } from '../crashtest/options.ts'
import type { Report } from '../crashtest/report/report.ts'
import { systemRandom } from '../system.ts'
import { once } from './command.ts'
import { ExitCode } from './exit-code.ts'
import { SignalWatch } from './signal-watch.ts'
import { UsageError } from './usage-error.ts'

type Text = string | readonly string[] | undefined

/** What is read of the flags. */
export interface ReadCrashtest {
  readonly kills?: Text
  readonly duration?: Text
  readonly seed?: Text
  readonly clients?: Text
  readonly rate?: Text
  readonly store?: Text
  readonly config?: Text
  readonly data?: Text
  readonly between?: Text
  readonly report?: Text
  readonly json?: boolean | undefined
}

const texts = {
  kills: 'Kills, at most (25)',
  duration: 'No other kill after this time, as 90s or 2h; alone, kills are not counted',
  seed: 'Chooses moments and mix; the same one chooses the same',
  clients: 'Publishers, and as many subscribers; a few others come along (4)',
  rate: 'Messages a second of all publishers, where no load is asked for (300)',
  store: 'The store of the broker (embedded)',
  config: "Settings for the broker, which go before the command's own",
  data: 'The folder for what is stored, the configuration and the log; it is kept',
  between: 'A shell command to run between kill and restart; $CRASHTEST_DATA is what is stored',
  report: 'Write the report as JSON to this file',
} as const

/** Chance's seeds are as large as that. */
const seedBound = 2 ** 31

export function crashtestFlags(command: Argv): Argv<ReadCrashtest> {
  let flagged = command.option('json', {
    type: 'boolean',
    describe: 'Print the report as JSON, for programs',
  })
  for (const [name, describe] of Object.entries(texts)) {
    const alias = name === 'config' ? { alias: 'c' } : {}
    flagged = flagged.option(name, { type: 'string', requiresArg: true, describe, ...alias })
  }
  return flagged
}

/**
 * Kills a broker again and again while clients use it, and says whether it kept what it had
 * acknowledged. Throws: UsageError.
 */
export async function crashtest(read: ReadCrashtest): Promise<ExitCode> {
  const configuration = await readConfiguration(once('config', read.config))
  if (configuration === undefined) return ExitCode.Configuration
  const data = once('data', read.data)
  const asked = await optionsOf(read)
  const file = once('report', read.report)
  if (file !== undefined) tryTo('report', file, () => writeFileSync(file, ''))
  if (data !== undefined) tryTo('data', data, () => mkdirSync(data, { recursive: true }))
  const folder = resolve(data ?? mkdtempSync(join(tmpdir(), 'mqtt-broker-crashtest-')))
  const options = { ...asked, configuration, folder, stopped: new SignalWatch().first }
  const report = await run(options)
  if (typeof report === 'number') return report
  await tell(report, file, read.json === true)
  const isSound = report.verdict === 'sound'
  if (isSound && data === undefined) rmSync(folder, { recursive: true, force: true })
  else process.stderr.write(`what the broker stored, its configuration and log: ${folder}\n`)
  return isSound ? ExitCode.Ok : ExitCode.Failure
}

/** An exit code when the broker does not start, or the command in between fails: it has been said. */
async function run(options: CrashtestOptions): Promise<Report | ExitCode> {
  const { runCrashtest } = await import('../crashtest/run.ts')
  const { BrokerEnded } = await import('../crashtest/broker/broker-child.ts')
  try {
    return await runCrashtest(options)
  } catch (error) {
    if (!(error instanceof BrokerEnded || error instanceof BetweenFailed)) throw error
    process.stderr.write(`mqtt-broker: ${error.message}\nsee ${options.folder}\n`)
    const isMisconfigured = error instanceof BrokerEnded && error.code === ExitCode.Configuration
    return isMisconfigured ? ExitCode.Configuration : ExitCode.Failure
  }
}

async function tell(report: Report, file: string | undefined, isJson: boolean): Promise<void> {
  const { reportText } = await import('../crashtest/report/text.ts')
  const json = `${JSON.stringify(report, null, 2)}\n`
  if (file !== undefined) writeFileSync(file, json)
  process.stdout.write(isJson ? json : reportText(report))
}

/** Makes what a flag names, before hours have passed in vain. Throws: UsageError. */
function tryTo(flag: string, path: string, make: () => void): void {
  try {
    make()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(`--${flag} ${path} cannot be written: ${code ?? 'unknown error'}`)
  }
}

async function optionsOf(
  read: ReadCrashtest,
): Promise<Omit<CrashtestOptions, 'configuration' | 'folder'>> {
  const { defaultClients, defaultKills, defaultRate } = await import('../crashtest/options.ts')
  const durationMs = await readDuration(once('duration', read.duration))
  const kills = wholeNumber('kills', read.kills, 1)
  const between = once('between', read.between)
  return {
    program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
    seed: wholeNumber('seed', read.seed, 0) ?? systemRandom.below(seedBound),
    kills: kills ?? (durationMs === undefined ? defaultKills : Number.POSITIVE_INFINITY),
    durationMs: durationMs ?? Number.POSITIVE_INFINITY,
    clients: wholeNumber('clients', read.clients, 1) ?? defaultClients,
    rate: wholeNumber('rate', read.rate, 1) ?? defaultRate,
    store: once('store', read.store) ?? 'embedded',
    ...(between !== undefined && { onKilled: (folder: string) => runBetween(between, folder) }),
    ...(process.stderr.isTTY && { onProgress: showProgress }),
  }
}

function wholeNumber(flag: string, read: Text, min: number): number | undefined {
  const text = once(flag, read)
  if (text === undefined) return undefined
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= min) return number
  throw new UsageError(`--${flag} ${text} makes no sense; wanted: a whole number from ${min}`)
}

async function readDuration(text: string | undefined): Promise<number | undefined> {
  if (text === undefined) return undefined
  const { parseDuration } = await import('../config/duration.ts')
  const durationMs = parseDuration(text)
  if (durationMs !== undefined) return durationMs
  throw new UsageError(`--duration ${text} makes no sense; wanted: 90s, 15m, 2h`)
}

/** The settings of a file, as they stand there; undefined when it is no YAML: that has been said. */
async function readConfiguration(file: string | undefined): Promise<Settings | undefined> {
  if (file === undefined) return {}
  const { readYaml } = await import('../config/read-yaml.ts')
  const { formatProblem } = await import('../config/problem.ts')
  const { draft, problems } = readYaml(readText(file), file, process.env)
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
  return problems.length > 0 ? undefined : (draft.root as Settings)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(`--config ${file} cannot be read: ${code ?? 'unknown error'}`)
  }
}

/** The command that was to be run between kill and restart did not succeed. */
class BetweenFailed extends Error {}

async function runBetween(command: string, folder: string): Promise<void> {
  const environment = { ...process.env, CRASHTEST_DATA: folder }
  const shell = spawn(command, { shell: true, env: environment, stdio: ['ignore', 2, 2] })
  const [code, signal] = (await onceEvent(shell, 'close')) as [number | null, string | null]
  if (code !== 0) throw new BetweenFailed(`--between ended with ${code ?? signal}: ${command}`)
}

function showProgress(line: string): void {
  process.stderr.write(`${line}\n`)
}
