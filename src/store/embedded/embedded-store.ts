import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { PageLimit, SessionKey, Store, StoreBatch, StoredSession } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { LaneKey, QueuedEntry } from '../../session/lane.ts'
import { ByteReader, DamagedBytes } from '../codec/byte-reader.ts'
import { readMessage, type TimeOffset } from '../codec/message-codec.ts'
import { reasonOf, StoreDamaged, StoreError, StoreUnavailable, systemCode } from '../errors.ts'
import type { StoreDescription, StoreUpkeep, TaskControl } from '../transfer/ports.ts'
import { AliveFile, type Moment } from './alive.ts'
import { backUp } from './backup.ts'
import { Blobs } from './blobs.ts'
import { Database } from './database.ts'
import { EmbeddedBatch } from './embedded-batch.ts'
import { makeFolder } from './folder.ts'
import { checkFormat } from './format.ts'
import { Log } from './log.ts'
import type { LogBatch } from './log-format.ts'
import { Reclaimer } from './reclaimer.ts'
import { Recovered } from './recover.ts'
import { Room } from './room.ts'
import { Settled } from './settled.ts'
import { Settler } from './settler.ts'
import { BlobIds } from './shared-messages.ts'
import { compactStore, describeFolder, removeStore } from './upkeep.ts'

/** Bytes of the log above which sessions and retained messages in it are settled in the database. */
const logSizeMax = 32 * 1024 * 1024
/** What to do about a store that is damaged. */
const advice = 'put a backup in place of the store, or move it away to start with nothing'
/** A quiet broker says this often that it is alive. */
const aliveEveryMs = 60_000

/** The parts of a store that is open. */
interface Parts {
  readonly clock: Clock
  readonly alive: AliveFile
  readonly database: Database
  readonly journal: Log
  readonly settler: Settler
  readonly settled: Settled
  readonly recovered: Recovered
  readonly offset: TimeOffset
  /** The number of the last batch of earlier processes, and the last moment that they knew. */
  readonly base: number
  readonly last: Moment | undefined
}

/**
 * Keeps everything in a folder: batches go into a log, which is all that anybody waits for; from
 * there sessions, the pages of their queues and retained messages are settled in LevelDB, in the
 * background, and the log is given up as far as they are.
 *
 * Invariants: 1. nothing is in the database that is not safe in the log, or was. 2. a part of the
 * log is given up only when all that counts in it is safe in the database.
 */
export class EmbeddedStore implements Store, StoreUpkeep {
  readonly isVolatile = false
  readonly #folder: string
  readonly #log: Logger
  #parts: Parts | undefined
  readonly #room: Room
  readonly #blobIds = new BlobIds()
  #isReleasing = false
  /** Until then nobody knows for which sessions the log of earlier processes is needed. */
  #areSessionsOut = false
  #aliveTimer: NodeJS.Timeout | undefined

  /** `bytesMax`: what the folder may take before `isFull`. */
  constructor(folder: string, log: Logger, bytesMax = Number.POSITIVE_INFINITY) {
    this.#folder = folder
    this.#log = log
    this.#room = new Room(folder, bytesMax, log)
  }

  /** Rejects: StoreInUse, StoreDamaged, StoreVersion, StoreUnavailable. */
  async open(clock: Clock): Promise<void> {
    try {
      await this.#open(clock)
    } catch (error) {
      throw this.#explain(error)
    }
  }

  get snapshotsWantedBelow(): number {
    const { base, journal } = this.#opened
    const number = journal.numberBeyond(logSizeMax / 2)
    return number === 0 ? Number.NEGATIVE_INFINITY : number - base + 1
  }

  get unsettledBytes(): number {
    return this.#parts?.settler.bytes ?? 0
  }

  get lastGeneration(): number {
    return this.#opened.recovered.lastGeneration
  }

  get isFull(): boolean {
    return this.#room.isFull
  }

