import type { SubscriptionOptions } from '../mqtt/subscription.ts'
import {
  type ClientVersion,
  fourBytes,
  packet,
  properties,
  property,
  text,
  twoBytes,
  varint,
} from './fields.ts'

/** One topic filter of a SUBSCRIBE. All but `qos` is MQTT 5's, and left out for 3.1.1. */
export type FilterOptions = { readonly filter: string } & Pick<SubscriptionOptions, 'qos'> &
  Partial<Omit<SubscriptionOptions, 'subscriptionId'>>

const sessionExpiryInterval = 0x11
const subscriptionIdentifier = 0x0b

export const pingreq: Buffer = packet(0xc0, [])

/** Encodes SUBSCRIBE; the Subscription Identifier is MQTT 5's, and left out for 3.1.1. */
export function encodeSubscribe(
  version: ClientVersion,
  packetId: number,
  filters: readonly FilterOptions[],
  subscriptionId?: number,
): Buffer {
  const list =
    subscriptionId === undefined ? [] : [property(subscriptionIdentifier, varint(subscriptionId))]
  const payload = filters.map((each) =>
    Buffer.concat([text(each.filter), Buffer.from([subscriptionFlags(version, each)])]),
  )
  return packet(0x82, [twoBytes(packetId), properties(version, list), ...payload])
}

export function encodeUnsubscribe(
  version: ClientVersion,
  packetId: number,
  filters: readonly string[],
): Buffer {
  return packet(0xa2, [twoBytes(packetId), properties(version, []), ...filters.map(text)])
}

/** Encodes DISCONNECT; reason code and session expiry (seconds) are MQTT 5's. */
export function encodeDisconnect(
  version: ClientVersion,
  reasonCode = 0,
  sessionExpiry?: number,
): Buffer {
  if (version < 5) return packet(0xe0, [])
  if (sessionExpiry === undefined && reasonCode === 0) return packet(0xe0, [])
  const list =
    sessionExpiry === undefined ? [] : [property(sessionExpiryInterval, fourBytes(sessionExpiry))]
  return packet(0xe0, [Buffer.from([reasonCode]), properties(version, list)])
}

function subscriptionFlags(version: ClientVersion, options: FilterOptions): number {
  if (version < 5) return options.qos
  return (
    options.qos |
    (options.noLocal ? 0x04 : 0) |
    (options.retainAsPublished ? 0x08 : 0) |
    ((options.retainHandling ?? 0) << 4)
  )
}
