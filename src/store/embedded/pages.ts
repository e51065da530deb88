import type { PageLimit } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { LaneKey, QueuedEntry } from '../../session/lane.ts'
import type { Outgoing } from '../../session/outgoing.ts'
import { ByteReader } from '../codec/byte-reader.ts'
import { ByteWriter } from '../codec/byte-writer.ts'
import {
  readDelivery,
  readMessage,
  skipMessage,
  type TimeOffset,
  writeDelivery,
  writeMessage,
} from '../codec/message-codec.ts'
import type { Database } from './database.ts'
import { lastSequenceOf, pageKey, pagesOf } from './keys.ts'

const writer = new ByteWriter(64 * 1024)
const writerCapacityMax = 1024 * 1024

/** Entries of one lane, one behind the other, each by how far its sequence is from the one before. */
export function encodePage(entries: readonly Outgoing[], offset: TimeOffset): Buffer {
  writer.reset(writerCapacityMax)
  let before = 0
  for (const { delivery, message, sequence } of entries) {
    writer.integer(sequence - before)
    before = sequence
    writeDelivery(writer, delivery)
    writeMessage(writer, message as Message, offset)
  }
  return writer.copyFrom(0)
}

/**
 * Reads entries of a page from a sequence on into `entries`, as long as the limit allows; of what
 * all pages give, one comes however large it is. Answers whether there may be room for more.
 */
export function decodePage(
  page: Buffer,
  from: number,
  limit: PageLimit,
  offset: TimeOffset,
  entries: QueuedEntry[],
): boolean {
  const reader = new ByteReader(page)
  let bytes = 0
  for (const { message } of entries) bytes += message.cost
  let sequence = 0
  while (!reader.isAtEnd) {
    sequence += reader.integer()
    const delivery = readDelivery(reader)
    if (sequence < from) {
      skipMessage(reader)
      continue
    }
    const message = readMessage(reader, offset)
    bytes += message.cost
    if (entries.length > 0 && (entries.length >= limit.length || bytes > limit.bytes)) return false
    entries.push({ sequence, message, delivery })
  }
  return entries.length < limit.length && bytes < limit.bytes
}

/** A page of a lane, by its last entry; its bytes while the database does not have them. */
interface Page {
  readonly last: number
  bytes: Buffer | undefined
}

/**
 * The pages of one lane: which there are, and where.
 *
 * Invariant: once `isListed`, `#pages` are all of them, by ascending sequence.
 */
export class LanePages {
  readonly #generation: number
  readonly #lane: LaneKey
  readonly #pages: Page[] = []
  /** Whether the pages that an earlier process left are in the list. */
  #isListed: boolean

  constructor(generation: number, lane: LaneKey, isListed: boolean) {
    this.#generation = generation
    this.#lane = lane
    this.#isListed = isListed
  }

  get isEmpty(): boolean {
    return this.#isListed && this.#pages.length === 0
  }

  /** A page is on its way into the database. Answers its key, and a function for when it is there. */
  add(last: number, bytes: Buffer): [key: Buffer, onSafe: () => void] {
    const page: Page = { last, bytes }
    this.#pages.push(page)
    const onSafe = (): void => {
      page.bytes = undefined
    }
    return [pageKey(this.#generation, this.#lane, last), onSafe]
  }

  /** Everything below `head` is gone. Answers the keys of the pages that nothing needs any more. */
  takeBelow(head: number): Buffer[] {
    const keys: Buffer[] = []
    while (this.#pages[0] !== undefined && this.#pages[0].last < head) {
      keys.push(pageKey(this.#generation, this.#lane, this.#pages[0].last))
      this.#pages.shift()
    }
    return keys
  }

  /** Entries from a sequence on. Rejects with what the database says, and: DamagedBytes. */
  async read(
    database: Database,
    from: number,
    limit: PageLimit,
    offset: TimeOffset,
  ): Promise<QueuedEntry[]> {
    if (!this.#isListed) await this.#list(database)
    const entries: QueuedEntry[] = []
    // As they are now: pages come and go while the database is asked.
    const pages = this.#pages.filter(({ last }) => last >= from)
    for (const { bytes, last } of pages) {
      const key = pageKey(this.#generation, this.#lane, last)
      const page = bytes ?? (await database.get(key))
      if (page === undefined) continue
      if (!decodePage(page, from, limit, offset, entries)) break
    }
    return entries
  }

  /** Adds what an earlier process left: all of it is before what this one has written. */
  async #list(database: Database): Promise<void> {
    const found: number[] = []
    for await (const keys of database.keys(pagesOf(this.#generation, this.#lane))) {
      for (const key of keys) found.push(lastSequenceOf(key))
    }
    if (this.#isListed) return
    this.#isListed = true
    const first = this.#pages[0]?.last ?? Number.POSITIVE_INFINITY
    const older = found.filter((last) => last < first)
    this.#pages.unshift(...older.map((last) => ({ last, bytes: undefined })))
  }
}
