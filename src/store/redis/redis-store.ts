import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { PageLimit, SessionKey, Store, StoreBatch, StoredSession } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { LaneKey, QueuedEntry } from '../../session/lane.ts'
import { StoreUnavailable } from '../errors.ts'
import type { StoreDescription, StoreUpkeep } from '../transfer/ports.ts'
import { Committer } from './committer.ts'
import { formatVersion, RedisKeys, upgradesFrom } from './keys.ts'
import { Link } from './link.ts'
import { describeRedis, type RedisOptions } from './options.ts'
import { Ownership } from './ownership.ts'
import { RedisBatch } from './redis-batch.ts'
import { RedisReader } from './redis-reader.ts'
import { checkServer, isMemoryShort, readMemory } from './server.ts'
import type { BatchParts } from './session-writer.ts'

/** The parts of a store that is open. */
interface Parts {
  readonly link: Link
  readonly ownership: Ownership
  readonly committer: Committer
  readonly reader: RedisReader
  readonly batches: BatchParts
}

/**
 * Keeps everything in Redis, where each record is in its place as soon as its batch is committed: nothing
 * waits to be settled, and no snapshots are wanted. One broker at a time owns it.
 *
 * Times in it are of Redis' clock, which all brokers share: the broker's clock is set by it once, when the
 * store is opened.
 */
export class RedisStore implements Store, StoreUpkeep {
  readonly isVolatile = false
  readonly snapshotsWantedBelow = Number.NEGATIVE_INFINITY
  readonly unsettledBytes = 0
  /** What ends is removed in the same batch. */
  readonly lastGeneration = 0
  readonly #options: RedisOptions
  readonly #log: Logger
  readonly #bytesMax: number
  readonly #serverTime: (() => number) | undefined
  #parts: Parts | undefined
  #isFull = false

  /**
   * `bytesMax`: what Redis' memory may be before `isFull`. `serverTime`: ms since 1970, in place of what
   * Redis' clock says.
   */
  constructor(
    options: RedisOptions,
    log: Logger,
    bytesMax = Number.POSITIVE_INFINITY,
    serverTime?: () => number,
  ) {
    this.#options = options
    this.#log = log
    this.#bytesMax = bytesMax
    this.#serverTime = serverTime
  }

  /** Redis takes what it may, or nearly so. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Rejects: StoreInUse, StoreVersion, StoreUnavailable, StoreError. */
  async open(clock: Clock): Promise<void> {
    const link = await Link.open(this.#options, this.#log)
    try {
      this.#parts = await this.#take(link, clock)
    } catch (error) {
      link.close()
      throw error
    }
    this.#parts.ownership.start(() => this.#beat())
  }

  newBatch(number: number): StoreBatch {
    return new RedisBatch(number, this.#opened.batches)
  }

  /** Rejects: StoreUnavailable, and the same batch may be tried again; StoreFenced, StoreLost, StoreDamaged. */
  async commit(batch: StoreBatch): Promise<void> {
    const sealed = (batch as RedisBatch).seal()
    if (sealed.isEmpty || sealed.isSafe) return
    await this.#opened.committer.commit(sealed)
  }

  sessions(): AsyncIterable<readonly StoredSession[]> {
    return this.#opened.reader.sessions()
  }

  retained(): AsyncIterable<Message> {
    return this.#opened.reader.retained()
  }

  async readRetained(topic: string): Promise<Message | undefined> {
    return this.#opened.reader.readRetained(topic)
  }

  async readQueue(
    key: SessionKey,
    lane: LaneKey,
    from: number,
    limit: PageLimit,
  ): Promise<readonly QueuedEntry[]> {
    return this.#opened.reader.readQueue(key, lane, from, limit)
  }

  /** What Redis takes is for all that is in it, and when a broker was alive last it does not say. */
  async describe(): Promise<StoreDescription> {
    const { link } = this.#opened
    const { used } = await readMemory(link)
    return {
      where: `${link.name}, keys ${this.#options.keyPrefix}:*`,
      format: formatVersion,
      upgradesFrom,
      aliveAtWallMs: undefined,
      bytes: { memory: used },
    }
  }

  async close(): Promise<void> {
    const parts = this.#parts
    if (parts === undefined) return
    this.#parts = undefined
    // Where Redis is away the heartbeat lapses by itself.
    await parts.ownership.leave().catch(() => undefined)
    parts.link.close()
  }

  get #opened(): Parts {
    if (this.#parts !== undefined) return this.#parts
    throw new StoreUnavailable(`${describeRedis(this.#options)} is not open`)
  }

  async #take(link: Link, clock: Clock): Promise<Parts> {
    const log = this.#log
    const { keyPrefix, takeoverAfterMs } = this.#options
    const keys = new RedisKeys(keyPrefix)
    await checkServer(link, keys, log)
    const serverTime = this.#serverTime
    const parts = { link, keys, clock, log, takeoverAfterMs, serverTime }
    const ownership = await Ownership.take(parts)
    const { epoch, offset } = ownership
    return {
      link,
      ownership,
      committer: new Committer({ link, keys, ownership, clock, log }),
      reader: new RedisReader({ link, keys, ownership, log }),
      batches: { keys, offset, epoch, arrivals: { last: 0 } },
    }
  }

  async #beat(): Promise<void> {
    const { committer, link } = this.#opened
    await committer.beat()
    this.#noteMemory(await isMemoryShort(link, this.#bytesMax))
  }

  #noteMemory(isShort: boolean): void {
    if (isShort === this.#isFull || this.#parts === undefined) return
    this.#isFull = isShort
    const { name } = this.#parts.link
    const limit = 'store.max_bytes, or 90% of its maxmemory'
    if (isShort) this.#log.error({}, `${name} takes ${limit}: what would have to be kept waits`)
    else this.#log.info({}, `${name} has room again`)
  }
}
