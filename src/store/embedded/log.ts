import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from '../../base/assert.ts'
import { StoreDamaged } from '../errors.ts'
import { syncFolder } from './folder.ts'
import { LogFile } from './log-file.ts'
import { blockSize, findBatchAbove, type LogBatch, readBatch, readFileBlock } from './log-format.ts'

/** Bytes of a log file; a batch that is larger gets one of its own. */
export const logFileSize = 4 * 1024 * 1024
/** Files that are kept to be written again. */
const spareFilesMax = 2

const namePattern = /^(\d{10})\.log$/

/** What a log file holds that nothing needs any more: its size, and the number of its last batch. */
interface OldFile {
  readonly path: string
  readonly size: number
  readonly lastNumber: number
}

/** The files of the log as they are at a moment, and how far they are written. */
export interface HeldLog {
  readonly files: readonly { readonly path: string; readonly bytes: number }[]
  /** From here on files may be given up again. */
  readonly letGo: () => void
}

/**
 * Batches on the disk, in the order of their numbers: files in a folder, written one after another
 * and, once nothing in them is needed any more, written again.
 *
 * Invariants: 1. each batch follows the one that it says it does. 2. what is behind a
 * file's last batch is zeros, a batch that was never finished, or batches with lower numbers.
 */
export class Log {
  readonly #folder: string
  #nextName: number
  #lastNumber: number
  #current: LogFile | undefined
  /** Full files, the oldest first. */
  readonly #full: OldFile[] = []
  readonly #spares: string[] = []
  /** A file that is being made, to be taken when the current one is full. */
  #preparing: Promise<string> | undefined
  #made = 0
  /** While there are any, no file is given up. */
  #holds = 0

  private constructor(folder: string, nextName: number, lastNumber: number) {
    this.#folder = folder
    this.#nextName = nextName
    this.#lastNumber = lastNumber
  }

