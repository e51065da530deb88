import { createHash } from 'node:crypto'
import type { SessionKey, Store, StoredSession } from '../../broker/ports.ts'
import type { LaneSnapshot, QueuedEntry } from '../../session/lane.ts'
import { StoreDamaged } from '../errors.ts'
import { countOf, type ExportHeader, type ExportTime, noCounts } from './format.ts'
import {
  awaitingRelLine,
  headerLine,
  type Line,
  laneLine,
  queuedLine,
  retainedLine,
  sessionLine,
  slotLine,
  subscriptionLine,
} from './write-lines.ts'

/** Of a queue so much is read at once. */
const pageLimit = { length: 512, bytes: 1024 * 1024 }
/** Characters that are handed on at once. */
const chunkLength = 64 * 1024

/** Writes everything in a store that is open as an export, piece by piece, in little memory. */
export class StoreExport {
  readonly counts = noCounts()
  /** Queued messages that the store says it has and does not give, or cannot read, by client id. */
  readonly missing = new Map<string, number>()
  readonly #store: Store
  readonly #header: ExportHeader
  readonly #time: ExportTime
  readonly #hash = createHash('sha256')
  #text = ''

  constructor(store: Store, header: ExportHeader, time: ExportTime) {
    this.#store = store
    this.#header = header
    this.#time = time
  }

  /** The whole export, once. Rejects with what the store says. */
  async *chunks(): AsyncIterable<Buffer> {
    this.#add(headerLine(this.#header))
    for await (const some of this.#store.sessions()) {
      for (const session of some) yield* this.#session(session)
    }
    for await (const message of this.#store.retained()) {
      this.#add(retainedLine(message, this.#time))
      if (this.#text.length >= chunkLength) yield this.#take()
    }
    yield this.#take()
    const trailer = { type: 'trailer', ...this.counts, sha256: this.#hash.digest('hex') }
    yield Buffer.from(`${JSON.stringify(trailer)}\n`)
  }

  async *#session(session: StoredSession): AsyncIterable<Buffer> {
    this.#add(sessionLine(session, this.#time))
    const { awaitingRel, inflight, lanes, subscriptions } = session.snapshot
    for (const [filter, options] of subscriptions) {
      this.#add(subscriptionLine(filter, options))
      if (this.#text.length >= chunkLength) yield this.#take()
    }
    for (const slot of inflight) {
      this.#add(slotLine(slot, this.#time))
      if (this.#text.length >= chunkLength) yield this.#take()
    }
    for (const [packetId, receivedAt] of awaitingRel) {
      this.#add(awaitingRelLine(packetId, receivedAt, this.#time))
    }
    for (const lane of lanes) yield* this.#lane(session.key, lane)
  }

  async *#lane(key: SessionKey, lane: LaneSnapshot): AsyncIterable<Buffer> {
    this.#add(laneLine(lane))
    let left = lane.length
    for (let from = lane.head; from < lane.tail; ) {
      const entries = await this.#read(key, lane, from)
      if (entries.length === 0) break
      for (const entry of entries) {
        if (entry.sequence >= lane.tail) break
        this.#add(queuedLine(entry, this.#time))
        left--
        if (this.#text.length >= chunkLength) yield this.#take()
      }
      from = (entries.at(-1)?.sequence ?? from) + 1
    }
    if (left > 0) this.missing.set(key.clientId, (this.missing.get(key.clientId) ?? 0) + left)
  }

  /** Nothing where it is damaged: the rest of the store is worth having. */
  async #read(key: SessionKey, lane: LaneSnapshot, from: number): Promise<readonly QueuedEntry[]> {
    try {
      return await this.#store.readQueue(key, lane.key, from, pageLimit)
    } catch (error) {
      if (error instanceof StoreDamaged) return []
      throw error
    }
  }

  #add(line: Line): void {
    const name = countOf[line.type]
    if (name !== undefined) this.counts[name]++
    this.#text += `${JSON.stringify(line)}\n`
  }

  #take(): Buffer {
    const bytes = Buffer.from(this.#text)
    this.#text = ''
    this.#hash.update(bytes)
    return bytes
  }
}
