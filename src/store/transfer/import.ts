import type { Clock } from '../../base/clock.ts'
import type { SessionKey, Store } from '../../broker/ports.ts'
import { ImportRefused } from './errors.ts'
import { type ExportCounts, type ExportHeader, ExportTime } from './format.ts'
import { ImportWriter } from './import-writer.ts'
import type { MakeMessage, StoreUpkeep } from './ports.ts'
import { type ExportHandler, type ReadParts, readExport } from './read-export.ts'

/** Sessions, or topics, that one batch removes. */
const removedAtOnce = 1000

/** What is to be imported, and where to. */
export interface ImportRequest {
  /** Opens the store; called again when what was imported is to be removed. */
  readonly open: () => Promise<Store & StoreUpkeep>
  readonly clock: Clock
  /** Reads the export from its beginning. */
  readonly read: () => AsyncIterable<Buffer>
  /** Whether `read` may be called twice: then nothing is written before all of it was checked. */
  readonly isRepeatable: boolean
  /** What faults of the export are reported under. */
  readonly name: string
  readonly makeMessage: MakeMessage
  readonly signal: AbortSignal
}

/**
 * Takes all of an export into an empty store, or nothing: what was written is removed again when it
 * fails. Answers what was imported. Rejects: ImportRefused, ExportDamaged, the signal's reason, or
 * what the store or the source rejects with.
 */
export async function importStore(request: ImportRequest): Promise<ExportCounts> {
  const store = await request.open()
  const writer = new ImportWriter(store)
  let counts: ExportCounts
  try {
    await refuseContent(store)
    const parts = readParts(request)
    if (request.isRepeatable) await readExport(request.read(), parts, new Ignore())
    counts = await readExport(request.read(), parts, writer)
    await writer.finish()
  } catch (error) {
    if (writer.hasCommitted) await removeAgain(request, store, error)
    else await store.close()
    throw error
  }
  await store.close()
  return counts
}

function readParts({ clock, makeMessage, name, signal }: ImportRequest): ReadParts {
  // A clock that is behind that of the export lets no time pass.
  const timeOf = ({ exportedAtWallMs }: ExportHeader): ExportTime =>
    new ExportTime(Math.max(clock.wallMs(), exportedAtWallMs) - clock.now())
  return { name, timeOf, makeMessage, signal }
}

async function refuseContent(store: Store): Promise<void> {
  let sessions = 0
  for await (const some of store.sessions()) sessions += some.length
  let retained = 0
  for await (const _ of store.retained()) retained++
  if (sessions + retained === 0) return
  const what = `${sessions} sessions and ${retained} retained messages`
  throw new ImportRefused(`the store has ${what} in it; wanted: an empty one`)
}

/** The store was empty: all of it goes. Rejects: ImportRefused, when that fails as well. */
async function removeAgain(
  { open }: ImportRequest,
  store: Store & StoreUpkeep,
  error: unknown,
): Promise<void> {
  try {
    if (store.clear !== undefined) return await store.clear()
    await store.close()
    const again = await open()
    try {
      await removeAll(again)
    } finally {
      await again.close()
    }
  } catch (also) {
    const what = `${messageOf(error)}; what was imported is still in the store`
    throw new ImportRefused(`${what}, for it could not be removed: ${messageOf(also)}`)
  }
}

/** Ends all sessions, and clears all topics, of a store that is open. */
async function removeAll(store: Store & StoreUpkeep): Promise<void> {
  const keys: SessionKey[] = []
  for await (const some of store.sessions()) keys.push(...some.map(({ key }) => key))
  const topics: string[] = []
  for await (const { topic } of store.retained()) topics.push(topic)
  let number = 0
  for (let from = 0; from < Math.max(keys.length, topics.length); from += removedAtOnce) {
    const batch = store.newBatch(++number)
    for (const key of keys.slice(from, from + removedAtOnce)) batch.session(key).ended()
    for (const topic of topics.slice(from, from + removedAtOnce)) batch.retainedCleared(topic)
    batch.settledBelow = number + 1
    await store.commit(batch)
  }
  await store.settle?.()
}

/** For an export that is only to be checked. */
class Ignore implements ExportHandler {
  readonly isFull = false

  session(): void {}
  subscription(): void {}
  slot(): void {}
  awaitingRel(): void {}
  lane(): void {}
  queued(): void {}
  retained(): void {}

  async makeRoom(): Promise<void> {}
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
