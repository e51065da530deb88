import type { ConnackPacket, ConnectPacket } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import { authenticate } from './authenticate.ts'
import type { Channel } from './channel.ts'
import type { Client } from './client.ts'
import { clientIdOf } from './client-id.ts'
import type { Identity, OpenedSession } from './ports.ts'
import { mayPublish } from './publish.ts'
import { Throttle } from './throttle.ts'

const neverExpires = 0xffff_ffff

/**
 * CONNECT: what the specification and the zone ask is checked first, then who the client is, then
 * its session is opened, and when everything durable about that is safe CONNACK leaves, before
 * anything else. [MQTT-3.1.4-1] [MQTT-3.1.4-2] [MQTT-3.2.0-1]
 */
export function receiveConnect(channel: Channel, packet: ConnectPacket): void {
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

/** The client is who it says: opens its session. `data` is the last of an enhanced authentication. */
export function admit(
  channel: Channel,
  packet: ConnectPacket,
  clientId: string,
  identity: Identity,
  data: Buffer | undefined,
): void {
  if (packet.will !== undefined && !mayPublish(identity, packet.will.message)) {
    const because = 'the topic of the will is not allowed'
    return channel.refuse(new Refusal(ReasonCode.NotAuthorized, because))
  }
  channel.client = {
    clientId,
    protocolVersion: packet.protocolVersion,
    keepAlive: keepAliveOf(channel, packet),
    expiryInterval: expiryIntervalOf(channel, packet),
    identity,
    authenticationMethod: packet.authenticationMethod,
  }
  openSession(channel, channel.client, packet, data)
}

/** Asks for the client's session; a fault of the environment on the way is answered 0x88. */
function openSession(
  channel: Channel,
  client: Client,
  packet: ConnectPacket,
  data: Buffer | undefined,
): void {
  const { log, sessions } = channel.services
  const request = {
    clientId: client.clientId,
    username: client.identity.username,
    cleanStart: packet.cleanStart,
    expiryInterval: client.expiryInterval,
    will: packet.will,
    zone: channel.zone,
    owner: channel,
  }
  const onFault = (error: unknown): void => {
    log.error({ err: error, clientId: client.clientId }, 'opening the session failed')
    channel.refuse(new Refusal(ReasonCode.ServerUnavailable, 'the session cannot be opened now'))
  }
  sessions
    .open(request)
    .then((opened) => onOpened(channel, client, packet, opened, data), onFault)
    .catch((error: unknown) => channel.fail(error))
}

/** The session is there: CONNACK waits until what CONNECT changed of it is safe. */
function onOpened(
  channel: Channel,
  client: Client,
  packet: ConnectPacket,
  opened: OpenedSession | Refusal,
  data: Buffer | undefined,
): void {
  const { commits, sessions } = channel.services
  if (channel.state.name !== 'opening') {
    // The connection ended meanwhile, without its CONNECT having been accepted: no will.
    return sessions.close(client.clientId, channel, {
      publishWill: false,
      expiryInterval: undefined,
    })
  }
  if (opened instanceof Refusal) return channel.refuse(opened)
  channel.session = opened.session
  const connack = connackOf(channel, packet, opened, data)
  const goOn = (): void => {
    if (channel.state.name !== 'opening') return
    if (opened.batch <= commits.committed) welcome(channel, client, packet, opened, connack)
    else commits.wait({ onCommitted: () => channel.guard(goOn) })
  }
  goOn()
}

/** CONNACK leaves; the session gets its connection, and what waited goes on. */
function welcome(
  channel: Channel,
  client: Client,
  packet: ConnectPacket,
  opened: OpenedSession,
  connack: ConnackPacket,
): void {
  const { services, transport, zone } = channel
  channel.now = services.clock.now()
  channel.lastSeen = channel.now
  transport.agree({
    protocolVersion: packet.protocolVersion,
    clientId: client.clientId,
    maximumPacketSize: packet.maximumPacketSize,
    topicAliasMaximumIn: zone.channel.topicAliasMax,
    topicAliasMaximumOut: packet.topicAliasMaximum,
    requestProblemInformation: packet.requestProblemInformation,
  })
  if (!transport.send(connack)) {
    const because = 'CONNACK is larger than the client takes'
    return channel.refuse(new Refusal(ReasonCode.PacketTooLarge, because))
  }
  services.counters.connackSent++
  services.log.info(
    {
      clientId: client.clientId,
      address: transport.peer.address,
      listener: transport.peer.listener,
      protocol: packet.protocolVersion,
      cleanStart: packet.cleanStart,
      sessionPresent: connack.sessionPresent,
      keepAlive: client.keepAlive,
      ...(client.identity.username !== undefined && { username: client.identity.username }),
    },
    'client connected',
  )
  channel.throttle = Throttle.of(channel)
  channel.watchKeepAlive()
  opened.session.attach(
    channel,
    { receiveMaximum: packet.receiveMaximum, protocolVersion: packet.protocolVersion },
    channel.now,
  )
  channel.enter('connected')
  channel.pump()
}

/** What the server settles is told; what the client asked for and gets is not repeated. */
function connackOf(
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

/** MQTT 3.x cannot be told another keep alive, so it keeps its own. [MQTT-3.2.2-21] [MQTT-3.2.2-22] */
function keepAliveOf(channel: Channel, packet: ConnectPacket): number {
  const { serverKeepAliveS, keepAliveMaxS } = channel.zone.channel
  if (packet.protocolVersion < 5) return packet.keepAlive
  if (serverKeepAliveS !== undefined) return serverKeepAliveS
  if (keepAliveMaxS === undefined) return packet.keepAlive
  if (packet.keepAlive === 0 || packet.keepAlive > keepAliveMaxS) return keepAliveMaxS
  return packet.keepAlive
}

function expiryIntervalOf(channel: Channel, packet: ConnectPacket): number {
  const { sessionExpiryIntervalS, sessionExpiryIntervalMaxS } = channel.zone.channel
  const asked = packet.sessionExpiryInterval
  if (asked === undefined) return sessionExpiryIntervalS
  return Math.min(
    asked === neverExpires ? Number.POSITIVE_INFINITY : asked,
    sessionExpiryIntervalMaxS,
  )
}
