import { Frame } from './frame.ts'
import type { QoS } from './subscription.ts'

/**
 * An application message inside the broker, or a run of QoS 0 messages that one client sent in a
 * row to one topic (`count` > 1; see `Frame`). It is immutable but for where its bytes live.
 *
 * The frame it came in as is kept, for what goes out is usually what came in; further encodings
 * that several subscribers need are made by `wire/publish-bytes.ts` and kept in `encodings`.
 * In the frame's properties there is never a Topic Alias, a Message Expiry Interval or a
 * Subscription Identifier: the first two are taken out at the edge, the third is ours to add.
 */
export class Message {
  readonly topic: string
  readonly qos: QoS
  readonly retain: boolean
  /** Client id of the publisher; empty for the broker's own messages. */
  readonly from: string
  /** Monotonic ms at which it came in. */
  readonly receivedAt: number
  /** Monotonic ms at which it expires, `Infinity` when it never does. */
  readonly expiresAt: number
  /** Whether this is a retained message on its way to a new subscription. [MQTT-3.3.1-8] */
  readonly isRetained: boolean
  /** Numbers the broker's messages; with the broker's id the identity of the message in a cluster. */
  readonly number: number
  #frame: Frame
  /**
   * Encodings made for subscribers, by `encodingIndex`: shape 3 without and with an identifier,
   * shape 5 without and with one. Owned by `wire/publish-bytes.ts`.
   */
  encodings: (Frame | undefined)[] | undefined
  /** The batch in which a store has it already, and as what; owned by the store. */
  notedBy: object | undefined
  notedAs: number

  constructor(
    topic: string,
    qos: QoS,
    retain: boolean,
    from: string,
    receivedAt: number,
    expiresAt: number,
    isRetained: boolean,
    frame: Frame,
    number: number,
  ) {
    this.topic = topic
    this.qos = qos
    this.retain = retain
    this.from = from
    this.receivedAt = receivedAt
    this.expiresAt = expiresAt
    this.isRetained = isRetained
    this.number = number
    this.#frame = frame
    this.encodings = undefined
    this.notedBy = undefined
    this.notedAs = 0
  }

  /** The frame it came in as. */
  get frame(): Frame {
    return this.#frame
  }

  /** How many messages this stands for; above 1 only for a run at QoS 0. */
  get count(): number {
    return this.#frame.count
  }

  /** Bytes that it keeps alive while queued: its frame's, and what its object costs. */
  get cost(): number {
    return this.#frame.size + 200
  }

  /** The payload, as a view; of the first message of a run. */
  get payload(): Buffer {
    const { bytes, payloadAt, end, count } = this.#frame
    if (count === 1) return bytes.subarray(payloadAt, end)
    return bytes.subarray(payloadAt, this.#frame.start + this.#frame.size / count)
  }

  /** Bytes of the payload. */
  get payloadSize(): number {
    const { payloadAt, end } = this.#frame
    return this.count === 1 ? end - payloadAt : this.payload.length
  }

  /**
   * Must be called before it is kept past this turn of the event loop: copies the bytes, once,
   * so that a small message does not pin the socket's whole chunk. Answers the message.
   */
  keep(): this {
    if (!this.#frame.owned) {
      this.#frame = this.#frame.copy()
      this.encodings = undefined
    }
    return this
  }

  /**
   * The messages of a run, one by one, numbered consecutively as they were reserved; a message that
   * is no run answers itself. They share the run's bytes, so each is to be kept on its own.
   */
  split(): Message[] {
    const { shape, bytes, start, size, count, propertiesAt, propertiesEnd, payloadAt } = this.#frame
    if (count === 1) return [this]
    const each = size / count
    const messages: Message[] = []
    for (let i = 0; i < count; i++) {
      const by = i * each
      const at = start + by
      const frame = new Frame(
        shape,
        bytes,
        at,
        at + each,
        1,
        -1,
        propertiesAt + by,
        propertiesEnd + by,
        payloadAt + by,
        false,
      )
      messages.push(this.#alike(frame, this.number + i))
    }
    return messages
  }

  #alike(frame: Frame, number: number): Message {
    const { topic, qos, retain, from, receivedAt, expiresAt, isRetained } = this
    return new Message(topic, qos, retain, from, receivedAt, expiresAt, isRetained, frame, number)
  }

  isExpired(now: number): boolean {
    return now >= this.expiresAt
  }

  /** The same message as a retained one for a new subscription: RETAIN set. [MQTT3-3.3.1-8] */
  asRetained(): Message {
    return new Message(
      this.topic,
      this.qos,
      true,
      this.from,
      this.receivedAt,
      this.expiresAt,
      true,
      this.#frame,
      this.number,
    )
  }
}
