import type { PageLimit, SessionKey } from '../../broker/ports.ts'
import type { LaneKey, QueuedEntry } from '../../session/lane.ts'
import type { TimeOffset } from '../codec/message-codec.ts'
import type { Blobs } from './blobs.ts'
import type { Database } from './database.ts'
import type { Consequences } from './embedded-batch.ts'
import {
  blobsOfPage,
  generationOf,
  laneKey,
  type PagePlace,
  Prefix,
  pageKey,
  pagePlaceOf,
  rangeOf,
  retainedKey,
  sessionKey,
} from './keys.ts'
import type { PageBytes } from './page-codec.ts'
import { LanePages } from './pages.ts'
import type { SettledSession } from './recovery.ts'
import type { Settler } from './settler.ts'

/** A retained message that only the log has, and the batch that says so; undefined where it was cleared. */
interface Unsettled {
  readonly number: number
  readonly bytes: Buffer | undefined
}

/**
 * What the database has of sessions and retained messages, and what is on its way there: each change
 * follows from a batch that is safe in the log.
 *
 * Retained messages stay in the log as long as it has room for them, for many are replaced soon.
 */
export class Settled implements Consequences {
  readonly #database: Database
  readonly #settler: Settler
  readonly #offset: TimeOffset
  readonly #blobs: Blobs
  readonly #lanes = new Map<number, Map<LaneKey, LanePages>>()
  /** Sessions that are in the database, or soon will be. */
  readonly #sessions = new Set<number>()
  /** Sessions that have ended, and whose pages are being removed. */
  readonly #ended = new Set<number>()
  /** The one that changed last comes last. */
  readonly #retained = new Map<string, Unsettled>()
  /** Those of them that are on their way into the database. */
  readonly #settling = new Map<string, Unsettled>()
  #unsettledBytes = 0
  /** The batch from which follows what is told now. */
  number = 0
  /** Sessions up to this generation are of earlier processes, which may have left pages of them. */
  olderUpTo = 0
  /** Told what goes wrong while something is removed; it is tried again at the next start. */
  onFault: (error: unknown) => void = () => {}

  constructor(database: Database, settler: Settler, offset: TimeOffset, blobs: Blobs) {
    this.#blobs = blobs
    this.#database = database
    this.#settler = settler
    this.#offset = offset
  }

  /** Bytes of retained messages that only the log has. */
  get unsettledBytes(): number {
    return this.#unsettledBytes
  }

