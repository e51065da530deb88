import type { StoredSession, StoredWill } from '../../broker/ports.ts'
import type { Message } from '../../mqtt/message.ts'
import type { Delivery, SubscriptionOptions } from '../../mqtt/subscription.ts'
import type { LaneSnapshot, QueuedEntry } from '../../session/lane.ts'
import type { SlotSnapshot } from '../../session/snapshot.ts'
import { type ExportHeader, type ExportTime, exportFormat } from './format.ts'

/** A line of an export, to be written as JSON; a field that is undefined is left out. */
export type Line = { readonly type: string } & Readonly<Record<string, unknown>>

export function headerLine({ backend, broker, exportedAtWallMs }: ExportHeader): Line {
  return { type: 'header', format: exportFormat, broker, exportedAt: exportedAtWallMs, backend }
}

/** A session but for what is in it, which follows in lines of its own. */
export function sessionLine({ key, snapshot, state }: StoredSession, time: ExportTime): Line {
  const { disconnectedAt, expiryInterval, will } = state
  return {
    type: 'session',
    clientId: key.clientId,
    generation: key.generation,
    zone: state.zone,
    username: state.username,
    expiryInterval: expiryInterval === Number.POSITIVE_INFINITY ? 'never' : expiryInterval,
    createdAt: state.createdAtWallMs,
    disconnectedAt: disconnectedAt === undefined ? undefined : time.toWall(disconnectedAt),
    isOver: state.isOver,
    nextPacketId: snapshot.nextPacketId,
    nextSequence: snapshot.nextSequence,
    will: will && willFields(will, time),
  }
}

export function subscriptionLine(filter: string, options: SubscriptionOptions): Line {
  const { noLocal, qos, retainAsPublished, retainHandling, subscriptionId } = options
  const fields = { filter, qos, noLocal, retainAsPublished, retainHandling, subscriptionId }
  return { type: 'subscription', ...fields }
}

/** Whether it was sent is known only to the process that has gone: none of a store says it was not. */
export function slotLine(slot: SlotSnapshot, time: ExportTime): Line {
  const { order, packetId, phase } = slot
  if (phase === 'pubrel') return { type: 'slot', packetId, order, phase }
  const delivery = deliveryFields(slot.delivery)
  const message = messageFields(slot.message, time)
  return { type: 'slot', packetId, order, phase, qos: slot.qos, delivery, message }
}

export function awaitingRelLine(packetId: number, receivedAt: number, time: ExportTime): Line {
  return { type: 'awaitingRel', packetId, receivedAt: time.toWall(receivedAt) }
}

/** How much waits in it, the lines behind it say. */
export function laneLine({ head, isShared, key, table, tail }: LaneSnapshot): Line {
  return { type: 'lane', lane: key, head, tail, isShared, table }
}

export function queuedLine({ delivery, message, sequence }: QueuedEntry, time: ExportTime): Line {
  const fields = { delivery: deliveryFields(delivery), message: messageFields(message, time) }
  return { type: 'queued', sequence, ...fields }
}

export function retainedLine(message: Message, time: ExportTime): Line {
  return { type: 'retained', message: messageFields(message, time) }
}

function willFields({ delay, expiryInterval, message }: StoredWill, time: ExportTime): object {
  return { delay, expiryInterval, message: messageFields(message, time) }
}

function deliveryFields({ qos, retainAsPublished, shared, subscriptionIds }: Delivery): object {
  return { qos, retainAsPublished, subscriptionIds, shared }
}

/** When it came in counts only for what is retained. */
function messageFields(message: Message, time: ExportTime): object {
  const { expiresAt, frame, from, isRetained, number, qos, receivedAt, retain, topic } = message
  const { bytes, propertiesAt, propertiesEnd, shape } = frame
  const hasProperties = propertiesEnd > propertiesAt
  return {
    topic,
    qos,
    retain,
    isRetained,
    from,
    number,
    receivedAt: retain ? time.toWall(receivedAt) : undefined,
    expiresAt: expiresAt < Number.POSITIVE_INFINITY ? time.toWall(expiresAt) : undefined,
    shape,
    properties: hasProperties ? bytes.toString('base64', propertiesAt, propertiesEnd) : undefined,
    payload: message.payload.toString('base64'),
  }
}
