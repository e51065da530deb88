import type { ConnackPacket, ConnectPacket } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { Channel } from './channel.ts'
import { type Client, connectedClient } from './client.ts'
import { connackOf, neverExpires } from './connack.ts'
import type { Identity, OpenedSession } from './ports.ts'
import { mayPublish } from './publish.ts'
import { endForbidden } from './review.ts'
import { Throttle } from './throttle.ts'

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
  const gone = client.identity.review?.()
  if (gone !== undefined) return channel.refuse(gone)
  channel.session = opened.session
  if (opened.isPresent) endForbidden(channel, client, opened.session)
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
  services.events.clientConnected?.(connectedClient(client, transport.peer))
  channel.pump()
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
