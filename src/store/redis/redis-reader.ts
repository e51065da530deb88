import type { Logger } from '../../base/logger.ts'
import type { PageLimit, SessionKey, StoredSession } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { LaneKey, QueuedEntry } from '../../session/lane.ts'
import { ByteReader, DamagedBytes } from '../codec/byte-reader.ts'
import { readMessage, type TimeOffset } from '../codec/message-codec.ts'
import { PageReader } from '../codec/queued-codec.ts'
import { StoreDamaged } from '../errors.ts'
import { StoreFenced } from './errors.ts'
import { laneKey, partsOf, type RedisKeys } from './keys.ts'
import { runBytesMax, runLengthMax } from './lane-run.ts'
import type { Link } from './link.ts'
import type { Ownership } from './ownership.ts'
import { scripts } from './scripts/scripts.ts'
import { decodeSession } from './session-record.ts'

/** Sessions, and retained messages, of one page. */
const pageLength = 128

/** What a reader works with. */
export interface ReaderParts {
  readonly link: Link
  readonly keys: RedisKeys
  readonly ownership: Ownership
  readonly log: Logger
}

/** Reads what batches have written. */
export class RedisReader {
  readonly #parts: ReaderParts
  readonly #offset: TimeOffset

  constructor(parts: ReaderParts) {
    this.#parts = parts
    this.#offset = parts.ownership.offset
  }

  /**
   * All sessions by their generation, page by page; each is taken in, so that no earlier owner writes to it
   * any more. Rejects: StoreDamaged, StoreFenced, StoreUnavailable.
   */
  async *sessions(): AsyncIterable<readonly StoredSession[]> {
    const { keys, link } = this.#parts
    let after = 0
    for (;;) {
      const range = [`(${after}`, '+inf', 'BYSCORE', 'LIMIT', 0, pageLength] as const
      const members = (await link.command('ZRANGE', keys.sessions, ...range)) as string[]
      if (members.length === 0) return
      const page = members.map(partsOf)
      after = page.at(-1)?.generation ?? after
      yield await this.#adopt(page)
    }
  }

  /** All retained messages, page by page. Rejects: StoreDamaged, StoreUnavailable. */
  async *retained(): AsyncIterable<Message> {
    const { keys, link } = this.#parts
    let cursor = '0'
    do {
      const answer = await link.commandBuffer('HSCAN', keys.retained, cursor, 'COUNT', pageLength)
      const [next, fields] = answer as [Buffer, Buffer[]]
      for (let i = 1; i < fields.length; i += 2) yield this.#message(fields[i] as Buffer)
      cursor = next.toString()
    } while (cursor !== '0')
  }

  /** Rejects: StoreDamaged, StoreUnavailable. */
  async readRetained(topic: string): Promise<Message | undefined> {
    const { keys, link } = this.#parts
    const bytes = (await link.commandBuffer('HGET', keys.retained, topic)) as Buffer | null
    return bytes === null ? undefined : this.#message(bytes)
  }

  /** Entries of a lane from a sequence on. Rejects: StoreDamaged, StoreUnavailable. */
  async readQueue(
    { clientId, generation }: SessionKey,
    lane: LaneKey,
    from: number,
    limit: PageLimit,
  ): Promise<readonly QueuedEntry[]> {
    const { keys, link } = this.#parts
    const key = laneKey(keys.session(clientId, generation), lane)
    // What is before `from` in the first run is read as well.
    const args = [from, limit.length + runLengthMax, limit.bytes + runBytesMax]
    const runs = await link.call({ script: scripts.readRuns, keys: [key], args })
    return this.#decode(key, () => {
      const page = new PageReader(from, limit, this.#offset)
      for (const run of runs as Buffer[]) if (!page.add(run)) break
      return page.entries
    })
  }

  async #adopt(page: readonly SessionKey[]): Promise<StoredSession[]> {
    const { keys, link, log, ownership } = this.#parts
    const { epoch, incarnation } = ownership
    const calls = page.map(({ clientId, generation }) => ({
      script: scripts.adopt,
      keys: [keys.owner, keys.session(clientId, generation)],
      args: [incarnation, epoch],
    }))
    const answers = (await link.callAll(calls)) as (Buffer[] | Buffer | null)[]
    const sessions: StoredSession[] = []
    answers.forEach((fields, i) => {
      const { clientId, generation } = page[i] as SessionKey
      if (Array.isArray(fields)) sessions.push(this.#session(clientId, generation, fields))
      else if (fields !== null) throw new StoreFenced(`${link.name} is another broker's by now`)
      else log.error({ clientId, generation }, 'a session is missing in the store')
    })
    return sessions
  }

  #session(clientId: string, generation: number, fields: readonly Buffer[]): StoredSession {
    const key = this.#parts.keys.session(clientId, generation)
    return this.#decode(key, () => decodeSession(clientId, generation, fields, this.#offset))
  }

  #message(bytes: Buffer): Message {
    const { retained } = this.#parts.keys
    return this.#decode(retained, () => readMessage(new ByteReader(bytes), this.#offset))
  }

  /** Throws: StoreDamaged. */
  #decode<T>(key: string, decode: () => T): T {
    try {
      return decode()
    } catch (error) {
      if (!(error instanceof DamagedBytes)) throw error
      const { name } = this.#parts.link
      throw new StoreDamaged(`${name}, key ${JSON.stringify(key)}, is damaged: ${error.message}`)
    }
  }
}
