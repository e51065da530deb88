import type { Message } from '../../mqtt/message.ts'
import { ByteReader } from '../codec/byte-reader.ts'
import { readMessage, type TimeOffset } from '../codec/message-codec.ts'
import type { Database } from './database.ts'
import { blobKey, blobOf, blobUseKey, type PagePlace, Prefix, rangeOf } from './keys.ts'
import type { Settler } from './settler.ts'
import type { BlobIds } from './shared-messages.ts'

/** Bytes of messages that were read and may soon be wanted for other sessions. */
const readBytesMax = 8 * 1024 * 1024

/**
 * Messages that are stored once, however many pages refer to them, and removed with the last of
 * those. All references are written with the message: later there are only fewer.
 *
 * What is in doubt is marked in the database as long as it is, so that a process that ends meanwhile
 * leaves nothing for ever.
 */
export class Blobs {
  readonly #database: Database
  readonly #settler: Settler
  readonly #offset: TimeOffset
  readonly #ids: BlobIds
  /** Bytes of those that the database does not have yet, by id. */
  readonly #pending = new Map<string, Buffer>()
  /** Those that may have lost their last reference. */
  #doubtful = new Map<string, Buffer>()
  #isSweeping = false
  /** Lately read, the oldest first. */
  readonly #read = new Map<string, Message>()
  #readBytes = 0
  /** Told what goes wrong while something is removed; it is tried again at the next start. */
  onFault: (error: unknown) => void = () => {}

  constructor(database: Database, settler: Settler, offset: TimeOffset, ids: BlobIds) {
    this.#database = database
    this.#settler = settler
    this.#offset = offset
    this.#ids = ids
  }

  /** Before the first page that refers to it. */
  add(id: Buffer, bytes: Buffer): void {
    const name = nameOf(id)
    this.#pending.set(name, bytes)
    this.#settler.add(blobKey(Prefix.doubt, id), empty)
    this.#settler.add(blobKey(Prefix.blob, id), bytes, () => this.#pending.delete(name))
  }

  /** Behind the last page that refers to it. */
  added(id: Buffer): void {
    this.#settler.add(blobKey(Prefix.doubt, id), undefined)
  }

  /** A page that refers to some is stored there. */
  used(ids: readonly Buffer[], place: PagePlace): void {
    for (const id of ids) this.#settler.add(blobUseKey(id, place), empty)
  }

  /** That page is gone. */
  released(ids: readonly Buffer[], place: PagePlace): void {
    for (const id of ids) {
      this.#settler.add(blobUseKey(id, place), undefined)
      this.#settler.add(blobKey(Prefix.doubt, id), empty)
      this.#doubt(id)
    }
  }

  /** Undefined when it is not there. Rejects with what the database says, and: DamagedBytes. */
  async get(id: Buffer): Promise<Message | undefined> {
    const name = nameOf(id)
    const known = this.#read.get(name)
    if (known !== undefined) return known
    const bytes = this.#pending.get(name) ?? (await this.#database.get(blobKey(Prefix.blob, id)))
    if (bytes === undefined) return undefined
    const message = this.#read.get(name) ?? readMessage(new ByteReader(bytes), this.#offset)
    this.#remember(name, message)
    return message
  }

  /** Goes on with what an earlier process did not finish. Rejects with what the database says. */
  async removeLeftovers(): Promise<void> {
    for await (const keys of this.#database.keys(rangeOf(Prefix.doubt))) {
      for (const key of keys) {
        const id = blobOf(key)
        if (!this.#ids.has(id)) this.#doubt(id)
      }
    }
  }

  #remember(name: string, message: Message): void {
    if (this.#read.has(name)) return
    this.#read.set(name, message)
    this.#readBytes += message.cost
    for (const [oldest, { cost }] of this.#read) {
      if (this.#readBytes <= readBytesMax) return
      this.#read.delete(oldest)
      this.#readBytes -= cost
    }
  }

  #doubt(id: Buffer): void {
    this.#doubtful.set(nameOf(id), id)
    if (this.#isSweeping) return
    this.#isSweeping = true
    // What is told together is handed in together: a reference that follows is there by then.
    setImmediate(() => {
      this.#settler.whenSafe(() => {
        this.#sweep().catch(this.onFault)
      })
    })
  }

  /** Everything that put these in doubt is in the database. */
  async #sweep(): Promise<void> {
    const doubtful = this.#doubtful
    this.#doubtful = new Map()
    try {
      for (const [name, id] of doubtful) {
        const isUsed = await this.#database.hasAny(rangeOf(blobKey(Prefix.blobUse, id)))
        if (this.#doubtful.has(name)) continue
        if (!isUsed) this.#settler.add(blobKey(Prefix.blob, id), undefined)
        this.#settler.add(blobKey(Prefix.doubt, id), undefined)
      }
    } finally {
      this.#isSweeping = false
      for (const id of this.#doubtful.values()) this.#doubt(id)
    }
  }
}

const empty = Buffer.alloc(0)

function nameOf(id: Buffer): string {
  return id.toString('latin1')
}
