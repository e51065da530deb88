import { expect, test } from 'vitest'
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

/** How many kills are made, with queues of any length (`KILLS`). A failure keeps its folder. */
const kills = Number(process.env.KILLS ?? 1000)

test(`nothing that was acknowledged is lost over ${kills} kills`, async () => {
  const words = ['crashtest', '--kills', String(kills), '--json', '--data', scratchFolder()]
  const command = new ClientProgram(process.execPath, [program, ...words])
  const code = await command.ended
  const report = JSON.parse(command.lines.join('\n')) as Report
  const { killsByKind, messages, seed, servedMs } = report
  process.stderr.write(`${JSON.stringify({ seed, killsByKind, messages, servedMs }, null, 2)}\n`)
  expect(soundness(report)).toEqual(sound)
  expect({ code, kills: report.kills }).toEqual({ code: 0, kills })
  expect(misplaced(report)).toEqual([])
  if (kills >= 30) expect(Object.keys(killsByKind)).toEqual(expect.arrayContaining(placedKinds))
})
