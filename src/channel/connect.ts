import type { ConnectPacket } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import { authenticate } from './authenticate.ts'
import type { Channel } from './channel.ts'
import { clientIdOf } from './client-id.ts'

/**
 * CONNECT: what the specification and the zone ask is checked first, then who the client is, then
 * its session is opened, and when everything durable about that is safe CONNACK leaves, before
 * anything else. [MQTT-3.1.4-1] [MQTT-3.1.4-2] [MQTT-3.2.0-1]
 */
export function receiveConnect(channel: Channel, received: ConnectPacket): void {
  const packet = withCertificateUsername(channel, received)
  channel.services.counters.connectReceived++
  channel.sawConnect = true
  channel.transport.agree({
    protocolVersion: packet.protocolVersion,
    clientId: packet.clientId,
    maximumPacketSize: packet.maximumPacketSize,
    topicAliasMaximumIn: 0,
    topicAliasMaximumOut: 0,
    requestProblemInformation: packet.requestProblemInformation,
  })
  const refusal = channel.admission.refuse ?? beyondZone(channel, packet)
  if (refusal !== undefined) return channel.refuse(refusal)
  const clientId = clientIdOf(channel, packet)
  if (clientId instanceof Refusal) return channel.refuse(clientId)
  channel.enter('opening')
  authenticate(channel, packet, clientId)
}

/**
 * A CONNECT that cannot be read: an MQTT 5 client, and one of an unknown version, is told why in a
 * CONNACK; an older client has its connection closed. [MQTT-3.1.4-1] [MQTT-3.1.2-2]
 */
export function prepareToRefuse(channel: Channel, refusal: Refusal): void {
  const { protocolVersion } = channel.transport
  channel.sawConnect =
    protocolVersion === 5 || refusal.code === ReasonCode.UnsupportedProtocolVersion
  if (protocolVersion !== 5) return
  channel.transport.agree({
    protocolVersion,
    clientId: '',
    maximumPacketSize: undefined,
    topicAliasMaximumIn: 0,
    topicAliasMaximumOut: 0,
    requestProblemInformation: true,
  })
}

/** What a certificate proves goes before what CONNECT says; its password is for another user then. */
function withCertificateUsername(channel: Channel, packet: ConnectPacket): ConnectPacket {
  const { certificateUsername } = channel.transport.peer
  if (certificateUsername === undefined) return packet
  return { ...packet, username: certificateUsername, password: undefined }
}

function beyondZone(channel: Channel, packet: ConnectPacket): Refusal | undefined {
  const { qosMax, retainAvailable } = channel.zone.channel
  if (!channel.admission.protocolVersions.includes(packet.protocolVersion)) {
    const because = `this listener does not serve protocol level ${packet.protocolVersion}`
    return new Refusal(ReasonCode.UnsupportedProtocolVersion, because)
  }
  const will = packet.will?.message
  if (will === undefined) return undefined
  if (will.qos > qosMax) {
    return new Refusal(
      ReasonCode.QoSNotSupported,
      `a will of QoS ${will.qos}, the maximum is ${qosMax}`,
    )
  }
  if (will.retain && !retainAvailable) {
    return new Refusal(
      ReasonCode.RetainNotSupported,
      'a retained will, and retained messages are off',
    )
  }
  return undefined
}
