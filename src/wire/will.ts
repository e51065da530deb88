import type { IConnectPacket } from 'mqtt-packet'
import type { WillPacket } from '../mqtt/packets.ts'
import { makeRawMessage } from './make-message.ts'
import { cutOut } from './properties.ts'
import type { MessageNumbering } from './publish-reader.ts'
import type { WillLayout } from './well-formed-connect.ts'

/**
 * Makes the will of a CONNECT. Its message has the properties as they came but for delay and
 * expiry, which begin when the connection ends; it never expires before it is published.
 */
export function makeWill(
  packet: IConnectPacket,
  bytes: Buffer,
  layout: WillLayout | undefined,
  numbering: MessageNumbering,
  now: number,
): WillPacket | undefined {
  const will = packet.will
  if (will === undefined || layout === undefined) return undefined
  const { propertiesAt, propertiesEnd, delayAt, expiryAt } = layout
  const message = makeRawMessage(
    {
      topic: will.topic,
      payload: will.payload as Buffer,
      qos: will.qos ?? 0,
      retain: will.retain ?? false,
      from: packet.clientId,
      receivedAt: now,
      expiresAt: Number.POSITIVE_INFINITY,
      number: ++numbering.last,
    },
    cutOut(bytes, propertiesAt, propertiesEnd, delayAt, 5, expiryAt, 5),
  )
  return {
    message,
    delay: layout.delay,
    expiryInterval: layout.expiry < 0 ? undefined : layout.expiry,
  }
}
