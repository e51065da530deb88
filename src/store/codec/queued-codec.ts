import type { PageLimit } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { Delivery } from '../../mqtt/subscription.ts'
import type { QueuedEntry } from '../../session/lane.ts'
import { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import {
  readDelivery,
  readMessage,
  skipMessage,
  type TimeOffset,
  writeDelivery,
  writeMessage,
} from './message-codec.ts'

/** One entry of a run of a lane's entries; `gap` is how far its sequence is from the one before, or from 0. */
export function writeQueued(
  writer: ByteWriter,
  gap: number,
  message: Message,
  delivery: Delivery,
  offset: TimeOffset,
): void {
  writer.integer(gap)
  writeDelivery(writer, delivery)
  writeMessage(writer, message, offset)
}

/**
 * Puts together a page of what runs hold, from a sequence on, as long as the limit allows; one entry
 * comes however large it is.
 */
export class PageReader {
  readonly entries: QueuedEntry[] = []
  readonly #from: number
  readonly #limit: PageLimit
  readonly #offset: TimeOffset
  #bytes = 0

  constructor(from: number, limit: PageLimit, offset: TimeOffset) {
    this.#from = from
    this.#limit = limit
    this.#offset = offset
  }

  /** Takes in the next run. Answers whether there may be room for more. Throws: DamagedBytes. */
  add(run: Buffer): boolean {
    const { length, bytes } = this.#limit
    const reader = new ByteReader(run)
    let sequence = 0
    while (!reader.isAtEnd) {
      sequence += reader.integer()
      const delivery = readDelivery(reader)
      if (sequence < this.#from) {
        skipMessage(reader)
        continue
      }
      const message = readMessage(reader, this.#offset)
      this.#bytes += message.cost
      const isFull = this.entries.length >= length || this.#bytes > bytes
      if (isFull && this.entries.length > 0) return false
      this.entries.push({ sequence, message, delivery })
    }
    return this.entries.length < length && this.#bytes < bytes
  }
}
