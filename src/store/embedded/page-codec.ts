import type { PageLimit } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { Delivery } from '../../mqtt/subscription.ts'
import type { QueuedEntry } from '../../session/lane.ts'
import { ByteReader } from '../codec/byte-reader.ts'
import { ByteWriter } from '../codec/byte-writer.ts'
import {
  readDelivery,
  readMessage,
  skipMessage,
  type TimeOffset,
  writeDelivery,
} from '../codec/message-codec.ts'

const writer = new ByteWriter(64 * 1024)
const writerCapacityMax = 1024 * 1024

/** A page as it is stored. */
export interface PageBytes {
  readonly bytes: Buffer
  /** The ids of the messages that are not in it, but stored by themselves. */
  readonly blobs: readonly Buffer[]
}

/** What waits, with its message in some form. */
export interface PageEntry<M> {
  readonly sequence: number
  readonly delivery: Delivery
  readonly message: M
}

const noBlobs: readonly Buffer[] = []

/**
 * Entries of one lane, one behind the other, each by how far its sequence is from the one before.
 * `idOf` answers under which id a message is stored by itself, if it is.
 */
export function encodePage<M>(
  entries: readonly PageEntry<M>[],
  write: (writer: ByteWriter, message: M) => void,
  idOf: (message: M) => Buffer | undefined,
): PageBytes {
  writer.reset(writerCapacityMax)
  let blobs = noBlobs
  let before = 0
  for (const { delivery, message, sequence } of entries) {
    writer.integer(sequence - before)
    before = sequence
    writeDelivery(writer, delivery)
    const id = idOf(message)
    if (id === undefined) {
      writer.integer(0)
      write(writer, message)
      continue
    }
    if (!blobs.includes(id)) blobs = [...blobs, id]
    writer.integer(blobs.indexOf(id) + 1)
  }
  return { bytes: writer.copyFrom(0), blobs }
}

/** A message by itself. */
export function encodeMessage<M>(
  message: M,
  write: (writer: ByteWriter, message: M) => void,
): Buffer {
  writer.reset(writerCapacityMax)
  write(writer, message)
  return writer.copyFrom(0)
}

/** Reads entries of one page, from a sequence on, as long as a limit allows. */
export class PageDecoder {
  readonly #reader: ByteReader
  readonly #from: number
  readonly #limit: PageLimit
  readonly #offset: TimeOffset
  readonly #entries: QueuedEntry[]
  #bytes = 0
  #sequence = 0
  /** The entry that was begun, whose message is elsewhere, and where. */
  #begun: { delivery: Delivery; blob: number } | undefined

  /** What it reads joins `entries`; of all pages that do, one comes however large it is. */
  constructor(
    page: Buffer,
    from: number,
    limit: PageLimit,
    offset: TimeOffset,
    entries: QueuedEntry[],
  ) {
    this.#reader = new ByteReader(page)
    this.#from = from
    this.#limit = limit
    this.#offset = offset
    this.#entries = entries
    for (const { message } of entries) this.#bytes += message.cost
  }

  /**
   * Answers the place, from 0, of a blob that it needs now (`take` goes on), or whether there may be
   * room for more. Throws: DamagedBytes.
   */
  run(): number | boolean {
    while (!this.#reader.isAtEnd) {
      this.#sequence += this.#reader.integer()
      const delivery = readDelivery(this.#reader)
      const blob = this.#reader.integer()
      const isWanted = this.#sequence >= this.#from
      if (blob > 0) {
        if (!isWanted) continue
        this.#begun = { delivery, blob: blob - 1 }
        return blob - 1
      }
      if (!isWanted) {
        skipMessage(this.#reader)
        continue
      }
      if (!this.#add(delivery, readMessage(this.#reader, this.#offset))) return false
    }
    return this.#entries.length < this.#limit.length && this.#bytes < this.#limit.bytes
  }

  /** The blob that was needed. Goes on as `run`. */
  take(message: Message): number | boolean {
    const begun = this.#begun
    if (begun === undefined) return this.run()
    this.#begun = undefined
    return this.#add(begun.delivery, message) ? this.run() : false
  }

  #add(delivery: Delivery, message: Message): boolean {
    const { bytes, length } = this.#limit
    const entries = this.#entries
    this.#bytes += message.cost
    if (entries.length > 0 && (entries.length >= length || this.#bytes > bytes)) return false
    entries.push({ sequence: this.#sequence, message, delivery })
    return true
  }
}
