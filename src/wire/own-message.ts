import { Message } from '../mqtt/message.ts'
import type { QoS } from '../mqtt/subscription.ts'
import { encodePublish } from './publish-bytes.ts'

/** What a message of this process says. */
export interface OwnMessage {
  /** A topic name. */
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: QoS
  readonly retain: boolean
  /** The client id that it goes under. */
  readonly from: string
  /** Its number among the broker's messages, and monotonic ms. */
  readonly number: number
  readonly receivedAt: number
}

/** A message that no client has sent; it never expires. */
export function makeOwnMessage(own: OwnMessage): Message {
  const { from, number, payload, qos, receivedAt, retain, topic } = own
  const first = 0x30 | (qos << 1) | (retain ? 1 : 0)
  const bytes = Buffer.from(topic)
  const frame = encodePublish({
    shape: 5,
    first,
    packetId: 0,
    topic: bytes,
    properties: [],
    payload,
  })
  const never = Number.POSITIVE_INFINITY
  return new Message(topic, qos, retain, from, receivedAt, never, false, frame, number)
}
