import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TimeOffset } from '../codec/message-codec.ts'
import type { StoreDescription } from '../transfer/ports.ts'
import type { AliveFile, Moment } from './alive.ts'
import type { Database } from './database.ts'
import { formatVersion, upgradesFrom } from './format.ts'
import type { Log } from './log.ts'
import type { Recovered } from './recover.ts'
import { bytesOf } from './room.ts'
import { encodeSession } from './session-record.ts'
import type { Settled } from './settled.ts'
import type { Settler } from './settler.ts'

/** The parts of a store that has just been opened. */
export interface OpenedParts {
  readonly alive: AliveFile
  readonly database: Database
  readonly journal: Log
  readonly recovered: Recovered
  readonly settled: Settled
  readonly settler: Settler
  readonly offset: TimeOffset
  /** The last moment of the processes before. */
  readonly last: Moment | undefined
}

/** Bytes on their way into the database above which no more are prepared. */
const pendingBytesMax = 8 * 1024 * 1024

/** Where a store is, and what it takes there. Rejects with what the system says. */
export async function describeFolder(
  folder: string,
  last: Moment | undefined,
): Promise<StoreDescription> {
  const log = await bytesOf(join(folder, 'log'))
  const database = await bytesOf(join(folder, 'database'))
  const aliveAtWallMs = last && Math.round(last.wallMs)
  const bytes = { log, database }
  return { where: folder, format: formatVersion, upgradesFrom, aliveAtWallMs, bytes }
}

/**
 * Puts everything that only the log has into the database, gives the log up, and lets the database
 * give back what was removed and overwritten. Rejects with what the system says.
 */
export async function compactStore(parts: OpenedParts): Promise<void> {
  const { alive, database, journal, last, offset, recovered, settled, settler } = parts
  for (const some of recovered.sessions()) {
    for (const { isUnsettled, key, snapshot, state } of some) {
      if (isUnsettled !== true) continue
      settled.session(key.generation, encodeSession(key, state, snapshot, offset))
    }
    if (settler.bytes > pendingBytesMax) await settler.flush()
  }
  settled.settleRetained(Number.POSITIVE_INFINITY)
  await settler.flush()
  await settled.removeLeftovers()
  await settler.flush()
  // The last batch may know a later moment than the file does.
  if (last !== undefined) await alive.write(last)
  await journal.clear()
  await database.compact()
}

/** Removes everything in a folder that belongs to a store, which is closed. */
export async function removeStore(folder: string): Promise<void> {
  for (const name of ['database', 'log', 'alive']) {
    await rm(join(folder, name), { recursive: true, force: true })
  }
}
