import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { ClassicLevel, type Snapshot } from 'classic-level'
import { StoreDamaged, StoreInUse, StoreUnavailable, systemCode } from '../errors.ts'

/** Bytes that are written at once. */
const chunkBytes = 2 * 1024 * 1024
/** Keys that are read at once. */
const readKeys = 1000

const checksumSize = 4
/** Bytes of a key that a message shows. */
const shownKeyMax = 32

/** One key and its value; undefined where it is to be removed. */
export interface Write {
  readonly key: Buffer
  readonly value: Buffer | undefined
}

type Level = ClassicLevel<Buffer, Buffer>
type Range = { gte: Buffer; lt: Buffer; reverse?: boolean; snapshot?: Snapshot }

/** The range of all keys. */
export const everything = { gte: Buffer.from([0]), lt: Buffer.from([0xff]) }

/**
 * LevelDB with keys and values in bytes: what is written is safe when the write resolves. It looks at no
 * checksum of its own when it reads, so each value has one behind it, of its key and itself; but for keys
 * of one byte, which say what all this is, to other versions too.
 */
export class Database {
  readonly #folder: string
  readonly #keysAtFirst: number
  #removed = 0
  #level: Level

  private constructor(folder: string, level: Level, keysAtFirst: number) {
    this.#folder = folder
    this.#level = level
    this.#keysAtFirst = keysAtFirst
  }

  /** Rejects: StoreInUse, StoreDamaged, StoreUnavailable. */
  static async open(folder: string): Promise<Database> {
    await refuseHeadless(folder)
    const level = newLevel(folder)
    await openLevel(level, folder)
    try {
      const keys = await level.keys({ limit: 2 }).all()
      return new Database(folder, level, keys.length)
    } catch (error) {
      await level.close()
      throw explain(error, folder)
    }
  }

  /** Whether nothing was in it when it was opened. */
  get isNew(): boolean {
    return this.#keysAtFirst === 0
  }

  /** Whether more was in it than the version. */
  get hadContent(): boolean {
    return this.#keysAtFirst > 1
  }

  /** Keys that were removed since it was opened. */
  get removed(): number {
    return this.#removed
  }

  /** This and all that reads rejects: StoreDamaged, StoreUnavailable. */
  async get(key: Buffer): Promise<Buffer | undefined> {
    const value = await this.#read(this.#level.get(key))
    return value && this.#checked(key, value)
  }

