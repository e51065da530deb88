import { Frame, type WireShape } from '../mqtt/frame.ts'
import { Message } from '../mqtt/message.ts'
import type { QoS } from '../mqtt/subscription.ts'
import type { RetainedItem } from '../session/ports.ts'

/** Packets below this size are kept as text; from here on Node gives a buffer memory of its own. */
const textBytesMax = 4096

/** Where the bytes of messages are that are not kept in memory. */
export interface RetainedSource {
  /** The message, RETAIN set; undefined when it is not retained any more. Never rejects. */
  read(retained: RetainedMessage): Promise<Message | undefined>
}

/**
 * A retained message as it is stored: the fields of the message and of its frame in one object,
 * about half of what both and a buffer take, and made into a message again for each subscriber.
 *
 * A small packet is kept as a string of its bytes. As a buffer it would be a slice of Node's pool,
 * of which every slice keeps alive 8 kB: a million topics set once, between other traffic, would
 * pin gigabytes. On the heap it takes its size and 16 bytes, and the collector moves it together.
 */
export class RetainedMessage implements RetainedItem {
  readonly topic: string
  readonly from: string
  readonly number: number
  readonly receivedAt: number
  /** Monotonic ms at which it is forgotten here: the message's expiry or else the store's. */
  readonly forgetAt: number
  /** Whether `forgetAt` is the publisher's wish, which subscribers are told. */
  readonly hasOwnExpiry: boolean
  readonly qos: QoS
  /** Bytes of the packet. */
  readonly size: number
  readonly #shape: WireShape
  readonly #idAt: number
  readonly #propertiesAt: number
  readonly #propertiesEnd: number
  readonly #payloadAt: number
  #bytes: string | Buffer | RetainedSource
  /** Place in the store's expiry heap, −1 when it is not in it. */
  place: number

  /** Copies what it needs of the message, which may go on living in a socket's chunk. */
  constructor(message: Message, expiryMaxMs: number) {
    const frame = message.frame
    const { bytes, start, end, size } = frame
    this.topic = message.topic
    this.from = message.from
    this.number = message.number
    this.receivedAt = message.receivedAt
    this.hasOwnExpiry = message.expiresAt < Number.POSITIVE_INFINITY
    this.forgetAt = this.hasOwnExpiry ? message.expiresAt : message.receivedAt + expiryMaxMs
    this.qos = message.qos
    this.size = size
    this.#shape = frame.shape
    this.#idAt = frame.idAt < 0 ? -1 : frame.idAt - start
    this.#propertiesAt = frame.propertiesAt - start
    this.#propertiesEnd = frame.propertiesEnd - start
    this.#payloadAt = frame.payloadAt - start
    this.#bytes =
      size < textBytesMax ? bytes.toString('latin1', start, end) : copyOf(bytes, start, end)
    this.place = -1
  }

  /** Whether it is forgotten at `now`, swept away or not. */
  isExpired(now: number): boolean {
    return now >= this.forgetAt
  }

  /** Keeps no bytes from here on: the source has them. */
  leaveTo(source: RetainedSource): void {
    this.#bytes = source
  }

  fetch(): Promise<Message | undefined> {
    const bytes = this.#bytes
    if (typeof bytes === 'string' || Buffer.isBuffer(bytes)) {
      return Promise.resolve(this.toMessage())
    }
    return bytes.read(this)
  }

  /** The message on its way to a new subscription, RETAIN set. [MQTT3-3.3.1-8] */
  toMessage(): Message | undefined {
    const kept = this.#bytes
    if (typeof kept !== 'string' && !Buffer.isBuffer(kept)) return undefined
    const bytes = typeof kept === 'string' ? Buffer.from(kept, 'latin1') : kept
    const frame = new Frame(
      this.#shape,
      bytes,
      0,
      this.size,
      1,
      this.#idAt,
      this.#propertiesAt,
      this.#propertiesEnd,
      this.#payloadAt,
      true,
    )
    const expiresAt = this.hasOwnExpiry ? this.forgetAt : Number.POSITIVE_INFINITY
    const { topic, qos, from, receivedAt, number } = this
    return new Message(topic, qos, true, from, receivedAt, expiresAt, true, frame, number)
  }
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start)
  bytes.copy(copy, 0, start, end)
  return copy
}
