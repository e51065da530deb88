/**
 * Runs the project's checks in turn: `tsx scripts/test.ts check | all | long`. It goes on after a
 * failure, prints a line for each step and ends with `N passed, N failed[, N skipped]`, the sum
 * over all suites (a step that is no suite counts as one test).
 */
import { isCi } from '../test/support/system.ts'
import { runScript, runSuite, type StepResult, stopRunningStep } from './step.ts'
import { describeMissing, installMissingTools } from './system-packages.ts'

interface Step {
  readonly name: string
  readonly run: () => Promise<StepResult> | StepResult
}

const quick: Step[] = [
  script('format', 'check:format'),
  script('lint', 'check:lint'),
  script('promises', 'check:promises'),
  script('types', 'check:types'),
  script('unused', 'check:unused'),
  suite('structure'),
  suite('unit'),
]

const all: Step[] = [
  { name: 'tools', run: tools },
  script('build', 'build'),
  script('package', 'check:package'),
  ...quick,
  suite('property'),
  suite('contract'),
  suite('conformance'),
  suite('durable'),
  suite('simulation'),
  suite('e2e'),
]

/** What takes hours rather than minutes, each with the size it is asked for in the environment. */
const longEnvironment = {
  FUZZ_PACKETS: process.env.FUZZ_PACKETS ?? '20000000',
  HISTORIES: process.env.HISTORIES ?? '200000',
  KILLS: process.env.KILLS ?? '1000',
  SEEDS: process.env.SEEDS ?? '5000',
}
const longMinutesMax = Number(process.env.MINUTES ?? '360')

const long: Step[] = [
  { name: 'tools', run: tools },
  script('build', 'build'),
  longSuite('property'),
  longSuite('simulation'),
  longSuite('long'),
]

const lists: Record<string, Step[]> = { check: quick, all, long }

process.exitCode = await main(process.argv[2] ?? 'all')

async function main(list: string): Promise<number> {
  const steps = lists[list]
  if (steps === undefined) {
    console.error(`unknown list '${list}'; known: ${Object.keys(lists).join(', ')}`)
    return 64
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stopRunningStep()
      process.exit(130)
    })
  }
  let passed = 0
  let failed = 0
  let skipped = 0
  for (const step of steps) {
    const result = await report(step)
    passed += result.passed
    failed += result.failed
    skipped += result.skipped
  }
  const end = skipped === 0 ? '' : `, ${skipped} skipped`
  console.log(`${passed} passed, ${failed} failed${end}`)
  return failed === 0 ? 0 : 1
}

/** Runs one step and prints its line; what it printed itself is shown only when it says something. */
async function report(step: Step): Promise<StepResult> {
  const startMs = Date.now()
  process.stdout.write(`${step.name.padEnd(12)} `)
  const result = failSkipsInCi(await step.run())
  const seconds = ((Date.now() - startMs) / 1000).toFixed(1)
  const verdict = result.failed === 0 ? 'ok    ' : 'FAILED'
  const skips = result.skipped === 0 ? '' : `, ${result.skipped} skipped`
  const counts = `${result.passed} passed, ${result.failed} failed${skips}`
  console.log(`${verdict} ${seconds.padStart(6)} s   ${counts}`)
  if (result.failed > 0 || result.skipped > 0) console.log(indent(result.output))
  return result
}

/** In CI a skipped test is a failed one: what is not run there is run nowhere. */
function failSkipsInCi(result: StepResult): StepResult {
  if (!isCi || result.skipped === 0) return result
  const output = `${result.output}\n${result.skipped} tests were skipped, which CI does not allow`
  return { ...result, failed: result.failed + result.skipped, skipped: 0, output }
}

function tools(): StepResult {
  const missing = installMissingTools()
  if (missing.length === 0) return { passed: 1, failed: 0, skipped: 0, output: '' }
  return { passed: 0, failed: 0, skipped: 1, output: describeMissing(missing) }
}

function script(name: string, npmScript: string): Step {
  return { name, run: () => runScript(npmScript) }
}

function suite(name: string): Step {
  return { name, run: () => runSuite(name) }
}

function longSuite(name: string): Step {
  const options = { environment: longEnvironment, minutesMax: longMinutesMax, mayBeEmpty: true }
  return { name, run: () => runSuite(name, options) }
}

function indent(text: string): string {
  return text.trim().replace(/^/gm, '    ')
}