  async getMany(keys: Buffer[]): Promise<(Buffer | undefined)[]> {
    const values = await this.#read(this.#level.getMany(keys))
    return values.map((value, i) => value && this.#checked(keys[i] as Buffer, value))
  }

  /** Keeps everything as it is now for who reads it later, and closes it then. */
  snapshot(): Snapshot {
    return this.#level.snapshot()
  }

  /** Whether there is a key in a range. */
  async hasAny(range: Range): Promise<boolean> {
    const keys = await this.#level.keys({ ...range, limit: 1, fillCache: false }).all()
    return keys.length > 0
  }

  /** All keys of a range, in their order. */
  async *keys(range: Range): AsyncIterable<Buffer[]> {
    const iterator = this.#level.keys({ ...range, fillCache: false })
    try {
      for (;;) {
        const keys = await this.#read(iterator.nextv(readKeys))
        if (keys.length === 0) return
        yield keys
      }
    } finally {
      await iterator.close()
    }
  }

  /** All keys of a range with their values, as they are when it begins. */
  async *entries(range: Range): AsyncIterable<[key: Buffer, value: Buffer][]> {
    const iterator = this.#level.iterator({
      ...range,
      fillCache: false,
      highWaterMarkBytes: 1 << 20,
    })
    try {
      for (;;) {
        const entries = await this.#read(iterator.nextv(readKeys))
        if (entries.length === 0) return
        yield entries.map(([key, value]) => [key, this.#checked(key, value)])
      }
    } finally {
      await iterator.close()
    }
  }

  /** Writes from the front of a list as much as is written at once; answers how much. */
  async write(writes: readonly Write[]): Promise<number> {
    const batch = this.#level.batch()
    let bytes = 0
    let count = 0
    let removed = 0
    for (const { key, value } of writes) {
      if (bytes >= chunkBytes) break
      if (value === undefined) {
        batch.del(key)
        removed++
      } else batch.put(key, withChecksum(key, value))
      bytes += key.length + (value?.length ?? 0)
      count++
    }
    await batch.write({ sync: true })
    this.#removed += removed
    return count
  }

  /** After a write failed LevelDB takes no other before it is opened anew. Rejects as `open` does. */
  async reopen(): Promise<void> {
    await this.#level.close()
    const level = newLevel(this.#folder)
    await openLevel(level, this.#folder)
    this.#level = level
  }

  /** Gives back what was removed and overwritten; the database may be used meanwhile. */
  compact(): Promise<void> {
    return this.#level.compactRange(everything.gte, everything.lt)
  }

  close(): Promise<void> {
    return this.#level.close()
  }

  /** A value without its checksum. Throws: StoreDamaged. */
  #checked(key: Buffer, value: Buffer): Buffer {
    if (key.length === 1) return value
    const end = value.length - checksumSize
    const bytes = value.subarray(0, Math.max(0, end))
    if (end >= 0 && value.readUInt32LE(end) === checksumOf(key, bytes)) return bytes
    const which = key.toString('hex', 0, shownKeyMax)
    throw new StoreDamaged(
      `${this.#folder} is damaged: the value of key ${which} is not what it was`,
    )
  }

  async #read<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading
    } catch (error) {
      throw explain(error, this.#folder)
    }
  }
}

function withChecksum(key: Buffer, value: Buffer): Buffer {
  if (key.length === 1) return value
  const bytes = Buffer.allocUnsafe(value.length + checksumSize)
  value.copy(bytes)
  bytes.writeUInt32LE(checksumOf(key, value), value.length)
  return bytes
}

function checksumOf(key: Buffer, value: Buffer): number {
  return crc32(value, crc32(key))
}

/** LevelDB would begin anew where its first file is missing, beside all that it had. */
async function refuseHeadless(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  const isUsed = names.some((name) => name.startsWith('MANIFEST-') || name.endsWith('.ldb'))
  if (!isUsed || existsSync(join(folder, 'CURRENT'))) return
  throw new StoreDamaged(`${folder} is damaged: the file CURRENT is missing`)
}

function newLevel(folder: string): Level {
  return new ClassicLevel<Buffer, Buffer>(folder, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    maxOpenFiles: 256,
    writeBufferSize: 8 * 1024 * 1024,
    cacheSize: 8 * 1024 * 1024,
  })
}

async function openLevel(level: Level, folder: string): Promise<void> {
  try {
    await level.open()
  } catch (error) {
    throw explain(error, folder)
  }
}

/** LevelDB says what was wrong in the cause of what it throws. */
function explain(error: unknown, folder: string): Error {
  const cause = (error as Error).cause ?? error
  const { code, message } = cause as { code?: string; message?: string }
  if (code === 'LEVEL_LOCKED') {
    const advice = 'stop it, or give this one another node.data_dir'
    return new StoreInUse(`${folder} is in use by another broker; ${advice}`)
  }
  // What the system says of a file that is missing, and of one that is too short.
  const isIncomplete =
    code === 'LEVEL_IO_ERROR' && /No such file|Invalid argument/.test(message ?? '')
  if (code === 'LEVEL_CORRUPTION' || isIncomplete) {
    return new StoreDamaged(`${folder} is damaged: ${message}`, { cause: error })
  }
  const known = systemCode(error)
  const what = `${folder} cannot be used: ${known ?? message ?? code}`
  return new StoreUnavailable(what, { cause: error })
}
