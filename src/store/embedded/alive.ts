import { readFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { LogFile } from './log-file.ts'

/** Where the store's clock stood, and what the wall said. */
export interface Moment {
  readonly storeTime: number
  readonly wallMs: number
}

const size = 24

/** A file that says when the process was last alive, for when the log has nothing to write. */
export class AliveFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Undefined where there is none, or only half of one: the log knows a moment too. */
  async read(): Promise<Moment | undefined> {
    const bytes = await readFile(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0)
      throw error
    })
    if (bytes.length < size || crc32(bytes.subarray(4, size)) !== bytes.readUInt32LE(0)) {
      return undefined
    }
    return { storeTime: bytes.readDoubleLE(8), wallMs: bytes.readDoubleLE(16) }
  }

  /** Rejects with what the system says. */
  write({ storeTime, wallMs }: Moment): Promise<void> {
    const bytes = Buffer.alloc(size)
    bytes.writeDoubleLE(storeTime, 8)
    bytes.writeDoubleLE(wallMs, 16)
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0)
    return LogFile.overwrite(this.#path, bytes)
  }
}
