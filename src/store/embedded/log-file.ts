import { close as closeFile, constants, fdatasync, open as openFile, write } from 'node:fs'
import { promisify } from 'node:util'
import { blockSize, fileBlock } from './log-format.ts'

const open = promisify(openFile)
const close = promisify(closeFile)
const sync = promisify(fdatasync)

/** Where the system has it, a write returns when its bytes are on the disk; else a sync follows. */
const writesAreSafe = constants.O_DSYNC !== undefined
const flags = constants.O_RDWR | (constants.O_DSYNC ?? 0)
/** Bytes of zeros that are written at once. */
const zeros = Buffer.alloc(1024 * 1024)

/**
 * A file of the log, of a size that is settled when it is made: writing into it later changes
 * nothing that the file system has to write down as well.
 */
export class LogFile {
  readonly path: string
  readonly size: number
  /** The number of the last batch in it; 0 while there is none. */
  lastNumber = 0
  readonly #fd: number
  #at = blockSize

  private constructor(path: string, fd: number, size: number) {
    this.path = path
    this.#fd = fd
    this.size = size
  }

  /** Makes a new file of `size` bytes. Rejects with what the system says. */
  static async create(path: string, size: number): Promise<void> {
    const fd = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC, 0o600)
    try {
      for (let at = 0; at < size; at += zeros.length) {
        await writeAll(fd, zeros, 0, Math.min(zeros.length, size - at), at)
      }
      await sync(fd)
    } finally {
      await close(fd)
    }
  }

  /** Begins a file anew: what is in it now counts for nothing. */
  static begin(path: string, lastNumber: number): Promise<void> {
    return LogFile.overwrite(path, fileBlock(lastNumber))
  }

  /** Puts these bytes in place of the first ones of a file, making it where it is missing. */
  static async overwrite(path: string, bytes: Buffer): Promise<void> {
    const fd = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      await writeAll(fd, bytes, 0, bytes.length, 0)
      await sync(fd)
    } finally {
      await close(fd)
    }
  }

  /** Opens a file of `size` bytes that was begun, to be written from its first batch on. */
  static async open(path: string, size: number): Promise<LogFile> {
    return new LogFile(path, await open(path, flags), size)
  }

  /** Bytes that are left. */
  get room(): number {
    return this.size - this.#at
  }

  /**
   * Writes a batch behind the last one; resolves when it is on the disk. After a rejection the same
   * may be tried again.
   */
  async append(bytes: Buffer, number: number): Promise<void> {
    await writeAll(this.#fd, bytes, 0, bytes.length, this.#at)
    if (!writesAreSafe) await sync(this.#fd)
    this.#at += bytes.length
    this.lastNumber = number
  }

  close(): Promise<void> {
    return close(this.#fd)
  }
}

function writeAll(
  fd: number,
  bytes: Buffer,
  from: number,
  size: number,
  at: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const goOn = (done: number): void => {
      write(fd, bytes, from + done, size - done, at + done, (error, written) => {
        if (error !== null) reject(error)
        else if (done + written < size) goOn(done + written)
        else resolve()
      })
    }
    goOn(0)
  })
}
