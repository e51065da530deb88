import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Report } from '../../src/crashtest/report/report.ts'
import { ClientProgram } from './client-program.ts'
import {
  misplaced,
  placedKinds,
  program,
  scratchFolder,
  sound,
  soundness,
} from './crashtest-kit.ts'

/** Milliseconds that a run of some 25 kills may take on a busy machine. */
const runMsMax = 300_000
const kills = 28

interface Ended {
  readonly code: number | string
  readonly output: string
  readonly errors: string
}

/** `mqtt-broker crashtest …`, to its end. */
async function crashtest(...words: string[]): Promise<Ended> {
  const command = new ClientProgram(process.execPath, [program, 'crashtest', ...words])
  const code = await command.ended
  return { code, output: command.lines.join('\n'), errors: command.errors }
}

describe('crashtest', () => {
  test(
    'nothing that was acknowledged is lost, and nothing doubled, wherever the broker is killed',
    async () => {
      const data = scratchFolder()
      const words = ['--kills', String(kills), '--seed', '1', '--json', '--data', data]
      const { code, errors, output } = await crashtest(...words)
      const report = JSON.parse(output) as Report
      expect(soundness(report)).toEqual(sound)
      expect({ code, errors }).toEqual({ code: 0, errors: expect.stringContaining(data) })
      expect(report.kills).toBe(kills)
      expect(Object.keys(report.killsByKind)).toEqual(expect.arrayContaining(placedKinds))
      expect(misplaced(report)).toEqual([])
      const { first, max, median, p99 } = report.servedMs
      for (const ms of [first, median, p99, max, report.startMs.p99]) expect(ms).toBeGreaterThan(0)
      const { acknowledged1, acknowledged2, delivered1, delivered2 } = report.messages
      for (const count of [acknowledged1, acknowledged2]) expect(count).toBeGreaterThan(500)
      for (const count of [delivered1, delivered2]) expect(count).toBeGreaterThan(500)
      expect(report.checks.retained).toBeGreaterThan(50)
      expect(report.checks.wills).toBeGreaterThan(0)
    },
    runMsMax,
  )

  test(
    'a broker that acknowledges before it is safe is found out',
    async () => {
      const folder = scratchFolder()
      const config = join(folder, 'none.yaml')
      writeFileSync(config, 'zones: { default: { durability: none } }')
      const file = join(folder, 'report.json')
      const words = ['--kills', '3', '--seed', '3', '-c', config, '--report', file]
      const { code, output } = await crashtest(...words, '--data', folder)
      expect(code).toBe(1)
      expect(output).toMatch(/^verdict +BROKEN, \d+ faults$/m)
      expect(output).toMatch(/^ {2}lost: .*'s message \d+ to .* acknowledged in life \d/m)
      const { faults, lost, verdict } = JSON.parse(readFileSync(file, 'utf8')) as Report
      expect(verdict).toBe('broken')
      expect(faults.lost).toBeGreaterThan(0)
      expect(faults.session).toBeGreaterThan(0)
      expect(lost[0]).toMatchObject({
        publisher: expect.stringMatching(/-p\d$/),
        topic: expect.any(String),
        session: expect.any(String),
        acknowledgedInLife: expect.any(Number),
      })
    },
    runMsMax,
  )

  test(
    'what disappears between kill and restart is missed',
    async () => {
      const between = 'rm -r "$CRASHTEST_DATA/store"'
      const words = ['--kills', '2', '--seed', '4', '--json', '--data', scratchFolder()]
      const { code, output } = await crashtest(...words, '--between', between)
      const { faults, kills, verdict } = JSON.parse(output) as Report
      expect({ code, kills, verdict }).toEqual({ code: 1, kills: 2, verdict: 'broken' })
      expect(faults.lost).toBeGreaterThan(0)
      expect(faults.session).toBeGreaterThan(0)
    },
    runMsMax,
  )

  test('Ctrl-C ends the kills, and the report says what was found', async () => {
    const folder = scratchFolder()
    const words = [program, 'crashtest', '--kills', '1000', '--json', '--data', folder]
    const command = new ClientProgram(process.execPath, words)
    const log = join(folder, 'broker.log')
    const starts = (): number => readLog(log).split('"listening"').length
    await expect.poll(starts, { interval: 10, timeout: 30_000 }).toBeGreaterThan(2)
    command.signal('SIGINT')
    expect(await command.ended).toBe(0)
    const report = JSON.parse(command.lines.join('\n')) as Report
    expect(soundness(report)).toEqual(sound)
    expect(report.kills).toBeGreaterThan(0)
    expect(report.rounds.at(-1)?.ended).toBe('end')
  })

  test.each([
    [['--kills', 'x'], '--kills x makes no sense; wanted: a whole number from 1'],
    [['--duration', '5'], '--duration 5 makes no sense; wanted: 90s, 15m, 2h'],
    [['--config', '/missing'], '--config /missing cannot be read: ENOENT'],
    [['--report', '/missing/x'], '--report /missing/x cannot be written: ENOENT'],
    [['--data', '/dev/null/x'], '--data /dev/null/x cannot be written: ENOTDIR'],
    [['--seed', '1', '--seed', '2'], '--seed stands several times; wanted: once'],
  ])('%j is a wrong command line', async (words, message) => {
    expect(await crashtest(...words)).toEqual({
      code: 64,
      output: '',
      errors: `mqtt-broker: ${message}\nTry: mqtt-broker --help\n`,
    })
  })

  test('a configuration that the broker does not take ends it', async () => {
    const { code, errors } = await crashtest('--store', 'nope', '--data', scratchFolder())
    expect(code).toBe(78)
    expect(errors).toContain('store.backend: "nope" is not one of the values')
  })
})

function readLog(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
