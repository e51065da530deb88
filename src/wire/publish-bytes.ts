import { assert } from '../base/assert.ts'
import { Frame, type WireShape } from '../mqtt/frame.ts'
import type { Message } from '../mqtt/message.ts'
import { readVarint, varintSize, writeVarint } from '../mqtt/varint.ts'

/** The parts of a PUBLISH, as byte ranges; `encodePublish` puts them together. */
export interface PublishParts {
  readonly shape: WireShape
  /** First byte of the fixed header. */
  readonly first: number
  readonly packetId: number
  readonly topic: Uint8Array
  /** Whole properties in their order, without a length in front; empty for shape 3. */
  readonly properties: readonly Uint8Array[]
  readonly payload: Uint8Array
}

/** Encodes a PUBLISH into a frame over bytes of its own. It has an identifier when its QoS asks for one. */
export function encodePublish(parts: PublishParts): Frame {
  const { shape, first, packetId, topic, payload } = parts
  const idSize = (first & 0x06) === 0 ? 0 : 2
  let propertiesSize = 0
  for (const property of parts.properties) propertiesSize += property.length
  const lengthSize = shape === 5 ? varintSize(propertiesSize) : 0
  const remaining = 2 + topic.length + idSize + lengthSize + propertiesSize + payload.length
  const bytes = Buffer.allocUnsafe(1 + varintSize(remaining) + remaining)
  bytes[0] = first
  let at = writeVarint(bytes, 1, remaining)
  at = bytes.writeUInt16BE(topic.length, at)
  bytes.set(topic, at)
  const idAt = at + topic.length
  if (idSize > 0) bytes.writeUInt16BE(packetId, idAt)
  at = idAt + idSize
  if (shape === 5) at = writeVarint(bytes, at, propertiesSize)
  const propertiesAt = at
  for (const property of parts.properties) {
    bytes.set(property, at)
    at += property.length
  }
  bytes.set(payload, at)
  const size = bytes.length
  return new Frame(shape, bytes, 0, size, 1, idSize > 0 ? idAt : -1, propertiesAt, at, at, true)
}

/** Where the topic's bytes begin in a frame of one packet; its two bytes of length are in front. */
export function topicStart(frame: Frame): number {
  const { bytes, start, end } = frame
  return start + 3 + varintSize(readVarint(bytes, start + 1, end))
}

/** Where the topic's bytes end. */
export function topicEnd(frame: Frame, topicAt: number): number {
  return (
    topicAt + (((frame.bytes[topicAt - 2] as number) << 8) | (frame.bytes[topicAt - 1] as number))
  )
}

/** Stands in `Message.encodings` when the message's own frame was used once, and nothing was made. */
const usedOnce: (Frame | undefined)[] = []

/**
 * The bytes that every subscriber of one shape shares, with room for an identifier or without;
 * first byte and identifier are patched in the copy that is sent. A frame that fits is used as it
 * came; when it is asked for again it gets bytes of its own, for whole buffers copy fastest.
 */
export function encodingOf(message: Message, shape: WireShape, withId: boolean): Frame {
  const source = message.frame
  assert(source.count === 1, 'a run of messages is encoded one by one')
  const fits = source.shape === shape && source.idAt >= 0 === withId
  const encodings = message.encodings
  // hot: one subscriber, same shape, same presence of an identifier: no allocation at all.
  if (fits && (encodings === undefined || source.owned)) {
    if (encodings === undefined) message.encodings = usedOnce
    return source
  }
  const index = (shape === 5 ? 2 : 0) + (withId ? 1 : 0)
  const known = encodings?.[index]
  if (known !== undefined) return known
  const made = fits ? source.copy() : convert(source, shape, withId)
  if (encodings === undefined || encodings === usedOnce) {
    message.encodings = [undefined, undefined, undefined, undefined]
  }
  ;(message.encodings as (Frame | undefined)[])[index] = made
  return made
}

/** The same PUBLISH in another shape or with another presence of an identifier. */
function convert(source: Frame, shape: WireShape, withId: boolean): Frame {
  const { bytes, propertiesAt, propertiesEnd, payloadAt, end } = source
  const topicAt = topicStart(source)
  const keepsProperties = shape === 5 && propertiesEnd > propertiesAt
  return encodePublish({
    shape,
    first: 0x30 | (withId ? 0x02 : 0),
    packetId: 0,
    topic: bytes.subarray(topicAt, topicEnd(source, topicAt)),
    properties: keepsProperties ? [bytes.subarray(propertiesAt, propertiesEnd)] : [],
    payload: bytes.subarray(payloadAt, end),
  })
}