  /** The oldest batch that a retained message is still in, and nowhere else. */
  get oldestRetained(): number {
    for (const { number } of this.#retained.values()) return number
    return Number.POSITIVE_INFINITY
  }

  /** Sessions as the database has them. */
  async readSessions(): Promise<Map<number, SettledSession>> {
    const sessions = new Map<number, SettledSession>()
    for await (const entries of this.#database.entries(rangeOf(Prefix.session))) {
      for (const [key, value] of entries) {
        const generation = generationOf(key)
        this.#sessions.add(generation)
        sessions.set(generation, { number: value.readDoubleBE(0), bytes: value.subarray(8) })
      }
    }
    return sessions
  }

  /** The highest generation of a session in the database, or of one whose end it has not finished. */
  async readLastGeneration(): Promise<number> {
    let last = 0
    for (const generation of this.#sessions) last = Math.max(last, generation)
    for await (const keys of this.#database.keys(rangeOf(Prefix.ended))) {
      for (const key of keys) last = Math.max(last, generationOf(key))
    }
    return last
  }

  blob(id: Buffer, bytes: Buffer): void {
    this.#blobs.add(id, bytes)
  }

  blobIsUsed(id: Buffer): void {
    this.#blobs.added(id)
  }

  page(place: PagePlace, page: PageBytes): void {
    const { generation, lane, last } = place
    this.#blobs.used(page.blobs, place)
    const [key, onSafe] = this.#pagesOf(generation, lane).add(last, page)
    this.#settler.add(key, page.bytes, onSafe)
    const below = Buffer.allocUnsafe(8)
    below.writeDoubleBE(last + 1)
    this.#settler.add(laneKey(generation, lane), below)
  }

  consumed(generation: number, lane: LaneKey, head: number): void {
    const pages = this.#lanes.get(generation)?.get(lane)
    if (pages === undefined) return
    for (const page of pages.takeBelow(head)) this.#removePage(pages.placeOf(page), page.blobs)
  }

  session(generation: number, bytes: Buffer): void {
    const value = Buffer.allocUnsafe(8 + bytes.length)
    value.writeDoubleBE(this.number)
    bytes.copy(value, 8)
    this.#sessions.add(generation)
    this.#settler.add(sessionKey(Prefix.session, generation), value)
  }

  sessionEnded(generation: number): void {
    this.#end(generation, generation <= this.olderUpTo)
  }

  /** A session that an earlier process ended, perhaps without having removed all of it. */
  endRecovered(generation: number, hadQueue: boolean): void {
    this.#end(generation, hadQueue)
  }

  retained(topic: string, bytes: Buffer | undefined): void {
    this.retainedBy(this.number, topic, bytes)
  }

  /** What the batch of this number, which is the last one so far, says of a topic. */
  retainedBy(number: number, topic: string, bytes: Buffer | undefined): void {
    this.#forgetUnsettled(topic)
    this.#retained.set(topic, { number, bytes })
    this.#unsettledBytes += bytes?.length ?? 0
  }

  /** Puts the retained messages of batches up to `number` into the database. */
  settleRetained(number: number): void {
    for (const [topic, unsettled] of this.#retained) {
      if (unsettled.number > number) return
      this.#forgetUnsettled(topic)
      this.#settling.set(topic, unsettled)
      this.#settler.add(retainedKey(topic), unsettled.bytes, () => {
        if (this.#settling.get(topic) === unsettled) this.#settling.delete(topic)
      })
    }
  }

  async *readRetained(): AsyncIterable<Buffer> {
    const unsettled = new Map([...this.#settling, ...this.#retained])
    for await (const entries of this.#database.entries(rangeOf(Prefix.retained))) {
      for (const [key, value] of entries) {
        if (!unsettled.has(key.toString('utf8', 1))) yield value
      }
    }
    for (const { bytes } of unsettled.values()) if (bytes !== undefined) yield bytes
  }

  /** Rejects with what the database says. */
  async readRetainedOf(topic: string): Promise<Buffer | undefined> {
    const unsettled = this.#retained.get(topic) ?? this.#settling.get(topic)
    if (unsettled !== undefined) return unsettled.bytes
    return this.#database.get(retainedKey(topic))
  }

  /** Entries of a lane. Rejects with what the database says. */
  async readQueue(
    { generation }: SessionKey,
    lane: LaneKey,
    from: number,
    limit: PageLimit,
  ): Promise<readonly QueuedEntry[]> {
    const pages = this.#lanes.get(generation)?.get(lane)
    if (pages === undefined && !this.#isOlder(generation)) return []
    const source = { database: this.#database, blobs: this.#blobs, offset: this.#offset }
    return this.#pagesOf(generation, lane).read(source, from, limit)
  }

  /** Goes on with what an earlier process did not finish removing. */
  async removeLeftovers(): Promise<void> {
    for await (const keys of this.#database.keys(rangeOf(Prefix.ended))) {
      for (const key of keys) await this.#removePages(generationOf(key))
    }
    await this.#blobs.removeLeftovers()
  }

  #end(generation: number, mayHavePages: boolean): void {
    const lanes = this.#lanes.get(generation)
    this.#lanes.delete(generation)
    if (mayHavePages || lanes !== undefined) {
      this.#ended.add(generation)
      this.#settler.add(sessionKey(Prefix.ended, generation), Buffer.alloc(0), () => {
        this.#removePages(generation).catch(this.onFault)
      })
    }
    if (!this.#sessions.delete(generation)) return
    this.#settler.add(sessionKey(Prefix.session, generation), undefined)
  }

  #isOlder(generation: number): boolean {
    return generation <= this.olderUpTo && !this.#ended.has(generation)
  }

  async #removePages(generation: number): Promise<void> {
    const pages = rangeOf(sessionKey(Prefix.page, generation))
    for await (const keys of this.#database.keys(pages)) {
      for (const key of keys) this.#removePage(pagePlaceOf(key), blobsOfPage(key))
    }
    for await (const keys of this.#database.keys(rangeOf(sessionKey(Prefix.lane, generation)))) {
      for (const key of keys) this.#settler.add(key, undefined)
    }
    this.#settler.add(sessionKey(Prefix.ended, generation), undefined, () => {
      this.#ended.delete(generation)
    })
  }

  #removePage(place: PagePlace, blobs: readonly Buffer[]): void {
    this.#settler.add(pageKey(place, blobs), undefined)
    this.#blobs.released(blobs, place)
  }

  #pagesOf(generation: number, lane: LaneKey): LanePages {
    let lanes = this.#lanes.get(generation)
    if (lanes === undefined) {
      lanes = new Map()
      this.#lanes.set(generation, lanes)
    }
    let pages = lanes.get(lane)
    if (pages === undefined) {
      pages = new LanePages(generation, lane, !this.#isOlder(generation))
      lanes.set(lane, pages)
    }
    return pages
  }

  #forgetUnsettled(topic: string): void {
    const unsettled = this.#retained.get(topic)
    if (unsettled === undefined) return
    this.#unsettledBytes -= unsettled.bytes?.length ?? 0
    this.#retained.delete(topic)
  }
}
