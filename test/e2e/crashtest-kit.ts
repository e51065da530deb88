import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type KillKind, killKinds } from '../../src/crashtest/kills/kill-kind.ts'
import type { Report } from '../../src/crashtest/report/report.ts'
import { projectFolder } from './client-program.ts'

export const program = join(projectFolder, 'bin/mqtt-broker')

/** Those for which a client has to come to a certain point. */
export const placedKinds = (Object.keys(killKinds) as KillKind[]).filter(
  (kind) => kind !== 'random' && kind !== 'rest' && kind !== 'load' && kind !== 'startUp',
)

/** A folder that is removed when the test is over, but for one that failed. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-crashtest-'))
  onTestFinished(({ task }) => {
    if (task.result?.state !== 'fail') rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** What must be so in the report on a broker that keeps its promises. */
export function soundness({ details, faults, lost, verdict }: Report): object {
  const { doubled, lost: lostCount } = faults
  return { verdict, lost, lostCount, doubled, details }
}

export const sound = { verdict: 'sound', lost: [], lostCount: 0, doubled: 0, details: [] }
