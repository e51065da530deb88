import { lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { reasonOf, StoreError, StoreUnavailable, systemCode } from '../errors.ts'
import type { TaskControl } from '../transfer/ports.ts'
import { AliveFile, type Moment } from './alive.ts'
import { Database, everything, type Write } from './database.ts'
import { syncFolder } from './folder.ts'
import type { HeldLog, Log } from './log.ts'
import { bytesOf } from './room.ts'

/** Bytes of a file that are copied at once. */
const chunkSize = 1024 * 1024

/** The parts of a store that are copied. */
export interface BackupSource {
  readonly folder: string
  readonly database: Database
  readonly journal: Log
  readonly moment: Moment
}

/**
 * Copies a store that is in use into a new folder, which is whole when it has its name: until then
 * it is `{target}.partial`. What is copied is the store as a crash at this moment would leave it:
 * the database as it is now, and the log with all batches that are safe now, more than which the
 * database cannot have. Answers the bytes that the copy takes.
 *
 * Rejects: StoreUnavailable, or the signal's reason; then nothing of the copy is left.
 */
export async function backUp(
  source: BackupSource,
  target: string,
  control: TaskControl,
): Promise<number> {
  const partial = `${target}.partial`
  try {
    await refuseTarget(source.folder, target, partial)
    await mkdir(partial, { mode: 0o700 })
  } catch (error) {
    throw explain(error, target)
  }
  try {
    await new Copy(source, partial, control).make()
    const bytes = await bytesOf(partial)
    await rename(partial, target)
    await syncFolder(dirname(target))
    return bytes
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw explain(error, target)
  }
}

/** A copy on its way. */
class Copy {
  readonly #source: BackupSource
  readonly #target: string
  readonly #control: TaskControl
  #bytes = 0

  constructor(source: BackupSource, target: string, control: TaskControl) {
    this.#source = source
    this.#target = target
    this.#control = control
  }

  /** The log comes first, for it is held while it is copied, and goes on growing. */
  async make(): Promise<void> {
    const { database, journal, moment } = this.#source
    // In one turn: no batch can come in between.
    const snapshot = database.snapshot()
    const held = journal.hold()
    try {
      await this.#copyLog(held).finally(() => held.letGo())
      await this.#copyDatabase(database.entries({ ...everything, snapshot }))
    } finally {
      await snapshot.close()
    }
    await new AliveFile(join(this.#target, 'alive')).write(moment)
    await syncFolder(this.#target)
  }

  async #copyLog({ files }: HeldLog): Promise<void> {
    const folder = join(this.#target, 'log')
    await mkdir(folder, { mode: 0o700 })
    for (const { bytes, path } of files) {
      await this.#copyFile(path, join(folder, basename(path)), bytes)
    }
    await syncFolder(folder)
  }

  /** The first `size` bytes of a file. */
  async #copyFile(from: string, to: string, size: number): Promise<void> {
    const source = await open(from, 'r')
    try {
      const copy = await open(to, 'wx', 0o600)
      try {
        const buffer = Buffer.allocUnsafe(Math.min(chunkSize, size))
        for (let at = 0; at < size; ) {
          const { bytesRead } = await source.read(buffer, 0, Math.min(chunkSize, size - at), at)
          if (bytesRead === 0) throw new StoreUnavailable(`${from} became shorter`)
          await copy.writeFile(buffer.subarray(0, bytesRead))
          at += bytesRead
          this.#goOn(bytesRead)
        }
        await copy.sync()
      } finally {
        await copy.close()
      }
    } finally {
      await source.close()
    }
  }

  async #copyDatabase(entries: AsyncIterable<[key: Buffer, value: Buffer][]>): Promise<void> {
    const folder = join(this.#target, 'database')
    const database = await Database.open(folder)
    try {
      for await (const some of entries) {
        let bytes = 0
        let writes: Write[] = some.map(([key, value]) => {
          bytes += key.length + value.length
          return { key, value }
        })
        while (writes.length > 0) writes = writes.slice(await database.write(writes))
        this.#goOn(bytes)
      }
    } finally {
      await database.close()
    }
    await syncFolder(folder)
  }

  /** Throws: the signal's reason. */
  #goOn(bytes: number): void {
    this.#bytes += bytes
    this.#control.onProgress(this.#bytes)
    this.#control.signal.throwIfAborted()
  }
}

/** Rejects: StoreUnavailable, when the target cannot be a new folder. */
async function refuseTarget(folder: string, target: string, partial: string): Promise<void> {
  if (!relative(folder, target).startsWith('..')) {
    throw new StoreUnavailable(`${target} is in the store itself; wanted: a folder elsewhere`)
  }
  if (await exists(target)) {
    throw new StoreUnavailable(`${target} exists already; wanted: a new folder`)
  }
  if (!(await exists(partial))) return
  const what = 'is left of a backup that did not finish, or belongs to one under way'
  throw new StoreUnavailable(`${partial} ${what}; remove it, or name another folder`)
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

function explain(error: unknown, target: string): unknown {
  if (error instanceof StoreError) return error
  const code = systemCode(error)
  if (code === undefined) return error
  const why = code === 'ENOENT' ? 'the folder above it is not there' : reasonOf(code)
  return new StoreUnavailable(`${target} cannot be written: ${why}`)
}
