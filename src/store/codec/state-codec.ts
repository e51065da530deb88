import type { SessionState, StoredWill } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import {
  type Delivery,
  type QoS,
  type RetainHandling,
  type SubscriptionOptions,
  subscriptionOptions,
} from '../../mqtt/subscription.ts'
import type { LaneSnapshot } from '../../session/lane.ts'
import type { SessionSnapshot, SlotSnapshot } from '../../session/snapshot.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import {
  readDelivery,
  readMessage,
  readTime,
  type TimeOffset,
  writeDelivery,
  writeMessage,
  writeTime,
} from './message-codec.ts'

/** Bits of a subscription's first byte, behind QoS and retain handling. */
const SubscriptionFlag = { noLocal: 0x10, retainAsPublished: 0x20, hasId: 0x40 } as const

/** Writes a number that may be missing or `Infinity`, as one that is never negative. */
function writeOptional(writer: ByteWriter, value: number | undefined): void {
  if (value === undefined) writer.integer(0)
  else if (value === Number.POSITIVE_INFINITY) writer.integer(1)
  else writer.integer(value + 2)
}

function readOptional(reader: ByteReader): number | undefined {
  const value = reader.integer()
  if (value === 0) return undefined
  return value === 1 ? Number.POSITIVE_INFINITY : value - 2
}

/** What the store knows of a session besides what is in it. */
export function writeState(writer: ByteWriter, state: SessionState, offset: TimeOffset): void {
  const { createdAtWallMs, disconnectedAt, expiryInterval, isOver, username, will, zone } = state
  writer.text(zone)
  writer.byte(isOver ? 1 : 0)
  writer.byte(username === undefined ? 0 : 1)
  if (username !== undefined) writer.text(username)
  writeOptional(writer, expiryInterval)
  writer.signed(createdAtWallMs)
  writer.byte(disconnectedAt === undefined ? 0 : 1)
  if (disconnectedAt !== undefined) writeTime(writer, disconnectedAt, offset)
  writer.byte(will === undefined ? 0 : 1)
  if (will !== undefined) writeWill(writer, will, offset)
}

/** Throws: DamagedBytes. */
export function readState(reader: ByteReader, offset: TimeOffset): SessionState {
  const zone = reader.text()
  const isOver = reader.byte() === 1
  const username = reader.byte() === 0 ? undefined : reader.text()
  const expiryInterval = readOptional(reader) ?? 0
  const createdAtWallMs = reader.signed()
  const disconnectedAt = reader.byte() === 0 ? undefined : readTime(reader, offset)
  const will = reader.byte() === 0 ? undefined : readWill(reader, offset)
  return { username, zone, expiryInterval, will, createdAtWallMs, disconnectedAt, isOver }
}

function writeWill(writer: ByteWriter, will: StoredWill, offset: TimeOffset): void {
  writer.integer(will.delay)
  writeOptional(writer, will.expiryInterval)
  writeMessage(writer, will.message, offset)
}

function readWill(reader: ByteReader, offset: TimeOffset): StoredWill {
  const delay = reader.integer()
  const expiryInterval = readOptional(reader)
  return { delay, expiryInterval, message: readMessage(reader, offset) }
}

export function writeSubscription(
  writer: ByteWriter,
  filter: string,
  options: SubscriptionOptions,
): void {
  writer.text(filter)
  writeOptions(writer, options)
}

/** Throws: DamagedBytes. */
export function readSubscription(
  reader: ByteReader,
): [filter: string, options: SubscriptionOptions] {
  return [reader.text(), readOptions(reader)]
}

/** A subscription without its filter. */
export function writeOptions(writer: ByteWriter, options: SubscriptionOptions): void {
  const { noLocal, qos, retainAsPublished, retainHandling, subscriptionId } = options
  let flags: number = qos | (retainHandling << 2)
  if (noLocal) flags |= SubscriptionFlag.noLocal
  if (retainAsPublished) flags |= SubscriptionFlag.retainAsPublished
  if (subscriptionId !== undefined) flags |= SubscriptionFlag.hasId
  writer.byte(flags)
  if (subscriptionId !== undefined) writer.integer(subscriptionId)
}

