import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runCrashtest } from '../../src/crashtest/run.ts'
import { DiskFaults, diskFaultsAreMissing } from '../support/faults/disk-faults.ts'
import { program, scratchFolder, sound, soundness } from './crashtest-kit.ts'

const kills = 12
const runMsMax = 300_000

describe.skipIf(diskFaultsAreMissing)('crashtest with power loss', () => {
  test(
    'nothing that was acknowledged is lost when what was not synced is dropped',
    async () => {
      const folder = scratchFolder()
      const disk = new DiskFaults(join(folder, 'data'))
      onTestFinished(() => disk.dispose())
      let losses = 0
      const report = await runCrashtest({
        program: [process.execPath, program],
        folder,
        seed: 5,
        kills,
        durationMs: Number.POSITIVE_INFINITY,
        clients: 4,
        rate: 300,
        store: 'embedded',
        configuration: {},
        environment: disk.environment,
        // All of it, or as disks do: some writes stay, some are torn.
        onKilled: () => void disk.applyPowerLoss(++losses % 2 === 0 ? losses : undefined),
      })
      expect(soundness(report)).toEqual(sound)
      expect(report.kills).toBe(kills)
      expect(losses).toBe(kills)
      expect(disk.counters().droppedWrites).toBeGreaterThan(0)
    },
    runMsMax,
  )
})