  newBatch(number: number): StoreBatch {
    return new EmbeddedBatch(number, this.#opened.offset, this.#blobIds)
  }

  /** Rejects with what the system says: the same batch may be tried again. */
  async commit(batch: StoreBatch): Promise<void> {
    const own = batch as EmbeddedBatch
    if (own.isSafe) return
    const { base, clock, journal, offset, settled } = this.#opened
    const number = base + own.number
    const storeTime = clock.now() + offset
    const bytes = own.seal(number, journal.lastNumber, storeTime, clock.wallMs())
    await journal.append(bytes, number)
    this.#room.wrote(bytes.length)
    own.isSafe = true
    settled.number = number
    own.tellConsequences(settled)
    this.#release(base + own.settledBelow)
  }

  /** This and all that reads rejects: StoreDamaged, StoreUnavailable. */
  async *sessions(): AsyncIterable<readonly StoredSession[]> {
    try {
      yield* this.#opened.recovered.sessions()
    } catch (error) {
      throw this.#explain(error)
    }
    this.#areSessionsOut = true
    const removed = this.#opened.settled.removeLeftovers()
    removed.catch((error: unknown) => this.#warnIfOpen(error))
  }

  async *retained(): AsyncIterable<Message> {
    const { offset, settled } = this.#opened
    try {
      for await (const bytes of settled.readRetained())
        yield readMessage(new ByteReader(bytes), offset)
    } catch (error) {
      throw this.#explain(error)
    }
  }

  async readRetained(topic: string): Promise<Message | undefined> {
    const { offset, settled } = this.#opened
    try {
      const bytes = await settled.readRetainedOf(topic)
      return bytes && readMessage(new ByteReader(bytes), offset)
    } catch (error) {
      throw this.#explain(error)
    }
  }

  async readQueue(
    key: SessionKey,
    lane: LaneKey,
    from: number,
    limit: PageLimit,
  ): Promise<readonly QueuedEntry[]> {
    try {
      return await this.#opened.settled.readQueue(key, lane, from, limit)
    } catch (error) {
      throw this.#explain(error)
    }
  }

  describe(): Promise<StoreDescription> {
    return describeFolder(this.#folder, this.#opened.last)
  }

  settle(): Promise<void> {
    return this.#opened.settler.flush()
  }

  compact(): Promise<void> {
    return compactStore(this.#opened)
  }

  async clear(): Promise<void> {
    await this.close()
    await removeStore(this.#folder)
  }

  backUp(target: string, control: TaskControl): Promise<number> {
    const { database, journal } = this.#opened
    const moment = momentOf(this.#opened)
    return backUp({ folder: this.#folder, database, journal, moment }, target, control)
  }

  async close(): Promise<void> {
    clearInterval(this.#aliveTimer)
    this.#room.stop()
    const parts = this.#parts
    if (parts === undefined) return
    this.#parts = undefined
    parts.settler.stop()
    // Who only looked at it leaves the time of the last one that changed it.
    if (parts.journal.lastNumber > parts.base) {
      await parts.alive.write(momentOf(parts)).catch((error: unknown) => this.#warn(error))
    }
    await parts.journal.close()
    await parts.database.close()
  }

  get #opened(): Parts {
    if (this.#parts === undefined) throw new StoreUnavailable(`${this.#folder} is not open`)
    return this.#parts
  }

  async #open(clock: Clock): Promise<void> {
    await makeFolder(this.#folder)
    const database = await Database.open(join(this.#folder, 'database'))
    try {
      await checkFormat(database, this.#folder)
      this.#parts = await this.#recover(clock, database)
    } catch (error) {
      await database.close()
      throw error
    }
    this.#aliveTimer = setInterval(() => this.#sayAlive(), aliveEveryMs)
    this.#aliveTimer.unref()
    const reclaimer = new Reclaimer(database, clock)
    this.#room.start(() => reclaimer.reclaim())
  }

  async #recover(clock: Clock, database: Database): Promise<Parts> {
    const batches: LogBatch[] = []
    const journal = await Log.open(join(this.#folder, 'log'), (batch) => batches.push(batch))
    const alive = new AliveFile(join(this.#folder, 'alive'))
    const last = lastOf(batches.at(-1), await alive.read())
    const offset = offsetOf(clock, last)
    const settler = new Settler(database, this.#log)
    const blobs = new Blobs(database, settler, offset, this.#blobIds)
    const settled = new Settled(database, settler, offset, blobs)
    blobs.onFault = (error) => this.#warnIfOpen(error)
    settled.onFault = blobs.onFault
    const base = journal.lastNumber
    settled.number = base
    const recovered = await Recovered.of(
      { database, settled, offset, blobIds: this.#blobIds },
      batches,
    )
    return { clock, alive, database, journal, settler, settled, recovered, offset, base, last }
  }

  /** Gives up the log as far as nothing in it counts any more. `needed`: the oldest batch that does. */
  #release(needed: number): void {
    const { journal, settled, settler } = this.#opened
    if (this.#isReleasing || !this.#areSessionsOut) return
    const beyond = journal.numberBeyond(logSizeMax / 2)
    if (beyond === 0) return
    settled.settleRetained(beyond)
    const number = Math.min(needed, settled.oldestRetained) - 1
    if (!journal.hasBelow(number)) return
    this.#isReleasing = true
    settler.whenSafe(() => {
      const released = journal.release(number).catch((error: unknown) => this.#warn(error))
      void released.then(() => {
        this.#isReleasing = false
      })
    })
  }

  #sayAlive(): void {
    const { alive } = this.#opened
    alive.write(momentOf(this.#opened)).catch((error: unknown) => this.#warn(error))
  }

  /** Of what goes on in the background: that it does not get to its end when the store is closed is no fault. */
  #warnIfOpen(error: unknown): void {
    if (this.#parts !== undefined) this.#warn(error)
  }

  #warn(error: unknown): void {
    this.#log.warn({ err: error, folder: this.#folder }, 'the store could not be tidied up')
  }

  #explain(error: unknown): unknown {
    if (error instanceof StoreDamaged) return new StoreDamaged(`${error.message}; ${advice}`)
    if (error instanceof StoreError) return error
    if (error instanceof DamagedBytes) {
      return new StoreDamaged(`${this.#folder} is damaged: ${error.message}; ${advice}`)
    }
    const code = systemCode(error)
    if (code === undefined) return error
    return new StoreUnavailable(`${this.#folder} cannot be used: ${reasonOf(code)}`)
  }
}

function momentOf({ clock, offset }: Parts): Moment {
  return { storeTime: clock.now() + offset, wallMs: clock.wallMs() }
}

/** The later of two moments of the store's clock. */
function lastOf(a: Moment | undefined, b: Moment | undefined): Moment | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a.storeTime > b.storeTime ? a : b
}

/**
 * The store's clock goes on from the last moment that is known, by as much as the wall clock says has
 * passed; a wall clock that was set back lets no time pass.
 */
function offsetOf(clock: Clock, last: Moment | undefined): TimeOffset {
  if (last === undefined) return -clock.now()
  return last.storeTime + Math.max(0, clock.wallMs() - last.wallMs) - clock.now()
}
