import type { Logger } from '../../base/logger.ts'
import type { Database, Write } from './database.ts'

/** A write, and who is told when it is safe. */
interface Pending extends Write {
  onSafe: (() => void) | undefined
}

/** Milliseconds between two writes, so that each is worth its cost. */
const pauseMs = 20
/** What failed is tried again after this. */
const retryMs = 1000

/**
 * Puts into the database what the log says already, in the background and in order: pages, sessions,
 * retained messages. What follows from a batch is handed in when the batch is safe, never before.
 */
export class Settler {
  readonly #database: Database
  readonly #log: Logger
  #pending: Pending[] = []
  #bytes = 0
  #isWriting = false
  #isFailing = false
  #isStopped = false
  #timer: NodeJS.Timeout | undefined
  #idle: { resolve: () => void; reject: (error: unknown) => void }[] = []

  constructor(database: Database, log: Logger) {
    this.#database = database
    this.#log = log
  }

  /** Bytes that wait to be written. */
  get bytes(): number {
    return this.#bytes
  }

  /** Removes the key where there is no value. */
  add(key: Buffer, value: Buffer | undefined, onSafe?: () => void): void {
    if (this.#isStopped) return
    this.#pending.push({ key, value, onSafe })
    this.#bytes += sizeOf(key, value)
    this.#plan(pauseMs)
  }

  /** Calls back when everything that was handed in so far is safe. */
  whenSafe(call: () => void): void {
    const last = this.#pending.at(-1)
    if (last === undefined) return call()
    const before = last.onSafe
    last.onSafe = (): void => {
      before?.()
      call()
    }
  }

  /** Resolves when everything that was handed in is safe. Rejects when a write fails meanwhile. */
  async flush(): Promise<void> {
    if (this.#pending.length === 0 && !this.#isWriting) return
    await new Promise<void>((resolve, reject) => {
      this.#idle.push({ resolve, reject })
      this.#plan(0)
    })
  }

  /** Writes no more, whatever is handed in. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#pending = []
    for (const { resolve } of this.#idle.splice(0)) resolve()
  }

  #plan(delayMs: number): void {
    if (this.#isWriting || (this.#timer !== undefined && delayMs > 0)) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#write()
    }, delayMs)
  }

  async #write(): Promise<void> {
    if (this.#pending.length === 0) return
    this.#isWriting = true
    try {
      if (this.#isFailing) await this.#database.reopen()
      this.#onWritten(await this.#database.write(this.#pending))
    } catch (error) {
      if (!this.#isStopped) this.#onFailed(error)
    }
    this.#isWriting = false
    if (this.#pending.length > 0) this.#plan(this.#isFailing ? retryMs : pauseMs)
    else for (const { resolve } of this.#idle.splice(0)) resolve()
  }

  #onWritten(count: number): void {
    if (this.#isFailing) this.#log.info({}, 'the database works again')
    this.#isFailing = false
    const written = this.#pending.slice(0, count)
    this.#pending = this.#pending.slice(count)
    for (const { key, value, onSafe } of written) {
      this.#bytes -= sizeOf(key, value)
      onSafe?.()
    }
  }

  #onFailed(error: unknown): void {
    if (!this.#isFailing) this.#log.error({ err: error }, 'the database failed; trying again')
    this.#isFailing = true
    for (const { reject } of this.#idle.splice(0)) reject(error)
  }
}

function sizeOf(key: Buffer, value: Buffer | undefined): number {
  return key.length + (value?.length ?? 0) + 64
}
