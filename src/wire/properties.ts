import type { Frame } from '../mqtt/frame.ts'
import type { UserProperties } from '../mqtt/packets.ts'
import { propertySize } from './property-scan.ts'
import { PropertyId } from './property-table.ts'

/**
 * The properties that travel with an application message from publisher to subscriber unaltered;
 * what belongs to one connection or to time (alias, expiry, identifiers) is not among them.
 */
export interface PublishProperties {
  /** Whether the payload says of itself that it is UTF-8. [MQTT-3.3.2-4] */
  readonly payloadIsUtf8?: boolean | undefined
  readonly contentType?: string | undefined
  readonly responseTopic?: string | undefined
  readonly correlationData?: Buffer | undefined
  /** In the publisher's order. [MQTT-3.3.2-18] */
  readonly userProperties?: UserProperties | undefined
}

/** Reads the properties of a frame that was checked when it came in; what is absent is undefined. */
export function readPublishProperties(frame: Frame): PublishProperties {
  const { bytes, propertiesAt, propertiesEnd } = frame
  const properties: { -readonly [Name in keyof PublishProperties]: PublishProperties[Name] } = {}
  const users: [string, string][] = []
  let at = propertiesAt
  while (at < propertiesEnd) {
    const end = at + propertySize(bytes, at, propertiesEnd)
    switch (bytes[at]) {
      case PropertyId.PayloadFormatIndicator:
        properties.payloadIsUtf8 = bytes[at + 1] === 1
        break
      case PropertyId.ContentType:
        properties.contentType = bytes.toString('utf8', at + 3, end)
        break
      case PropertyId.ResponseTopic:
        properties.responseTopic = bytes.toString('utf8', at + 3, end)
        break
      case PropertyId.CorrelationData:
        properties.correlationData = Buffer.from(bytes.subarray(at + 3, end))
        break
      case PropertyId.UserProperty:
        users.push(readPair(bytes, at, end))
        break
    }
    at = end
  }
  if (users.length > 0) properties.userProperties = users
  return properties
}

/** The user properties among checked properties, in their order. */
export function readUserProperties(bytes: Buffer, at: number, end: number): UserProperties {
  const users: [string, string][] = []
  let place = at
  while (place < end) {
    const next = place + propertySize(bytes, place, end)
    if (bytes[place] === PropertyId.UserProperty) users.push(readPair(bytes, place, next))
    place = next
  }
  return users
}

/** Encodes properties, without their length in front; user properties keep their order. */
export function encodePublishProperties(properties: PublishProperties): Buffer {
  const parts: Buffer[] = []
  if (properties.payloadIsUtf8 !== undefined) {
    parts.push(Buffer.from([PropertyId.PayloadFormatIndicator, properties.payloadIsUtf8 ? 1 : 0]))
  }
  pushText(parts, PropertyId.ContentType, properties.contentType)
  pushText(parts, PropertyId.ResponseTopic, properties.responseTopic)
  if (properties.correlationData !== undefined) {
    parts.push(Buffer.from([PropertyId.CorrelationData]), lengthOf(properties.correlationData))
    parts.push(properties.correlationData)
  }
  for (const [name, value] of properties.userProperties ?? []) {
    const nameBytes = Buffer.from(name)
    const valueBytes = Buffer.from(value)
    parts.push(Buffer.from([PropertyId.UserProperty]), lengthOf(nameBytes), nameBytes)
    parts.push(lengthOf(valueBytes), valueBytes)
  }
  return Buffer.concat(parts)
}

/**
 * The pieces of `bytes[at … end)` without two properties of known sizes; a place of −1 stands for
 * one that is not there.
 */
export function cutOut(
  bytes: Buffer,
  at: number,
  end: number,
  oneAt: number,
  oneSize: number,
  otherAt: number,
  otherSize: number,
): Uint8Array[] {
  const isOneFirst = otherAt < 0 || (oneAt >= 0 && oneAt < otherAt)
  const cutAt = isOneFirst ? oneAt : otherAt
  if (cutAt < 0) return at < end ? [bytes.subarray(at, end)] : []
  const behind = cutAt + (isOneFirst ? oneSize : otherSize)
  const rest = isOneFirst
    ? cutOut(bytes, behind, end, -1, 0, otherAt, otherSize)
    : cutOut(bytes, behind, end, oneAt, oneSize, -1, 0)
  if (cutAt > at) rest.unshift(bytes.subarray(at, cutAt))
  return rest
}

function readPair(bytes: Buffer, at: number, end: number): [string, string] {
  const nameEnd = at + 3 + bytes.readUInt16BE(at + 1)
  return [bytes.toString('utf8', at + 3, nameEnd), bytes.toString('utf8', nameEnd + 2, end)]
}

function pushText(parts: Buffer[], id: number, text: string | undefined): void {
  if (text === undefined) return
  const bytes = Buffer.from(text)
  parts.push(Buffer.from([id]), lengthOf(bytes), bytes)
}

/** Two bytes of length; throws RangeError above 65,535, which is a bug of who made the value. */
function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.allocUnsafe(2)
  length.writeUInt16BE(bytes.length)
  return length
}