/** Throws: DamagedBytes. */
export function readOptions(reader: ByteReader): SubscriptionOptions {
  const flags = reader.byte()
  return subscriptionOptions(
    (flags & 3) as QoS,
    (flags & SubscriptionFlag.noLocal) !== 0,
    (flags & SubscriptionFlag.retainAsPublished) !== 0,
    ((flags >> 2) & 3) as RetainHandling,
    (flags & SubscriptionFlag.hasId) !== 0 ? reader.integer() : undefined,
  )
}

export function writeLane(writer: ByteWriter, lane: LaneSnapshot): void {
  const { bytes, head, isShared, key, length, table, tail } = lane
  writer.integer(key)
  writer.integer(head)
  writer.integer(tail - head)
  writer.integer(length)
  writer.integer(bytes)
  writer.byte(isShared ? 1 : 0)
  writer.integer(table)
}

/** Throws: DamagedBytes. */
export function readLane(reader: ByteReader): LaneSnapshot {
  const key = reader.integer()
  const head = reader.integer()
  const tail = head + reader.integer()
  const length = reader.integer()
  const bytes = reader.integer()
  const isShared = reader.byte() === 1
  return { key, head, tail, length, bytes, isShared, table: reader.integer() }
}

/** A session but for what waits, which is in pages of its own. */
export function writeSnapshot(
  writer: ByteWriter,
  snapshot: SessionSnapshot,
  offset: TimeOffset,
): void {
  const { awaitingRel, inflight, lanes, nextPacketId, nextSequence, subscriptions } = snapshot
  writer.integer(subscriptions.length)
  for (const [filter, options] of subscriptions) writeSubscription(writer, filter, options)
  writer.integer(nextPacketId)
  writer.integer(nextSequence)
  writer.integer(inflight.length)
  for (const slot of inflight) writeSlot(writer, slot, offset)
  writer.integer(lanes.length)
  for (const lane of lanes) writeLane(writer, lane)
  writer.integer(awaitingRel.length)
  for (const [packetId, receivedAt] of awaitingRel) {
    writer.integer(packetId)
    writeTime(writer, receivedAt, offset)
  }
}

/** What `writeSnapshot` wrote of a session. Throws: DamagedBytes. */
export function readSnapshot(
  reader: ByteReader,
  offset: TimeOffset,
): Omit<SessionSnapshot, 'clientId' | 'generation' | 'createdAtWallMs'> {
  const subscriptions = readList(reader, () => readSubscription(reader))
  const nextPacketId = reader.integer()
  const nextSequence = reader.integer()
  const inflight = readList(reader, () => readSlot(reader, offset))
  const lanes = readList(reader, () => readLane(reader))
  const awaitingRel = readList(reader, () => [reader.integer(), readTime(reader, offset)] as const)
  return { subscriptions, nextPacketId, nextSequence, inflight, lanes, mqueue: [], awaitingRel }
}

function writeSlot(writer: ByteWriter, slot: SlotSnapshot, offset: TimeOffset): void {
  const { order, packetId, phase } = slot
  if (phase === 'pubrel') return writePubrelSlot(writer, packetId, order)
  writePublishSlot(writer, packetId, order, slot.qos, slot.message, slot.delivery, offset)
}

/** A slot whose PUBLISH is unacknowledged. */
// hot: once for each message that is stored.
export function writePublishSlot(
  writer: ByteWriter,
  packetId: number,
  order: number,
  qos: QoS,
  message: Message,
  delivery: Delivery,
  offset: TimeOffset,
): void {
  writer.integer(packetId)
  writer.integer(order)
  writer.byte(qos)
  writeMessage(writer, message, offset)
  writeDelivery(writer, delivery)
}

/** A slot that waits for PUBCOMP. */
export function writePubrelSlot(writer: ByteWriter, packetId: number, order: number): void {
  writer.integer(packetId)
  writer.integer(order)
  writer.byte(0)
}

/** What was sent of it is unknown: it counts as sent. Throws: DamagedBytes. */
export function readSlot(reader: ByteReader, offset: TimeOffset): SlotSnapshot {
  const packetId = reader.integer()
  const order = reader.integer()
  const qos = reader.byte() as QoS
  if (qos === 0) return { phase: 'pubrel', packetId, order }
  const message = readMessage(reader, offset)
  const delivery = readDelivery(reader)
  return { phase: 'publish', packetId, order, message, qos, delivery, wasSent: true }
}

function readList<T>(reader: ByteReader, read: () => T): T[] {
  const list: T[] = []
  for (let left = reader.integer(); left > 0; left--) list.push(read())
  return list
}
