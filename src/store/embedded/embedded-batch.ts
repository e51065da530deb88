import type { SessionKey, SessionState, SessionWriter, StoreBatch } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../../mqtt/subscription.ts'
import type { LaneKey, LaneSnapshot } from '../../session/lane.ts'
import type { Outgoing } from '../../session/outgoing.ts'
import type { SessionSnapshot } from '../../session/snapshot.ts'
import { ByteWriter } from '../codec/byte-writer.ts'
import { ChangeEncoder } from '../codec/change-codec.ts'
import { type TimeOffset, writeMessage } from '../codec/message-codec.ts'
import type { PagePlace } from './keys.ts'
import { headerSize, sealBatch } from './log-format.ts'
import { encodeMessage, encodePage, type PageBytes, type PageEntry } from './page-codec.ts'
import { encodeSession } from './session-record.ts'
import { type BlobIds, SharedMessages } from './shared-messages.ts'

/** What is to be done in the database when the batch is safe; never before. */
export interface Consequences {
  /** A message that pages of this batch refer to. */
  blob(id: Buffer, bytes: Buffer): void
  page(place: PagePlace, page: PageBytes): void
  /** All pages that refer to it have been told. */
  blobIsUsed(id: Buffer): void
  /** Everything below `head` in the lane is gone. */
  consumed(generation: number, lane: LaneKey, head: number): void
  session(generation: number, bytes: Buffer): void
  sessionEnded(generation: number): void
  /** Undefined where it was cleared. */
  retained(topic: string, bytes: Buffer | undefined): void
}

type Consequence = (to: Consequences) => void

/** A page, encoded when it is known which messages it has in common with others. */
interface SealedPage {
  readonly entries: readonly PageEntry<Message>[]
  encoded: PageBytes
}

const nothing: PageBytes = { bytes: Buffer.alloc(0), blobs: [] }

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
  readonly #pages: SealedPage[] = []
  readonly #shared: SharedMessages<Message>
  readonly #blobs: [id: Buffer, bytes: Buffer][] = []
  readonly #write: (writer: ByteWriter, message: Message) => void
  #size = 0
  #generation = 0
  #clientId = ''
  #bytes: Buffer | undefined
  settledBelow = 0
  /** Whether the log has it. */
  isSafe = false

  constructor(number: number, offset: TimeOffset, blobIds: BlobIds) {
    this.number = number
    this.#offset = offset
    this.#shared = new SharedMessages(blobIds)
    this.#write = (to, message) => writeMessage(to, message, offset)
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
    for (const [id, message] of this.#shared.shared()) {
      this.#blobs.push([id, encodeMessage(message, this.#write)])
    }
    for (const page of this.#pages) {
      page.encoded = encodePage(page.entries, this.#write, this.#shared.idOf)
    }
    sealBatch(this.#bytes, logNumber, previous, storeTime, wallMs)
    return this.#bytes
  }

  /** It is safe: says what is to be done, once. */
  tellConsequences(to: Consequences): void {
    for (const [id, bytes] of this.#blobs) to.blob(id, bytes)
    for (const tell of this.#consequences.splice(0)) tell(to)
    for (const [id] of this.#blobs.splice(0)) to.blobIsUsed(id)
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
    const last = entries.at(-1)?.sequence ?? 0
    const place = { generation: this.#generation, lane, last }
    const page: SealedPage = { entries: entries as readonly PageEntry<Message>[], encoded: nothing }
    for (const { message } of page.entries) this.#shared.meet(message, message.frame.size)
    this.#pages.push(page)
    this.#consequences.push((to) => to.page(place, page.encoded))
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
