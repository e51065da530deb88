import type { Message } from '../../mqtt/message.ts'
import type { Delivery } from '../../mqtt/subscription.ts'
import type { LaneKey } from '../../session/lane.ts'
import { ByteWriter } from '../codec/byte-writer.ts'
import type { TimeOffset } from '../codec/message-codec.ts'
import { writeQueued } from '../codec/queued-codec.ts'

/** Entries and bytes of a run: so much is read at once, and no less than a run is trimmed. */
export const runLengthMax = 64
export const runBytesMax = 16 * 1024
/** What the memory for a run shrinks to when it is used again. */
const capacityMax = 256 * 1024

/** Messages that join a lane one after another: they become one entry of its stream. */
export class LaneRun {
  /** As long as the run is not empty. */
  lane: LaneKey = 0
  length = 0
  /** The sequence of its last message. */
  last = 0
  readonly #writer = new ByteWriter(2 * runBytesMax)

  /** Valid until more is added. */
  get bytes(): Buffer {
    return this.#writer.written
  }

  /** Whether a message of this lane may be added. */
  takes(lane: LaneKey): boolean {
    if (this.length === 0) return true
    return lane === this.lane && this.length < runLengthMax && this.#writer.length < runBytesMax
  }

  add(
    lane: LaneKey,
    sequence: number,
    message: Message,
    delivery: Delivery,
    offset: TimeOffset,
  ): void {
    this.lane = lane
    writeQueued(this.#writer, sequence - this.last, message, delivery, offset)
    this.last = sequence
    this.length++
  }

  clear(): void {
    this.length = 0
    this.last = 0
    this.#writer.reset(capacityMax)
  }
}
