import { Message } from '../mqtt/message.ts'
import type { Refusal } from '../mqtt/refusal.ts'
import { varintMax, varintSize } from '../mqtt/varint.ts'
import type { MessageParts } from '../store/transfer/ports.ts'
import { scan } from '../wire/check-properties.ts'
import { allowedProperties } from '../wire/property-table.ts'
import { encodePublish } from '../wire/publish-bytes.ts'
import { malformed } from '../wire/refuse.ts'

/**
 * Makes a message of what an export says of it. Refuses MalformedPacket and ProtocolError: what no
 * PUBLISH can be, and properties that never travel with a message (alias, expiry, identifiers).
 */
export function makeStoredMessage(parts: MessageParts): Message | Refusal {
  const { payload, properties, qos, retain, shape } = parts
  const topic = Buffer.from(parts.topic)
  const headerSize = 2 + (qos > 0 ? 2 : 0) + (shape === 5 ? varintSize(properties.length) : 0)
  if (headerSize + topic.length + properties.length + payload.length > varintMax) {
    return malformed('the message is larger than a packet can be')
  }
  const refusal = checkProperties(properties, shape)
  if (refusal !== undefined) return refusal
  const first = 0x30 | (qos << 1) | (retain ? 1 : 0)
  const kept = properties.length > 0 ? [properties] : []
  const frame = encodePublish({ shape, first, packetId: 0, topic, properties: kept, payload })
  const { expiresAt, from, isRetained, number, receivedAt } = parts
  return new Message(
    parts.topic,
    qos,
    retain,
    from,
    receivedAt,
    expiresAt,
    isRetained,
    frame,
    number,
  )
}

function checkProperties(properties: Buffer, shape: 3 | 5): Refusal | undefined {
  if (properties.length === 0) return undefined
  if (shape === 3) return malformed('a PUBLISH of shape 3 has no properties')
  const refusal = scan.scan(properties, 0, properties.length, allowedProperties.publish, false)
  if (refusal !== undefined) return refusal
  if (scan.topicAliasAt < 0 && scan.messageExpiryAt < 0) return undefined
  return malformed('an alias and an expiry interval never travel with a message')
}
