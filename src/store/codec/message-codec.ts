import { Frame } from '../../mqtt/frame.ts'
import { Message } from '../../mqtt/message.ts'
import type { Delivery, QoS } from '../../mqtt/subscription.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/**
 * What to add to the broker's monotonic ms to get the store's, which go on from one process to the
 * next.
 */
export type TimeOffset = number

/** Bits of a message's first byte, behind the two of its QoS. */
const MessageFlag = {
  retain: 0x04,
  isRetained: 0x08,
  shape5: 0x10,
  expires: 0x20,
  /** The topic is where it is in a PUBLISH, and not written once more. */
  topicInFrame: 0x40,
  /** When it came in counts only for what is retained. */
  received: 0x80,
} as const

/** Bits of a delivery's first byte, behind the two of its QoS. */
const DeliveryFlag = { retainAsPublished: 0x04, hasIds: 0x08, isShared: 0x10 } as const

export function writeTime(writer: ByteWriter, at: number, offset: TimeOffset): void {
  writer.signed(Math.round(at + offset))
}

export function readTime(reader: ByteReader, offset: TimeOffset): number {
  return reader.signed() - offset
}

export function writeMessage(writer: ByteWriter, message: Message, offset: TimeOffset): void {
  const { expiresAt, frame, from, isRetained, number, qos, receivedAt, retain, topic } = message
  const expires = expiresAt < Number.POSITIVE_INFINITY
  const topicAt = findTopic(frame, topic)
  let flags: number = qos
  if (retain) flags |= MessageFlag.retain
  if (isRetained) flags |= MessageFlag.isRetained
  if (frame.shape === 5) flags |= MessageFlag.shape5
  if (expires) flags |= MessageFlag.expires
  if (topicAt > 0) flags |= MessageFlag.topicInFrame
  if (retain) flags |= MessageFlag.received
  writer.byte(flags)
  writer.text(from)
  writer.integer(number)
  if (retain) writeTime(writer, receivedAt, offset)
  if (expires) writeTime(writer, expiresAt, offset)
  if (topicAt > 0) writer.integer(topicAt)
  else writer.text(topic)
  const { bytes, end, idAt, payloadAt, propertiesAt, propertiesEnd, start } = frame
  writer.integer(idAt < 0 ? 0 : idAt - start + 1)
  writer.integer(propertiesAt - start)
  writer.integer(propertiesEnd - start)
  writer.integer(payloadAt - start)
  writer.bytes(bytes, start, end)
}

/**
 * Reads what `writeMessage` wrote; its bytes are its own. One that is not retained came in when the
 * store began, as far as is known. Throws: DamagedBytes.
 */
export function readMessage(reader: ByteReader, offset: TimeOffset): Message {
  const flags = reader.byte()
  const from = reader.text()
  const number = reader.integer()
  const receivedAt = (flags & MessageFlag.received) === 0 ? -offset : readTime(reader, offset)
  const expires = (flags & MessageFlag.expires) !== 0
  const expiresAt = expires ? readTime(reader, offset) : Number.POSITIVE_INFINITY
  const isInFrame = (flags & MessageFlag.topicInFrame) !== 0
  const topicAt = isInFrame ? reader.integer() : 0
  const topic = isInFrame ? '' : reader.text()
  const idAt = reader.integer() - 1
  const propertiesAt = reader.integer()
  const propertiesEnd = reader.integer()
  const payloadAt = reader.integer()
  const bytes = reader.bytes()
  const shape = (flags & MessageFlag.shape5) === 0 ? 3 : 5
  const size = bytes.length
  const frame = new Frame(
    shape,
    bytes,
    0,
    size,
    1,
    idAt,
    propertiesAt,
    propertiesEnd,
    payloadAt,
    true,
  )
  return new Message(
    isInFrame ? topicOf(bytes, topicAt) : topic,
    (flags & 3) as QoS,
    (flags & MessageFlag.retain) !== 0,
    from,
    receivedAt,
    expiresAt,
    (flags & MessageFlag.isRetained) !== 0,
    frame,
    number,
  )
}

/** Goes past what `writeMessage` wrote. Throws: DamagedBytes. */
export function skipMessage(reader: ByteReader): void {
  const flags = reader.byte()
  reader.skipBytes()
  reader.integer()
  if ((flags & MessageFlag.received) !== 0) reader.integer()
  if ((flags & MessageFlag.expires) !== 0) reader.integer()
  if ((flags & MessageFlag.topicInFrame) !== 0) reader.integer()
  else reader.skipBytes()
  for (let i = 0; i < 4; i++) reader.integer()
  reader.skipBytes()
}

export function writeDelivery(writer: ByteWriter, delivery: Delivery): void {
  const { qos, retainAsPublished, shared, subscriptionIds } = delivery
  let flags: number = qos
  if (retainAsPublished) flags |= DeliveryFlag.retainAsPublished
  if (subscriptionIds !== undefined) flags |= DeliveryFlag.hasIds
  if (shared !== undefined) flags |= DeliveryFlag.isShared
  writer.byte(flags)
  if (subscriptionIds !== undefined) {
    writer.integer(subscriptionIds.length)
    for (let i = 0; i < subscriptionIds.length; i++) writer.integer(subscriptionIds[i] as number)
  }
  if (shared !== undefined) writer.text(shared)
}

/** Reads what `writeDelivery` wrote; shared where nothing in it is particular. Throws: DamagedBytes. */
export function readDelivery(reader: ByteReader): Delivery {
  const flags = reader.byte()
  if (flags < DeliveryFlag.hasIds) return plainDeliveries[flags] as Delivery
  const subscriptionIds: number[] = []
  if ((flags & DeliveryFlag.hasIds) !== 0) {
    for (let left = reader.integer(); left > 0; left--) subscriptionIds.push(reader.integer())
  }
  const isShared = (flags & DeliveryFlag.isShared) !== 0
  return Object.freeze({
    qos: (flags & 3) as QoS,
    retainAsPublished: (flags & DeliveryFlag.retainAsPublished) !== 0,
    subscriptionIds: subscriptionIds.length > 0 ? subscriptionIds : undefined,
    shared: isShared ? reader.text() : undefined,
  })
}

/** By their flags. */
const plainDeliveries: readonly Delivery[] = [0, 1, 2, 3, 4, 5, 6, 7].map((flags) =>
  Object.freeze({
    qos: (flags & 3) as QoS,
    retainAsPublished: (flags & DeliveryFlag.retainAsPublished) !== 0,
    subscriptionIds: undefined,
    shared: undefined,
  }),
)

/**
 * Where the topic is in a PUBLISH, from its first byte on: behind the fixed header and two bytes of
 * length. 0 when it is not there, or not in ASCII, which is to be compared without decoding.
 */
function findTopic(frame: Frame, topic: string): number {
  const { bytes, start, end } = frame
  const { length } = topic
  let at = start + 1
  while (at < end && (bytes[at] as number) > 0x7f) at++
  at += 3
  if (at + length > end) return 0
  if ((((bytes[at - 2] as number) << 8) | (bytes[at - 1] as number)) !== length) return 0
  for (let i = 0; i < length; i++) {
    const code = topic.charCodeAt(i)
    if (code > 0x7f || code !== bytes[at + i]) return 0
  }
  return at - start
}

function topicOf(bytes: Buffer, at: number): string {
  const length = ((bytes[at - 2] as number) << 8) | (bytes[at - 1] as number)
  return bytes.toString('latin1', at, at + length)
}
