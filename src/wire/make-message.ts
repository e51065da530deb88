import { assert } from '../base/assert.ts'
import { Message } from '../mqtt/message.ts'
import type { QoS } from '../mqtt/subscription.ts'
import { encodePublishProperties, type PublishProperties } from './properties.ts'
import { encodePublish } from './publish-bytes.ts'

/** What a message is made of that did not come in as a PUBLISH. */
export interface MessageParts {
  /** A valid topic name of at most 65,535 bytes. */
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: QoS
  readonly retain: boolean
  /** Client id of the publisher; empty for the broker's own messages. */
  readonly from: string
  /** Monotonic ms. */
  readonly receivedAt: number
  /** Monotonic ms, `Infinity` for never. */
  readonly expiresAt: number
  readonly properties?: PublishProperties | undefined
  readonly number: number
}

/** Makes a message of wills, of the broker's own and of library callers. Its bytes are its own. */
export function makeMessage(parts: MessageParts): Message {
  const properties = parts.properties
  return makeRawMessage(
    parts,
    properties === undefined ? [] : [encodePublishProperties(properties)],
  )
}

/** The same with properties that are encoded already, in pieces. */
export function makeRawMessage(
  parts: Omit<MessageParts, 'properties'>,
  properties: readonly Uint8Array[],
): Message {
  const topic = Buffer.from(parts.topic)
  assert(topic.length > 0 && topic.length <= 65535, 'a topic name has 1 to 65535 bytes')
  const frame = encodePublish({
    shape: 5,
    first: 0x30 | (parts.qos << 1) | (parts.retain ? 1 : 0),
    packetId: 0,
    topic,
    properties,
    payload: parts.payload,
  })
  const { qos, retain, from, receivedAt, expiresAt, number } = parts
  return new Message(parts.topic, qos, retain, from, receivedAt, expiresAt, false, frame, number)
}
