import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { SeededRandom } from '../../../src/base/random.ts'
import { diskFaultsAreMissing, diskFaultsLibrary } from './library.ts'
import { losePower, type PowerLoss } from './power-loss.ts'

export { diskFaultsAreMissing }

/** The words of `struct state` in disk-faults.h: first what we set, then what is counted. */
const settings = ['syncDelayUs', 'bytesMax', 'writeErrno', 'syncErrno', 'createErrno'] as const
const counters = [
  'changes',
  'bytes',
  'writes',
  'syncedWrites',
  'syncs',
  'failedWrites',
  'failedSyncs',
  'failedCreates',
  'writableMappings',
  'droppedWrites',
  'droppedBytes',
] as const
const words = [...settings, ...counters]
const wordBytes = 8

/** What happened to the folder so far; disk-faults.h says what each counts. */
export type DiskCounters = Readonly<Record<(typeof counters)[number], number>>

type ErrorName = 'EIO' | 'ENOSPC' | 'EROFS' | 'EDQUOT'

/** What is wrong with the disk; whatever is left out is as it should be. */
export interface Faults {
  /** Microseconds that each sync, and each write through O_DSYNC or O_SYNC, takes longer. */
  readonly syncDelayUs?: number
  /** Bytes that can be written from now on; then ENOSPC. What is deleted does not come back. */
  readonly freeBytes?: number
  readonly writeError?: ErrorName
  readonly syncError?: ErrorName
  /** What creating a file or a folder fails with. */
  readonly createError?: ErrorName
}

/**
 * A disk with faults for the processes that run in its `environment`, in one folder and below it.
 * It needs gcc: `describe.skipIf(diskFaultsAreMissing)`.
 *
 *     const disk = new DiskFaults(join(folder, 'data'))
 *     const broker = await startBroker({ folder, env: disk.environment })
 *     await broker.kill()
 *     const lost = disk.applyPowerLoss()
 *     disk.dispose()
 */
export class DiskFaults {
  /** The folder that the faults concern; it is created. */
  readonly folder: string
  /** To be added to the environment of a process. */
  readonly environment: Readonly<Record<string, string>>
  readonly #home: string
  readonly #state: string
  readonly #journal: string

  /** Without power loss there is no journal, which costs a second write for each. */
  constructor(folder: string, options: Faults & { readonly powerLoss?: boolean } = {}) {
    mkdirSync(folder, { recursive: true })
    this.folder = folder
    this.#home = mkdtempSync(join(tmpdir(), 'mqtt-broker-disk-faults-'))
    this.#state = join(this.#home, 'state')
    this.#journal = join(this.#home, 'journal')
    writeFileSync(this.#state, Buffer.alloc(words.length * wordBytes))
    writeFileSync(this.#journal, '')
    this.set(options)
    this.environment = {
      LD_PRELOAD: diskFaultsLibrary(),
      UV_USE_IO_URING: '0',
      DISK_FAULTS_DIR: folder,
      DISK_FAULTS_STATE: this.#state,
      DISK_FAULTS_JOURNAL: options.powerLoss === false ? '' : this.#journal,
    }
  }

  /** From now on, also in processes that run, the disk has these faults and no others. */
  set(faults: Faults): void {
    const { syncDelayUs = 0, freeBytes = Number.POSITIVE_INFINITY } = faults
    const bytesMax = this.counters().bytes + freeBytes
    this.#writeWord('syncDelayUs', BigInt(syncDelayUs))
    this.#writeWord('bytesMax', bytesMax === Infinity ? 2n ** 64n - 1n : BigInt(bytesMax))
    this.#writeWord('writeErrno', errnoOf(faults.writeError))
    this.#writeWord('syncErrno', errnoOf(faults.syncError))
    this.#writeWord('createErrno', errnoOf(faults.createError))
  }

  counters(): DiskCounters {
    const state = readFileSync(this.#state)
    const values = counters.map((name) => Number(state.readBigUInt64LE(placeOf(name))))
    const pairs = counters.map((name, index) => [name, values[index]])
    return Object.fromEntries(pairs) as DiskCounters
  }

  /**
   * Drops what was not synced, and answers what that was. All processes that wrote here have
   * ended. With a seed some of it stays, some is torn: see `losePower` in power-loss.ts. Throws
   * past a journal of 2 GiB, some ten million writes since the last time.
   */
  applyPowerLoss(seed?: number): PowerLoss {
    const chance = seed === undefined ? undefined : new SeededRandom(seed)
    const loss = losePower(this.folder, this.#journal, chance)
    const { droppedWrites, droppedBytes } = this.counters()
    this.#writeWord('droppedWrites', BigInt(droppedWrites + loss.writes))
    this.#writeWord('droppedBytes', BigInt(droppedBytes + loss.bytes))
    this.sync()
    return loss
  }

  /**
   * Makes durable what has been written. All processes that wrote here have ended. To be called
   * also when files of the folder have been changed without the library.
   */
  sync(): void {
    writeFileSync(this.#journal, '')
  }

  /** Removes what it keeps itself; the folder stays. */
  dispose(): void {
    rmSync(this.#home, { recursive: true, force: true })
  }

  /** In place: running processes have the file mapped. */
  #writeWord(name: (typeof words)[number], value: bigint): void {
    const bytes = Buffer.alloc(wordBytes)
    bytes.writeBigUInt64LE(value)
    const file = openSync(this.#state, 'r+')
    try {
      writeSync(file, bytes, 0, wordBytes, placeOf(name))
    } finally {
      closeSync(file)
    }
  }
}

function placeOf(name: (typeof words)[number]): number {
  return words.indexOf(name) * wordBytes
}

function errnoOf(name: ErrorName | undefined): bigint {
  return name === undefined ? 0n : BigInt(constants.errno[name])
}
