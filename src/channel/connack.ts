import type { ConnackPacket, ConnectPacket } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import type { Channel } from './channel.ts'
import type { OpenedSession } from './ports.ts'

/** The Session Expiry Interval of a session that never ends. */
export const neverExpires = 0xffff_ffff

/** What the server settles is told; what the client asked for and gets is not repeated. */
export function connackOf(
  channel: Channel,
  packet: ConnectPacket,
  opened: OpenedSession,
  data: Buffer | undefined,
): ConnackPacket {
  const zone = channel.zone.channel
  const client = channel.client
  const expiry = client?.expiryInterval ?? 0
  const asked =
    packet.sessionExpiryInterval === neverExpires
      ? Number.POSITIVE_INFINITY
      : packet.sessionExpiryInterval
  return {
    type: 'connack',
    sessionPresent: opened.isPresent,
    reasonCode: ReasonCode.Success,
    sessionExpiryInterval:
      expiry === asked ? undefined : expiry === Number.POSITIVE_INFINITY ? neverExpires : expiry,
    receiveMaximum: zone.receiveMaximum < 65_535 ? zone.receiveMaximum : undefined,
    maximumQoS: zone.qosMax < 2 ? (zone.qosMax as 0 | 1) : undefined,
    retainAvailable: zone.retainAvailable ? undefined : false,
    maximumPacketSize: zone.maximumPacketSize,
    assignedClientIdentifier:
      client !== undefined && client.clientId !== packet.clientId ? client.clientId : undefined,
    topicAliasMaximum: zone.topicAliasMax > 0 ? zone.topicAliasMax : undefined,
    wildcardSubscriptionAvailable: zone.wildcardSubscription ? undefined : false,
    sharedSubscriptionAvailable: zone.sharedSubscription ? undefined : false,
    serverKeepAlive:
      client !== undefined && client.keepAlive !== packet.keepAlive ? client.keepAlive : undefined,
    responseInformation:
      packet.requestResponseInformation && zone.responseInformation !== ''
        ? zone.responseInformation
        : undefined,
    authenticationMethod: packet.authenticationMethod,
    authenticationData: data,
  }
}
