import type { StoredSession } from '../../broker/ports.ts'
import { ByteWriter } from '../codec/byte-writer.ts'
import { type TimeOffset, writeDelivery } from '../codec/message-codec.ts'
import type { Database } from './database.ts'
import { laneKey } from './keys.ts'
import type { LogBatch } from './log-format.ts'
import { type LoggedEntry, Recovery } from './recovery.ts'
import { decodeSession } from './session-record.ts'
import type { Settled } from './settled.ts'

/** Entries of a page. */
const pageLength = 128
/** Lanes that are looked up at once. */
const lanesAtOnce = 1000

const writer = new ByteWriter(64 * 1024)
const writerCapacityMax = 1024 * 1024

/**
 * Brings together what the database has and what the log says since, in memory: sessions are given
 * out by `sessions`, unsettled where the log knows more than the database, and what waits in them is
 * in pages.
 */
export class Recovered {
  readonly #recovery: Recovery
  readonly #settled: Settled
  readonly #offset: TimeOffset

  private constructor(recovery: Recovery, settled: Settled, offset: TimeOffset) {
    this.#recovery = recovery
    this.#settled = settled
    this.#offset = offset
  }

  /** Rejects with what the database says, and: DamagedBytes. */
  static async of(
    database: Database,
    settled: Settled,
    batches: readonly LogBatch[],
    offset: TimeOffset,
  ): Promise<Recovered> {
    const recovery = new Recovery(await settled.readSessions(), offset)
    for (const batch of batches) recovery.apply(batch)
    for (const generation of recovery.logged.keys()) settled.isOlder(generation)
    const recovered = new Recovered(recovery, settled, offset)
    await recovered.#page(database)
    for (const [topic, message] of recovery.retained) {
      const bytes = message && Buffer.from(message.bytes.subarray(message.start, message.end))
      settled.retained(topic, bytes)
    }
    for (const [generation, hadQueue] of recovery.over) settled.endRecovered(generation, hadQueue)
    return recovered
  }

  /** Each session once; what was given out is not kept. */
  *sessions(): IterableIterator<StoredSession> {
    const { logged, settled } = this.#recovery
    for (const [generation, { bytes }] of settled) {
      settled.delete(generation)
      yield decodeSession(generation, bytes, this.#offset)
    }
    for (const [generation, session] of logged) {
      logged.delete(generation)
      yield session.stored
    }
  }

  /** Makes pages of what waits and is in none yet. */
  async #page(database: Database): Promise<void> {
    const lanes: [generation: number, lane: number, entries: LoggedEntry[]][] = []
    for (const [generation, session] of this.#recovery.logged) {
      for (const [lane, entries] of session.queued ?? []) lanes.push([generation, lane, entries])
    }
    for (let from = 0; from < lanes.length; from += lanesAtOnce) {
      const some = lanes.slice(from, from + lanesAtOnce)
      const keys = some.map(([generation, lane]) => laneKey(generation, lane))
      const below = await database.getMany(keys)
      some.forEach(([generation, lane, entries], i) => {
        this.#pageLane(generation, lane, entries, below[i]?.readDoubleBE(0) ?? 0)
      })
    }
  }

  #pageLane(generation: number, lane: number, entries: LoggedEntry[], pagedBelow: number): void {
    const session = this.#recovery.logged.get(generation)
    const head = session?.fold.laneHead(lane) ?? Number.POSITIVE_INFINITY
    session?.queued?.delete(lane)
    const waiting = entries.filter(({ sequence }) => sequence >= head && sequence >= pagedBelow)
    for (let from = 0; from < waiting.length; from += pageLength) {
      const page = waiting.slice(from, from + pageLength)
      const last = page.at(-1)?.sequence ?? 0
      this.#settled.page(generation, lane, last, encodeLogged(page))
    }
  }
}

/** A page out of messages that are encoded already. */
function encodeLogged(entries: readonly LoggedEntry[]): Buffer {
  writer.reset(writerCapacityMax)
  let before = 0
  for (const { delivery, message, sequence } of entries) {
    writer.integer(sequence - before)
    before = sequence
    writeDelivery(writer, delivery)
    writer.raw(message.bytes, message.start, message.end)
  }
  return writer.copyFrom(0)
}
