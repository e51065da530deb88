import type { StoredSession } from '../../broker/ports.ts'
import type { ByteWriter } from '../codec/byte-writer.ts'
import type { EncodedMessage } from '../codec/change-codec.ts'
import type { TimeOffset } from '../codec/message-codec.ts'
import { StoreDamaged } from '../errors.ts'
import type { Database } from './database.ts'
import { laneKey, type PagePlace } from './keys.ts'
import type { LogBatch } from './log-format.ts'
import { encodeMessage, encodePage } from './page-codec.ts'
import { type LoggedEntry, Recovery, type SettledSession } from './recovery.ts'
import { decodeSession } from './session-record.ts'
import type { Settled } from './settled.ts'
import { type BlobIds, SharedMessages } from './shared-messages.ts'

/** Entries of a page. */
const pageLength = 128
/** Lanes that are looked up at once. */
const lanesAtOnce = 1000

/** Sessions that are given out at once. */
const sessionsAtOnce = 256

/** What a recovery works with. */
export interface RecoveryParts {
  readonly database: Database
  readonly settled: Settled
  readonly offset: TimeOffset
  readonly blobIds: BlobIds
}

/**
 * Brings together what the database has and what the log says since, in memory: sessions are given
 * out by `sessions`, unsettled where the log knows more than the database, and what waits in them is
 * in pages.
 */
export class Recovered {
  readonly #recovery: Recovery
  readonly #settled: Settled
  readonly #offset: TimeOffset
  /** The highest generation of which there may be something, also of sessions that have ended. */
  readonly lastGeneration: number

  private constructor(
    recovery: Recovery,
    settled: Settled,
    offset: TimeOffset,
    lastGeneration: number,
  ) {
    this.lastGeneration = lastGeneration
    this.#recovery = recovery
    this.#settled = settled
    this.#offset = offset
  }

  /** Rejects with what the database says, and: StoreDamaged, DamagedBytes. */
  static async of(parts: RecoveryParts, batches: readonly LogBatch[]): Promise<Recovered> {
    const { offset, settled } = parts
    const sessions = await settled.readSessions()
    checkEnd(sessions, settled.number)
    const recovery = new Recovery(sessions, offset)
    const settledLast = await settled.readLastGeneration()
    for (const batch of batches) recovery.apply(batch)
    const last = Math.max(settledLast, recovery.lastGeneration)
    settled.olderUpTo = last
    const recovered = new Recovered(recovery, settled, offset, last)
    await recovered.#page(parts)
    for (const [topic, { message, number }] of recovery.retained) {
      const bytes = message && Buffer.from(message.bytes.subarray(message.start, message.end))
      settled.retainedBy(number, topic, bytes)
    }
    for (const [generation, hadQueue] of recovery.over) settled.endRecovered(generation, hadQueue)
    return recovered
  }

  /** Each session once, some at a time; what was given out is not kept. */
  *sessions(): IterableIterator<readonly StoredSession[]> {
    const { logged, settled } = this.#recovery
    let some: StoredSession[] = []
    for (const [generation, { bytes }] of settled) {
      settled.delete(generation)
      if (some.push(decodeSession(generation, bytes, this.#offset)) < sessionsAtOnce) continue
      yield some
      some = []
    }
    for (const [generation, session] of logged) {
      logged.delete(generation)
      if (some.push(session.stored) < sessionsAtOnce) continue
      yield some
      some = []
    }
    if (some.length > 0) yield some
  }

  /** Makes pages of what waits and is in none yet. */
  async #page({ blobIds, database }: RecoveryParts): Promise<void> {
    const pages: [PagePlace, LoggedEntry[]][] = []
    const lanes: [generation: number, lane: number, entries: LoggedEntry[]][] = []
    for (const [generation, session] of this.#recovery.logged) {
      for (const [lane, entries] of session.queued ?? []) lanes.push([generation, lane, entries])
    }
    for (let from = 0; from < lanes.length; from += lanesAtOnce) {
      const some = lanes.slice(from, from + lanesAtOnce)
      const keys = some.map(([generation, lane]) => laneKey(generation, lane))
      const below = await database.getMany(keys)
      some.forEach(([generation, lane, entries], i) => {
        const pagedBelow = below[i]?.readDoubleBE(0) ?? 0
        pages.push(...this.#pagesOf(generation, lane, entries, pagedBelow))
      })
    }
    this.#settlePages(pages, new SharedMessages(blobIds))
  }

  /** What waits in a lane and is in no page, as pages. */
  #pagesOf(
    generation: number,
    lane: number,
    entries: LoggedEntry[],
    pagedBelow: number,
  ): [PagePlace, LoggedEntry[]][] {
    const session = this.#recovery.logged.get(generation)
    const head = session?.fold.laneHead(lane) ?? Number.POSITIVE_INFINITY
    session?.queued?.delete(lane)
    const waiting = entries.filter(({ sequence }) => sequence >= head && sequence >= pagedBelow)
    const pages: [PagePlace, LoggedEntry[]][] = []
    for (let from = 0; from < waiting.length; from += pageLength) {
      const page = waiting.slice(from, from + pageLength)
      pages.push([{ generation, lane, last: page.at(-1)?.sequence ?? 0 }, page])
    }
    return pages
  }

  #settlePages(
    pages: readonly [PagePlace, LoggedEntry[]][],
    shared: SharedMessages<EncodedMessage>,
  ): void {
    for (const [, entries] of pages) {
      for (const { message } of entries) shared.meet(message, message.end - message.start)
    }
    for (const [id, message] of shared.shared()) {
      this.#settled.blob(id, encodeMessage(message, writeLogged))
    }
    for (const [place, entries] of pages) {
      this.#settled.page(place, encodePage(entries, writeLogged, shared.idOf))
    }
    for (const [id] of shared.shared()) this.#settled.blobIsUsed(id)
  }
}

/**
 * Nothing is in the database that was not safe in the log before: a session that knows of later
 * batches says that the end of the log is missing. Throws: StoreDamaged.
 */
function checkEnd(sessions: ReadonlyMap<number, SettledSession>, lastNumber: number): void {
  for (const { number } of sessions.values()) {
    if (number <= lastNumber) continue
    const where = `batch ${number}, and the log ends with ${lastNumber}`
    throw new StoreDamaged(`the end of the log is missing: the database knows of ${where}`)
  }
}

function writeLogged(writer: ByteWriter, { bytes, end, start }: EncodedMessage): void {
  writer.raw(bytes, start, end)
}
