import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type KillKind, killKinds } from '../../src/crashtest/kills/kill-kind.ts'
import type { Report } from '../../src/crashtest/report/report.ts'
import type { Census } from '../../src/crashtest/roles/cast.ts'
import type { RoundRecord } from '../../src/crashtest/round.ts'
import { projectFolder } from './client-program.ts'

export const program = join(projectFolder, 'bin/mqtt-broker')

/** Those for which a client has to come to a certain point. */
export const placedKinds = (Object.keys(killKinds) as KillKind[]).filter(
  (kind) => kind !== 'random' && kind !== 'rest' && kind !== 'load' && kind !== 'startUp',
)

/** What clients must have in the air at a kill, for it to be of its kind. */
const inTheAirAt: Readonly<Partial<Record<KillKind, keyof Census>>> = {
  publishQos1: 'qos1',
  publishQos2: 'qos2',
  pubrecAtPublisher: 'unreleased',
  pubrelAtPublisher: 'released',
  publishAtSubscriber: 'received',
  pubrecAtSubscriber: 'received',
  subscribe: 'requests',
  cleanStart: 'cleanStarts',
}

/** The kills that were not what they are counted as: nothing that they could interrupt was under way. */
export function misplaced({ rounds }: Report): readonly RoundRecord[] {
  return rounds.filter(({ ended, inTheAir }) => {
    const needed = inTheAirAt[ended as KillKind]
    return needed !== undefined && (inTheAir?.[needed] ?? 0) === 0
  })
}

/** A folder that is removed when the test is over, but for one that failed. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-crashtest-'))
  onTestFinished(({ task }) => {
    if (task.result?.state !== 'fail') rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** What must be so in the report on a broker that keeps its promises. */
export function soundness(report: Report): object {
  const { brokerErrors, details, faults, lost, verdict } = report
  const { doubled, lost: lostCount } = faults
  return { verdict, lost, lostCount, doubled, details, brokerErrors }
}

export const sound = {
  verdict: 'sound',
  lost: [],
  lostCount: 0,
  doubled: 0,
  details: [],
  brokerErrors: [],
}
