import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How a step ended. A step that is not a vitest suite counts as one test. */
export interface StepResult {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** What it printed: shown when it failed, or when it skipped something. */
  readonly output: string
}

/** Minutes after which a step is stopped and counts as failed; the longest takes a few. */
const stepMinutesMax = 10

/** Bytes of output kept of one step: the end is what tells why it failed. */
const outputBytesMax = 200_000

let running: ChildProcess | undefined

/** A script of package.json as one test: passed when it exits with 0. */
export async function runScript(script: string): Promise<StepResult> {
  const { status, output } = await run('npm', ['run', '--silent', script], {}, stepMinutesMax)
  const failed = status === 0 ? 0 : 1
  return { passed: 1 - failed, failed, skipped: 0, output }
}

/**
 * A suite of vitest.config.ts. A run that fails without a failed test (a file that does not load,
 * an unhandled rejection) counts as one failure, so that no red run can sum up to zero; so does a
 * run that found no test, unless it may be empty.
 */
export async function runSuite(
  suite: string,
  options: { environment?: Record<string, string>; minutesMax?: number; mayBeEmpty?: boolean } = {},
): Promise<StepResult> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-test-'))
  const report = join(folder, 'report.json')
  const parameters = ['vitest', 'run', '--project', suite]
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${report}`]
  // Timeouts of single tests belong to the quick runs; a long one is bounded as a whole.
  const timeout = options.environment === undefined ? [] : ['--testTimeout=0']
  const { status, output } = await run(
    'npx',
    ['--no-install', ...parameters, ...reporters, ...timeout],
    options.environment ?? {},
    options.minutesMax ?? stepMinutesMax,
  )
  const counts = readReport(report)
  rmSync(folder, { recursive: true, force: true })
  const failed = counts.failed + counts.brokenFiles
  const { passed, skipped } = counts
  if (failed === 0 && status !== 0) return { passed, failed: 1, skipped, output }
  if (passed + failed + skipped === 0 && options.mayBeEmpty !== true) {
    return { passed, failed: 1, skipped, output: `no test found in suite '${suite}'` }
  }
  return { passed, failed, skipped, output }
}

/** Ends what runs now, with everything it started; called when we are told to stop. */
export function stopRunningStep(): void {
  stopGroup(running)
}

/** What of vitest's JSON report is read. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly { status: string; assertionResults: readonly unknown[] }[]
}

function readReport(path: string) {
  let report: Report
  try {
    report = JSON.parse(readFileSync(path, 'utf8')) as Report
  } catch {
    return { passed: 0, failed: 0, skipped: 0, brokenFiles: 0 }
  }
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
    brokenFiles: report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    ).length,
  }
}

/** Runs in a process group of its own, so that brokers left behind by a crashed test end with it. */
function run(
  command: string,
  parameters: string[],
  environment: Record<string, string>,
  minutesMax: number,
): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, parameters, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment, FORCE_COLOR: '0', NO_COLOR: '1' },
    })
    running = child
    let output = ''
    const keep = (chunk: string) => {
      output = (output + chunk).slice(-outputBytesMax)
    }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)
    const timer = setTimeout(() => {
      keep(`\nstopped after ${minutesMax} minutes\n`)
      stopGroup(child)
    }, minutesMax * 60_000)
    const finish = (status: number) => {
      clearTimeout(timer)
      stopGroup(child)
      running = undefined
      resolve({ status, output })
    }
    child.on('error', (error) => {
      keep(`${command}: ${error.message}\n`)
      finish(1)
    })
    child.on('exit', (status) => {
      // The pipes may still hold the end of the output, but a stray child must not keep them open.
      stopGroup(child)
      child.on('close', () => finish(status ?? 1))
    })
  })
}

function stopGroup(child: ChildProcess | undefined): void {
  if (child?.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // The group has ended already, which is what we want.
  }
}
