import { acquire, admit, beat } from './ownership.ts'
import { probe } from './probe.ts'
import { adopt, readRuns } from './read.ts'
import { writeSession, writeShared } from './write.ts'

/** All scripts: loaded when the broker starts, and again where Redis has forgotten them. */
export const scripts = {
  acquire,
  beat,
  admit,
  writeSession,
  writeShared,
  adopt,
  readRuns,
  probe,
} as const
