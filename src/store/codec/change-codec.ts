import type { SessionState } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../../mqtt/subscription.ts'
import type { LaneKey, LaneSnapshot } from '../../session/lane.ts'
import { type ByteReader, DamagedBytes } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import {
  readDelivery,
  readTime,
  skipMessage,
  type TimeOffset,
  writeDelivery,
  writeMessage,
  writeTime,
} from './message-codec.ts'
import {
  readLane,
  readState,
  readSubscription,
  writeLane,
  writeState,
  writeSubscription,
} from './state-codec.ts'

/** The first byte of each record. */
const Tag = {
  /** What follows is about the session of this generation, up to the next one. */
  session: 1,
  began: 2,
  changed: 3,
  ended: 4,
  subscribed: 5,
  unsubscribed: 6,
  queued: 7,
  lane: 8,
  slot: 9,
  released: 10,
  freed: 11,
  awaitingRel: 12,
  relReceived: 13,
  retainedSet: 14,
  retainedCleared: 15,
} as const

/**
 * Writes the records of one batch, one after another. A message that several sessions get is written
 * where it first occurs, and named by its number in the batch from then on.
 */
export class ChangeEncoder {
  readonly #writer: ByteWriter
  readonly #offset: TimeOffset
  /** Of messages in this batch; by them the messages are known again. */
  readonly #batch = {}
  #messages = 0

  constructor(writer: ByteWriter, offset: TimeOffset) {
    this.#writer = writer
    this.#offset = offset
  }

  session(generation: number): void {
    this.#writer.byte(Tag.session)
    this.#writer.integer(generation)
  }

  began(clientId: string, state: SessionState): void {
    this.#writer.byte(Tag.began)
    this.#writer.text(clientId)
    writeState(this.#writer, state, this.#offset)
  }

  changed(state: SessionState): void {
    this.#writer.byte(Tag.changed)
    writeState(this.#writer, state, this.#offset)
  }

  ended(): void {
    this.#writer.byte(Tag.ended)
  }

  subscribed(filter: string, options: SubscriptionOptions): void {
    this.#writer.byte(Tag.subscribed)
    writeSubscription(this.#writer, filter, options)
  }

  unsubscribed(filter: string): void {
    this.#writer.byte(Tag.unsubscribed)
    this.#writer.text(filter)
  }

  queued(lane: LaneKey, sequence: number, message: Message, delivery: Delivery): void {
    this.#writer.byte(Tag.queued)
    this.#writer.integer(lane)
    this.#writer.integer(sequence)
    writeDelivery(this.#writer, delivery)
    this.#message(message)
  }

  lane(lane: LaneSnapshot): void {
    this.#writer.byte(Tag.lane)
    writeLane(this.#writer, lane)
  }

  slot(packetId: number, order: number, qos: QoS, message: Message, delivery: Delivery): void {
    this.#writer.byte(Tag.slot)
    this.#writer.integer(packetId)
    this.#writer.integer(order)
    this.#writer.byte(qos)
    writeDelivery(this.#writer, delivery)
    this.#message(message)
  }

  released(packetId: number, order: number): void {
    this.#writer.byte(Tag.released)
    this.#writer.integer(packetId)
    this.#writer.integer(order)
  }

  freed(packetId: number): void {
    this.#writer.byte(Tag.freed)
    this.#writer.integer(packetId)
  }

  awaitingRel(packetId: number, receivedAt: number): void {
    this.#writer.byte(Tag.awaitingRel)
    this.#writer.integer(packetId)
    writeTime(this.#writer, receivedAt, this.#offset)
  }

  relReceived(packetId: number): void {
    this.#writer.byte(Tag.relReceived)
    this.#writer.integer(packetId)
  }

  retainedSet(message: Message): void {
    this.#writer.byte(Tag.retainedSet)
    this.#message(message)
  }

  retainedCleared(topic: string): void {
    this.#writer.byte(Tag.retainedCleared)
    this.#writer.text(topic)
  }

  /** 0 and the message, or one more than its number in the batch. */
  #message(message: Message): void {
    if (message.notedBy === this.#batch) return this.#writer.integer(message.notedAs + 1)
    message.notedBy = this.#batch
    message.notedAs = this.#messages++
    this.#writer.integer(0)
    writeMessage(this.#writer, message, this.#offset)
  }
}

/** A message in a batch that is read: the bytes that `writeMessage` wrote, and what is in them. */
export class EncodedMessage {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes
    this.start = start
    this.end = end
  }
}

/** Told what a `ChangeEncoder` wrote; messages come undecoded, over the bytes of the batch. */
export interface ChangeHandler {
  session(generation: number): void
  began(clientId: string, state: SessionState): void
  changed(state: SessionState): void
  ended(): void
  subscribed(filter: string, options: SubscriptionOptions): void
  unsubscribed(filter: string): void
  queued(lane: LaneKey, sequence: number, message: EncodedMessage, delivery: Delivery): void
  lane(lane: LaneSnapshot): void
  slot(packetId: number, order: number, qos: QoS, message: EncodedMessage, delivery: Delivery): void
  released(packetId: number, order: number): void
  freed(packetId: number): void
  awaitingRel(packetId: number, receivedAt: number): void
  relReceived(packetId: number): void
  retainedSet(message: EncodedMessage): void
  retainedCleared(topic: string): void
}

/** Reads the records of one batch. Throws: DamagedBytes. */
export function readChanges(
  bytes: Buffer,
  reader: ByteReader,
  offset: TimeOffset,
  to: ChangeHandler,
): void {
  const messages: EncodedMessage[] = []
  const message = (): EncodedMessage => {
    const number = reader.integer() - 1
    if (number < 0) {
      const start = reader.position
      skipMessage(reader)
      messages.push(new EncodedMessage(bytes, start, reader.position))
      return messages.at(-1) as EncodedMessage
    }
    const known = messages[number]
    if (known === undefined) throw new DamagedBytes('a message is missing')
    return known
  }
  while (!reader.isAtEnd) readChange(reader, offset, to, message)
}

function readChange(
  reader: ByteReader,
  offset: TimeOffset,
  to: ChangeHandler,
  message: () => EncodedMessage,
): void {
  const tag = reader.byte()
  switch (tag) {
    case Tag.session:
      return to.session(reader.integer())
    case Tag.began:
      return to.began(reader.text(), readState(reader, offset))
    case Tag.changed:
      return to.changed(readState(reader, offset))
    case Tag.ended:
      return to.ended()
    case Tag.subscribed:
      return to.subscribed(...readSubscription(reader))
    case Tag.unsubscribed:
      return to.unsubscribed(reader.text())
    case Tag.queued: {
      const [lane, sequence] = [reader.integer(), reader.integer()]
      const delivery = readDelivery(reader)
      return to.queued(lane, sequence, message(), delivery)
    }
    case Tag.lane:
      return to.lane(readLane(reader))
    case Tag.slot: {
      const [packetId, order, qos] = [reader.integer(), reader.integer(), reader.byte() as QoS]
      const delivery = readDelivery(reader)
      return to.slot(packetId, order, qos, message(), delivery)
    }
    case Tag.released:
      return to.released(reader.integer(), reader.integer())
    case Tag.freed:
      return to.freed(reader.integer())
    case Tag.awaitingRel:
      return to.awaitingRel(reader.integer(), readTime(reader, offset))
    case Tag.relReceived:
      return to.relReceived(reader.integer())
    case Tag.retainedSet:
      return to.retainedSet(message())
    case Tag.retainedCleared:
      return to.retainedCleared(reader.text())
    default:
      throw new DamagedBytes(`a record of an unknown kind (${tag})`)
  }
}
