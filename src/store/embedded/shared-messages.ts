import { randomBytes } from 'node:crypto'

/** Bytes of a message from which on it is worth being stored once for several sessions. */
export const sharedSizeMin = 1024

/** Bytes of an id: those of the process, and a number of four. */
export const blobIdSize = 12
const runSize = 8

/** Names what several pages have in common: no two processes give the same name. */
export class BlobIds {
  readonly #run = randomBytes(runSize)
  #next = 0

  next(): Buffer {
    const id = Buffer.allocUnsafe(blobIdSize)
    this.#run.copy(id)
    id.writeUInt32BE(this.#next++ % 2 ** 32, runSize)
    return id
  }

  /** Whether this process has given it. */
  has(id: Buffer): boolean {
    return id.subarray(0, runSize).equals(this.#run)
  }
}

/**
 * Of the pages that are written together: which messages are in more than one of them. Only those
 * are stored by themselves, and nothing refers to them that was not written then.
 */
export class SharedMessages<M> {
  readonly #ids: BlobIds
  /** Those met once, and those met again with their ids. */
  readonly #met = new Map<M, Buffer | undefined>()

  constructor(ids: BlobIds) {
    this.#ids = ids
  }

  /** A message of `size` bytes is in a page; before the first page is encoded. */
  meet(message: M, size: number): void {
    if (size < sharedSizeMin) return
    if (!this.#met.has(message)) this.#met.set(message, undefined)
    else if (this.#met.get(message) === undefined) this.#met.set(message, this.#ids.next())
  }

  /** What is stored by itself. */
  *shared(): IterableIterator<[id: Buffer, message: M]> {
    for (const [message, id] of this.#met) if (id !== undefined) yield [id, message]
  }

  /** Undefined for a message that goes into its page. */
  readonly idOf = (message: M): Buffer | undefined => this.#met.get(message)
}
