import type { PageLimit } from '../../broker/ports.ts'
import type { LaneKey, QueuedEntry } from '../../session/lane.ts'
import { DamagedBytes } from '../codec/byte-reader.ts'
import type { TimeOffset } from '../codec/message-codec.ts'
import type { Blobs } from './blobs.ts'
import type { Database } from './database.ts'
import { blobsOfPage, type PagePlace, pageKey, pagePlaceOf, pagesOf } from './keys.ts'
import { type PageBytes, PageDecoder } from './page-codec.ts'

/** A page of a lane, by its last entry; its bytes while the database does not have them. */
export interface Page {
  readonly last: number
  /** The messages that it refers to. */
  readonly blobs: readonly Buffer[]
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
  #pages: Page[] = []
  /** Whether the pages that an earlier process left are in the list. */
  #isListed: boolean

  constructor(generation: number, lane: LaneKey, isListed: boolean) {
    this.#generation = generation
    this.#lane = lane
    this.#isListed = isListed
  }

  /** A page is on its way into the database. Answers its key, and a function for when it is there. */
  add(last: number, { blobs, bytes }: PageBytes): [key: Buffer, onSafe: () => void] {
    const page: Page = { last, blobs, bytes }
    this.#pages.push(page)
    const onSafe = (): void => {
      page.bytes = undefined
    }
    return [pageKey(this.placeOf(page), blobs), onSafe]
  }

  placeOf({ last }: Page): PagePlace {
    return { generation: this.#generation, lane: this.#lane, last }
  }

  /** Everything below `head` is gone. Answers the pages that nothing needs any more. */
  takeBelow(head: number): Page[] {
    return this.#pages.splice(0, this.#placeFrom(head))
  }

  /** Entries from a sequence on. Rejects with what the database says, and: DamagedBytes. */
  async read(
    from: { readonly database: Database; readonly blobs: Blobs; readonly offset: TimeOffset },
    sequence: number,
    limit: PageLimit,
  ): Promise<QueuedEntry[]> {
    const { blobs, database, offset } = from
    if (!this.#isListed) await this.#list(database)
    const entries: QueuedEntry[] = []
    // Pages come and go while the database is asked.
    let page = this.#pages[this.#placeFrom(sequence)]
    for (; page !== undefined; page = this.#pages[this.#placeFrom(page.last + 1)]) {
      const bytes = page.bytes ?? (await database.get(pageKey(this.placeOf(page), page.blobs)))
      if (bytes === undefined) continue
      const decoder = new PageDecoder(bytes, sequence, limit, offset, entries)
      let step = decoder.run()
      while (typeof step === 'number') {
        const message = await blobs.get(page.blobs[step] as Buffer)
        if (message !== undefined) step = decoder.take(message)
        else if (this.#pages.includes(page)) throw new DamagedBytes('a message is missing')
        // It has gone meanwhile, and everything in it.
        else step = true
      }
      if (!step) break
    }
    return entries
  }

  /** The place of the first page with an entry from a sequence on. */
  #placeFrom(sequence: number): number {
    let low = 0
    let high = this.#pages.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#pages[middle] as Page).last < sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Adds what an earlier process left: all of it is before what this one has written. */
  async #list(database: Database): Promise<void> {
    const found: Page[] = []
    for await (const keys of database.keys(pagesOf(this.#generation, this.#lane))) {
      for (const key of keys) {
        found.push({ last: pagePlaceOf(key).last, blobs: blobsOfPage(key), bytes: undefined })
      }
    }
    if (this.#isListed) return
    this.#isListed = true
    const first = this.#pages[0]?.last ?? Number.POSITIVE_INFINITY
    this.#pages = [...found.filter(({ last }) => last < first), ...this.#pages]
  }
}
