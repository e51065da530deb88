import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../../base/logger.ts'
import { systemCode } from '../errors.ts'

/** Share of the limit above which a warning comes, and below which a full store takes more again. */
const nearlyFull = 0.8
const hasRoomAgain = 0.95
/** A warning comes below this much free space: the smaller of a share of the disk and a size. */
const freeShareMin = 0.1
const freeBytesMin = 4 * 1024 ** 3
const everyMs = 5000
/** It is looked at as well whenever this share of the limit has been written. */
const lookShare = 1 / 64

/** What a folder takes, and what its disk has left. */
export interface Usage {
  readonly bytes: number
  readonly freeBytes: number
  readonly diskBytes: number
}

/** Watches what the store takes of its limit and of its disk, and says so before there is no more. */
export class Room {
  readonly #folder: string
  readonly #bytesMax: number
  readonly #log: Logger
  #isFull = false
  #isNearlyFull = false
  #isDiskShort = false
  #isLooking = false
  #written = 0
  #timer: NodeJS.Timeout | undefined
  #reclaim: (() => Promise<boolean>) | undefined

  /** `bytesMax`: what the folder may take; `Infinity` for no limit. */
  constructor(folder: string, bytesMax: number, log: Logger) {
    this.#folder = folder
    this.#bytesMax = bytesMax
    this.#log = log
  }

  /** Whether the folder takes what it may. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** `reclaim` is called while it is full: gives back what can be, and answers whether there was any. */
  start(reclaim?: () => Promise<boolean>): void {
    this.#reclaim = reclaim
    this.#check()
    this.#timer = setInterval(() => this.#check(), everyMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** So many bytes have come: between two looks there may be more than there is room for. */
  wrote(bytes: number): void {
    this.#written += bytes
    if (this.#written >= this.#bytesMax * lookShare) this.#check()
  }

  /** Takes note of what was measured. */
  judge({ bytes, freeBytes, diskBytes }: Usage): void {
    const share = bytes / this.#bytesMax
    const percent = Math.round(share * 100)
    if (share >= 1 && !this.#isFull) {
      this.#isFull = true
      this.#isNearlyFull = true
      this.#log.error({ bytes }, 'store.max_bytes is reached: what would have to be kept waits')
    } else if (share < hasRoomAgain && this.#isFull) {
      this.#isFull = false
      this.#log.info({ bytes }, 'the store has room again')
    }
    if (share >= nearlyFull && !this.#isNearlyFull) {
      this.#log.warn({ bytes }, `the store takes ${percent} % of store.max_bytes`)
    }
    this.#isNearlyFull = share >= nearlyFull
    const isDiskShort = freeBytes < Math.min(freeShareMin * diskBytes, freeBytesMin)
    if (isDiskShort && !this.#isDiskShort) {
      const free = `${Math.floor(freeBytes / 1024 ** 2)} MB`
      this.#log.warn({ folder: this.#folder, freeBytes }, `the disk of the store has ${free} left`)
    }
    this.#isDiskShort = isDiskShort
  }

  #check(): void {
    if (this.#isLooking) return
    this.#isLooking = true
    this.#written = 0
    this.#look()
      .catch((error: unknown) =>
        this.#log.debug({ code: systemCode(error) }, 'the disk cannot be asked'),
      )
      .finally(() => {
        this.#isLooking = false
      })
  }

  async #look(): Promise<void> {
    const isCounted = this.#bytesMax < Number.POSITIVE_INFINITY
    this.judge(await usageOf(this.#folder, isCounted))
    if (!this.#isFull || this.#timer === undefined) return
    if ((await this.#reclaim?.()) === true) this.judge(await usageOf(this.#folder, isCounted))
  }
}

/** `isCounted`: whether anybody wants to know what the folder takes. Rejects with what the system says. */
async function usageOf(folder: string, isCounted: boolean): Promise<Usage> {
  const { bavail, blocks, bsize } = await statfs(folder)
  const bytes = isCounted ? await bytesOf(folder) : 0
  return { bytes, freeBytes: bavail * bsize, diskBytes: blocks * bsize }
}

/** Bytes of all files in a folder, also while some of them go. */
export async function bytesOf(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) bytes += await bytesOf(path)
    else bytes += await stat(path).then(({ size }) => size, ignoreMissing)
  }
  return bytes
}

function ignoreMissing(error: NodeJS.ErrnoException): number {
  if (error.code === 'ENOENT') return 0
  throw error
}