  /**
   * Opens the log in a folder, making it where it is missing, and hands each batch in it to
   * `onBatch`. Rejects: StoreDamaged, or what the system says.
   */
  static async open(folder: string, onBatch: (batch: LogBatch) => void): Promise<Log> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const entries = await readdir(folder)
    for (const name of entries) {
      if (name.endsWith('.new')) await rm(join(folder, name), { force: true })
    }
    const names = entries.filter((name) => namePattern.test(name)).sort()
    const old: OldFile[] = []
    let lastNumber: number | undefined
    for (const name of names) {
      const path = join(folder, name)
      const bytes = await readFile(path)
      lastNumber = readFileOf(path, bytes, lastNumber, onBatch)
      old.push({ path, size: bytes.length, lastNumber })
    }
    const lastName = Number(namePattern.exec(names.at(-1) ?? '')?.[1] ?? 0)
    const log = new Log(folder, lastName + 1, lastNumber ?? 0)
    log.#full.push(...old)
    return log
  }

  /** The number of the last batch; 0 while there is none. */
  get lastNumber(): number {
    return this.#lastNumber
  }

  /** Bytes of the files with batches in them. */
  get size(): number {
    let size = this.#current?.size ?? 0
    for (const file of this.#full) size += file.size
    return size
  }

  /** Up to which batch the log must be given up for the rest to have at most `size` bytes. */
  numberBeyond(size: number): number {
    let left = this.size
    let number = 0
    for (const file of this.#full) {
      if (left <= size) break
      left -= file.size
      number = file.lastNumber
    }
    return number
  }

  /** Whether there is a file that could be given up, if no batch up to `number` is needed. */
  hasBelow(number: number): boolean {
    return this.#full[0] !== undefined && this.#full[0].lastNumber <= number
  }

  /**
   * Writes the next batch; resolves when it is on the disk. After a rejection the same one must be
   * tried again. Rejects with what the system says.
   */
  async append(bytes: Buffer, number: number): Promise<void> {
    if (this.#current === undefined || this.#current.room < bytes.length) {
      await this.#turn(bytes.length)
    }
    await this.#current?.append(bytes, number)
    this.#lastNumber = number
  }

  /** Gives up the files that hold no batch above `number`, unless they are held. */
  async release(number: number): Promise<void> {
    while (this.#holds === 0 && this.hasBelow(number)) {
      const file = this.#full.shift() as OldFile
      try {
        await this.#giveUp(file)
      } catch (error) {
        this.#full.unshift(file)
        throw error
      }
    }
  }

  /** What there is now, for who copies it: none of it is given up before `letGo`. */
  hold(): HeldLog {
    this.#holds++
    const files = this.#full.map(({ path, size }) => ({ path, bytes: size }))
    if (this.#current !== undefined) {
      const { path, room, size } = this.#current
      files.push({ path, bytes: size - room })
    }
    const letGo = (): void => {
      this.#holds--
    }
    return { files, letGo }
  }

  /** Gives up all batches of a log that was opened and not written to; numbers go on. */
  async clear(): Promise<void> {
    assert(this.#current === undefined, 'nothing was written')
    const old = this.#full.splice(0)
    const begun = this.#newPath()
    await LogFile.begin(begun, this.#lastNumber)
    const path = await this.#rename(begun)
    this.#full.push({ path, size: blockSize, lastNumber: this.#lastNumber })
    for (const file of old) await rm(file.path, { force: true })
  }

  async close(): Promise<void> {
    await this.#preparing?.catch(() => undefined)
    await this.#current?.close()
    this.#current = undefined
  }

  /** The next file becomes the current one, and where there is none to take another time, one is made. */
  async #turn(size: number): Promise<void> {
    const whole = blockSize + size
    const next = whole > logFileSize ? await this.#create(whole) : await this.#take()
    try {
      await LogFile.begin(next, this.#lastNumber)
    } catch (error) {
      if (whole <= logFileSize) this.#spares.unshift(next)
      throw error
    }
    const path = await this.#rename(next)
    const file = await LogFile.open(path, Math.max(whole, logFileSize))
    const full = this.#current
    this.#current = file
    if (full !== undefined) {
      this.#full.push(full)
      await full.close()
    }
    if (this.#spares.length === 0) this.#preparing ??= this.#create(logFileSize)
  }

  /** A file that was begun becomes the next one of the log. */
  async #rename(begun: string): Promise<string> {
    const path = join(this.#folder, `${String(this.#nextName).padStart(10, '0')}.log`)
    await rename(begun, path)
    await syncFolder(this.#folder)
    this.#nextName++
    return path
  }

  /** What is kept to be written again leaves the log as well: it must have no gap when it is read. */
  async #giveUp({ path, size }: OldFile): Promise<void> {
    const isKept = size === logFileSize && this.#spares.length < spareFilesMax
    if (!isKept) return rm(path, { force: true })
    const spare = this.#newPath()
    await rename(path, spare)
    this.#spares.push(spare)
  }

  async #take(): Promise<string> {
    const spare = this.#spares.shift()
    if (spare !== undefined) return spare
    const preparing = this.#preparing ?? this.#create(logFileSize)
    this.#preparing = undefined
    return preparing
  }

  /** Makes a file that is not part of the log yet. */
  #create(size: number): Promise<string> {
    const path = this.#newPath()
    const made = LogFile.create(path, size).then(() => path)
    // Whoever takes it is told.
    made.catch(() => undefined)
    return made
  }

  /** The path of a file that is not part of the log: what is left of such ones is removed at the next start. */
  #newPath(): string {
    return join(this.#folder, `${++this.#made}.new`)
  }
}

/**
 * Reads one file of the log, which follows one that ends with batch `before`; undefined for the
 * first. Answers the number of the last batch. Throws: StoreDamaged, where a batch is missing that
 * others follow.
 */
function readFileOf(
  path: string,
  bytes: Buffer,
  before: number | undefined,
  onBatch: (batch: LogBatch) => void,
): number {
  const follows = readFileBlock(bytes)
  if (follows === undefined) throw new StoreDamaged(`${path} is damaged: it has no beginning`)
  if (before !== undefined && follows > before) {
    throw new StoreDamaged(`${path} follows batch ${follows}, which is missing behind ${before}`)
  }
  let last = follows
  let at = blockSize
  for (let batch = readBatch(bytes, at); batch !== undefined; batch = readBatch(bytes, at)) {
    if (batch.previous !== last) break
    onBatch(batch)
    last = batch.number
    at = batch.end
  }
  // A batch that was cut short by the end of the process is the last one: none follows it here.
  const beyond = findBatchAbove(bytes, at, last)
  if (beyond === undefined) return last
  const what = `what follows batch ${last} is missing, and batch ${beyond.number} is there`
  throw new StoreDamaged(`${path} is damaged at byte ${at}: ${what}`)
}
