import { ToolClient } from '../client/tool-client.ts'
import type { Turn } from '../client/turn.ts'
import { AckType } from '../mqtt/packets.ts'
import type { DelayedAcks } from './delayed-acks.ts'
import { elapsedUs, microseconds, payloadSizeMin, readWord } from './payload.ts'
import type { Stream } from './stream.ts'
import type { Tally } from './tally.ts'

export interface SubscriberOptions {
  /** Where acknowledgements wait; undefined: each leaves at once. */
  readonly delayedAcks?: DelayedAcks | undefined
  /** Who may send one more when one has come. */
  readonly publisher?: { delivered(): void } | undefined
}

/** Receives one stream: acknowledges each message, and counts it. */
export class Subscriber extends ToolClient {
  readonly stream: Stream
  readonly #tally: Tally
  readonly #options: SubscriberOptions
  #nowUs = 0

  constructor(turn: Turn, tally: Tally, stream: Stream, options: SubscriberOptions = {}) {
    super(turn)
    this.stream = stream
    this.#tally = tally
    this.#options = options
  }

  override onBytes(bytes: Buffer, size: number): void {
    const now = performance.now()
    this.#tally.progressMs = now
    this.#nowUs = microseconds(now)
    super.onBytes(bytes, size)
  }

  override onPublish(
    bytes: Buffer,
    _topicAt: number,
    _topicEnd: number,
    payloadAt: number,
    payloadEnd: number,
    packetId: number,
    flags: number,
  ): void {
    const qos = (flags >> 1) & 3
    if (qos > 0) this.#acknowledge(qos === 1 ? AckType.Puback : AckType.Pubrec, packetId)
    const isOurs =
      payloadEnd - payloadAt >= payloadSizeMin && readWord(bytes, payloadAt) === this.stream.number
    if (isOurs) this.#count(readWord(bytes, payloadAt + 4), readWord(bytes, payloadAt + 8))
    else this.#tally.alien++
  }

  override onAck(type: AckType, packetId: number): void {
    if (type === AckType.Pubrel) this.ack(AckType.Pubcomp, packetId)
    else this.#tally.alien++
  }

  override onLost(because: string): void {
    this.#tally.lose(because)
  }

  #acknowledge(type: AckType, packetId: number): void {
    const { delayedAcks } = this.#options
    if (delayedAcks === undefined) this.ack(type, packetId)
    else delayedAcks.add(this, type, packetId, this.#tally.progressMs)
  }

  #count(sequence: number, sentUs: number): void {
    const tally = this.#tally
    const arrival = this.stream.check.arrive(sequence)
    if (arrival === 'doubled' || arrival === 'alien') {
      tally[arrival]++
      return
    }
    if (arrival === 'late') tally.outOfOrder++
    tally.delivered++
    if (tally.isMeasuring) tally.deliveryUs.add(elapsedUs(sentUs, this.#nowUs))
    this.#options.publisher?.delivered()
  }
}
