import type { QoS } from '../mqtt/subscription.ts'
import { checkTopicName } from '../mqtt/topic.ts'
import type { PublishProperties } from '../wire/properties.ts'

/** Properties of MQTT 5 that a program gives a message; all of them reach subscribers. */
export interface PublishRequestProperties {
  /** Whether the payload says of itself that it is UTF-8. */
  readonly payloadIsUtf8?: boolean
  readonly contentType?: string
  readonly responseTopic?: string
  readonly correlationData?: Uint8Array
  /** Names and values; a list of pairs where a name stands twice or the order matters. */
  readonly userProperties?:
    | Readonly<Record<string, string>>
    | readonly (readonly [name: string, value: string])[]
  /** Whole seconds, 0 … 4,294,967,295, after which nobody gets it any more. */
  readonly messageExpiryInterval?: number
}

/** What a program publishes. */
export interface PublishRequest {
  /** A topic name; `$SYS/…` and `$share/…` are not for publishing. */
  readonly topic: string
  /** Copied, text as UTF-8; nothing at all by default, which clears a retained message. */
  readonly payload?: string | Uint8Array
  /** 0 by default. At 1 and 2 the promise waits until the message is safe. */
  readonly qos?: QoS
  readonly retain?: boolean
  readonly properties?: PublishRequestProperties
}

/** A request that was found right, as a message is made of it. */
export interface CheckedRequest {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: QoS
  readonly retain: boolean
  /** Milliseconds; `Infinity` for never. */
  readonly expiresInMs: number
  readonly properties: PublishProperties
}

/** Bytes of a text in a packet, and of a whole payload with its properties. */
const textBytesMax = 65_535
const packetBytesMax = 256 * 1024 * 1024 - 1024

/** Reads a request. Throws: TypeError, RangeError; they name what is wrong and what is wanted. */
export function checkRequest(request: PublishRequest): CheckedRequest {
  const { qos = 0, retain = false, properties = {} } = request
  if (![0, 1, 2].includes(qos)) throw new RangeError(`qos is ${qos}; wanted: 0, 1 or 2`)
  if (typeof retain !== 'boolean')
    throw new TypeError('retain is no boolean; wanted: true or false')
  const topic = checkTopic('topic', request.topic)
  const isReserved = topic.startsWith('$SYS/') || topic.startsWith('$share/')
  if (isReserved) throw new RangeError(`topic ${topic} belongs to the broker; wanted: another one`)
  const payload = toBytes('payload', request.payload ?? '', packetBytesMax)
  const users = checkUserProperties(properties.userProperties)
  const usersBytes = users.reduce((sum, [a, b]) => sum + a.length + b.length, 0)
  if (usersBytes + payload.length > packetBytesMax) {
    throw new RangeError('the message is larger than MQTT can write; wanted: less than 256MB')
  }
  return {
    topic,
    payload,
    qos,
    retain,
    expiresInMs: checkExpiry(properties.messageExpiryInterval),
    properties: {
      payloadIsUtf8: properties.payloadIsUtf8,
      contentType: optionalText('contentType', properties.contentType),
      responseTopic:
        properties.responseTopic === undefined
          ? undefined
          : checkTopic('responseTopic', properties.responseTopic),
      correlationData:
        properties.correlationData === undefined
          ? undefined
          : Buffer.from(toBytes('correlationData', properties.correlationData, textBytesMax)),
      userProperties: users,
    },
  }
}

function checkTopic(name: string, topic: unknown): string {
  const text = checkText(name, topic)
  const refusal = checkTopicName(text)
  if (refusal === undefined) return text
  throw new RangeError(`${name} is ${refusal.because}; wanted: a topic name, such as a/b`)
}

function checkText(name: string, text: unknown): string {
  if (typeof text !== 'string') throw new TypeError(`${name} is no text; wanted: a string`)
  if (/\p{Surrogate}|\0/u.test(text)) {
    throw new RangeError(`${name} has half a character or U+0000 in it; wanted: text for UTF-8`)
  }
  if (text.length * 3 > textBytesMax && Buffer.byteLength(text) > textBytesMax) {
    throw new RangeError(`${name} is too long; wanted: at most ${textBytesMax} bytes`)
  }
  return text
}

function optionalText(name: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : checkText(name, text)
}

function toBytes(name: string, value: unknown, bytesMax: number): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`${name} is neither text nor bytes; wanted: a string or a Uint8Array`)
  }
  if (bytes.length <= bytesMax) return bytes
  throw new RangeError(`${name} has ${bytes.length} bytes; wanted: at most ${bytesMax}`)
}

function checkUserProperties(
  given: PublishRequestProperties['userProperties'],
): readonly (readonly [string, string])[] {
  const pairs = Array.isArray(given) ? given : Object.entries(given ?? {})
  return pairs.map(([name, value]) => [
    checkText('the name of a user property', name),
    checkText(`the user property ${name}`, value),
  ])
}

function checkExpiry(seconds: number | undefined): number {
  if (seconds === undefined) return Number.POSITIVE_INFINITY
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= 0xffff_ffff) return seconds * 1000
  const wanted = 'whole seconds from 0 to 4294967295'
  throw new RangeError(`messageExpiryInterval is ${seconds}; wanted: ${wanted}`)
}
