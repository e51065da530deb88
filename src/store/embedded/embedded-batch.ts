import type { SessionKey, SessionState, SessionWriter, StoreBatch } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../../mqtt/subscription.ts'
import type { LaneKey, LaneSnapshot } from '../../session/lane.ts'
import type { Outgoing } from '../../session/outgoing.ts'
import type { SessionSnapshot } from '../../session/snapshot.ts'
import { ByteWriter } from '../codec/byte-writer.ts'
import { ChangeEncoder } from '../codec/change-codec.ts'
import { type TimeOffset, writeMessage } from '../codec/message-codec.ts'
import { headerSize, sealBatch } from './log-format.ts'
import { encodePage } from './pages.ts'
import { encodeSession } from './session-record.ts'

/** What is to be done in the database when the batch is safe; never before. */
export interface Consequences {
  page(generation: number, lane: LaneKey, lastSequence: number, bytes: Buffer): void
  /** Everything below `head` in the lane is gone. */
  consumed(generation: number, lane: LaneKey, head: number): void
  session(generation: number, bytes: Buffer): void
  sessionEnded(generation: number): void
  /** Undefined where it was cleared. */
  retained(topic: string, bytes: Buffer | undefined): void
}

type Consequence = (to: Consequences) => void

/** Memory of the batches' bytes: one at a time is written into it. */
const writer = new ByteWriter(256 * 1024)
const writerCapacityMax = 8 * 1024 * 1024
/** For a retained message, whose bytes the database gets as well. */
const messageWriter = new ByteWriter(4096)

/**
 * The records of one batch, encoded for the log as they come, and what follows from them. One batch
 * is written at a time, and sealed before the next one begins.
 */
export class EmbeddedBatch implements StoreBatch, SessionWriter {
  readonly number: number
  readonly #offset: TimeOffset
  readonly #encoder: ChangeEncoder
  readonly #consequences: Consequence[] = []
  #size = 0
  #generation = 0
  #clientId = ''
  #bytes: Buffer | undefined
  settledBelow = 0
  /** Whether the log has it. */
  isSafe = false

  constructor(number: number, offset: TimeOffset) {
    this.number = number
    this.#offset = offset
    writer.reset(writerCapacityMax)
    writer.skip(headerSize)
    this.#encoder = new ChangeEncoder(writer, offset)
  }

  get size(): number {
    return this.#size
  }

  /** The whole batch as it goes into the log; nothing can be recorded any more. */
  seal(logNumber: number, previous: number, storeTime: number, wallMs: number): Buffer {
    if (this.#bytes !== undefined) return this.#bytes
    this.#bytes = writer.copyFrom(0)
    sealBatch(this.#bytes, logNumber, previous, storeTime, wallMs)
    return this.#bytes
  }

  /** It is safe: says what is to be done, once. */
  tellConsequences(to: Consequences): void {
    for (const tell of this.#consequences.splice(0)) tell(to)
  }

  session({ clientId, generation }: SessionKey): SessionWriter {
    if (generation !== this.#generation) this.#encoder.session(generation)
    this.#generation = generation
    this.#clientId = clientId
    return this
  }

  began(state: SessionState): void {
    this.#size++
    this.#encoder.began(this.#clientId, state)
  }

  changed(state: SessionState): void {
    this.#size++
    this.#encoder.changed(state)
  }

  ended(): void {
    this.#size++
    this.#encoder.ended()
    const generation = this.#generation
    this.#consequences.push((to) => to.sessionEnded(generation))
  }

  subscribed(filter: string, options: SubscriptionOptions): void {
    this.#size++
    this.#encoder.subscribed(filter, options)
  }

  unsubscribed(filter: string): void {
    this.#size++
    this.#encoder.unsubscribed(filter)
  }

  queued(lane: LaneKey, sequence: number, message: Message, delivery: Delivery): void {
    this.#size++
    this.#encoder.queued(lane, sequence, message, delivery)
  }

  lane(lane: LaneSnapshot): void {
    this.#size++
    this.#encoder.lane(lane)
    const generation = this.#generation
    this.#consequences.push((to) => to.consumed(generation, lane.key, lane.head))
  }

  /** Like a snapshot it goes into the database only, when the batch is safe. */
  page(lane: LaneKey, entries: readonly Outgoing[]): void {
    this.#size++
    const generation = this.#generation
    const last = entries.at(-1)?.sequence ?? 0
    const bytes = encodePage(entries, this.#offset)
    this.#consequences.push((to) => to.page(generation, lane, last, bytes))
  }

  slot(packetId: number, order: number, qos: QoS, message: Message, delivery: Delivery): void {
    this.#size++
    this.#encoder.slot(packetId, order, qos, message, delivery)
  }

  released(packetId: number, order: number): void {
    this.#size++
    this.#encoder.released(packetId, order)
  }

  freed(packetId: number): void {
    this.#size++
    this.#encoder.freed(packetId)
  }

  awaitingRel(packetId: number, receivedAt: number): void {
    this.#size++
    this.#encoder.awaitingRel(packetId, receivedAt)
  }

  relReceived(packetId: number): void {
    this.#size++
    this.#encoder.relReceived(packetId)
  }

  /** It goes into the database only; the log has what it is made of. */
  snapshot(state: SessionState, snapshot: SessionSnapshot): void {
    this.#size++
    const { clientId, generation } = snapshot
    const bytes = encodeSession({ clientId, generation }, state, snapshot, this.#offset)
    this.#consequences.push((to) => to.session(generation, bytes))
  }

  retainedSet(message: Message): void {
    this.#size++
    this.#encoder.retainedSet(message)
    messageWriter.reset(writerCapacityMax)
    writeMessage(messageWriter, message, this.#offset)
    const bytes = messageWriter.copyFrom(0)
    this.#consequences.push((to) => to.retained(message.topic, bytes))
  }

  retainedCleared(topic: string): void {
    this.#size++
    this.#encoder.retainedCleared(topic)
    this.#consequences.push((to) => to.retained(topic, undefined))
  }
}
