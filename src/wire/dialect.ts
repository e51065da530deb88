import type {
  IAuthPacket,
  IConnectPacket,
  IDisconnectPacket,
  ISubscribePacket,
  IUnsubscribePacket,
  Packet,
} from 'mqtt-packet'
import type {
  AuthPacket,
  ConnackPacket,
  ConnectPacket,
  DisconnectPacket,
  ProtocolVersion,
  ServerPacket,
  SubackPacket,
  SubscribePacket,
  UnsubscribePacket,
  UserProperties,
  WillPacket,
} from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { type RetainHandling, subscriptionOptions } from '../mqtt/subscription.ts'
import { isSharedFilter } from '../mqtt/topic.ts'

/*
 * Everything inside speaks MQTT 5. This file says the packets of 3.1 and 3.1.1 in its words and
 * its words in theirs, and decides what to do about what they cannot say.
 */

/** The receive maximum of who does not name one, and of all 3.x clients. */
const receiveMaximumDefault = 65535

/**
 * CONNECT in MQTT 5 words. Clean session 1 is a clean start whose session ends with the connection;
 * clean session 0 leaves the expiry to the zone.
 */
export function connect(
  packet: IConnectPacket,
  userProperties: UserProperties,
  will: WillPacket | undefined,
  isBridge: boolean,
): ConnectPacket {
  const protocolVersion = packet.protocolVersion as ProtocolVersion
  const properties = packet.properties ?? {}
  const cleanStart = packet.clean === true
  const expiryDefault = protocolVersion === 5 || cleanStart ? 0 : undefined
  return {
    type: 'connect',
    protocolVersion,
    isBridge,
    clientId: packet.clientId,
    cleanStart,
    keepAlive: packet.keepalive ?? 0,
    username: packet.username,
    password: copyOf(packet.password),
    will,
    sessionExpiryInterval: properties.sessionExpiryInterval ?? expiryDefault,
    receiveMaximum: properties.receiveMaximum ?? receiveMaximumDefault,
    maximumPacketSize: properties.maximumPacketSize,
    topicAliasMaximum: properties.topicAliasMaximum ?? 0,
    requestResponseInformation: properties.requestResponseInformation ?? false,
    requestProblemInformation: properties.requestProblemInformation ?? true,
    userProperties,
    authenticationMethod: properties.authenticationMethod,
    authenticationData: copyOf(properties.authenticationData),
  }
}

/**
 * SUBSCRIBE in MQTT 5 words. A bridge of 3.x wants retain flags as published and its own messages
 * not back, which 3.x has no words for.
 */
export function subscribe(
  packet: ISubscribePacket,
  userProperties: UserProperties,
  isBridge: boolean,
): SubscribePacket {
  const subscriptionId = packet.properties?.subscriptionIdentifier
  return {
    type: 'subscribe',
    packetId: packet.messageId as number,
    subscriptions: packet.subscriptions.map(({ topic, qos, nl, rap, rh }) => {
      const noLocal = isBridge ? !isSharedFilter(topic) : (nl ?? false)
      const retainAsPublished = isBridge || (rap ?? false)
      const retainHandling = (rh ?? 0) as RetainHandling
      const options = subscriptionOptions(
        qos,
        noLocal,
        retainAsPublished,
        retainHandling,
        subscriptionId,
      )
      return { filter: topic, options }
    }),
    userProperties,
  }
}

export function unsubscribe(
  packet: IUnsubscribePacket,
  userProperties: UserProperties,
): UnsubscribePacket {
  return {
    type: 'unsubscribe',
    packetId: packet.messageId as number,
    filters: packet.unsubscriptions,
    userProperties,
  }
}

/** DISCONNECT in MQTT 5 words: in 3.x it is always the normal one. [MQTT3-3.14.4-3] */
export function disconnect(
  packet: IDisconnectPacket,
  userProperties: UserProperties,
): DisconnectPacket {
  return {
    type: 'disconnect',
    reasonCode: (packet.reasonCode ?? ReasonCode.Success) as ReasonCode,
    sessionExpiryInterval: packet.properties?.sessionExpiryInterval,
    reasonString: packet.properties?.reasonString,
    userProperties,
  }
}

export function auth(packet: IAuthPacket, userProperties: UserProperties): AuthPacket {
  return {
    type: 'auth',
    reasonCode: packet.reasonCode as ReasonCode,
    authenticationMethod: packet.properties?.authenticationMethod,
    authenticationData: copyOf(packet.properties?.authenticationData),
    reasonString: packet.properties?.reasonString,
    userProperties,
  }
}

/**
 * The return code with which 3.x says why a CONNECT was refused; undefined when it has no words for
 * it: then the connection closes without CONNACK. [MQTT3-3.2.2-6]
 */
function connackReturnCode(code: ReasonCode): number | undefined {
  switch (code) {
    case ReasonCode.Success:
      return 0
    case ReasonCode.UnsupportedProtocolVersion:
      return 1
    case ReasonCode.ClientIdentifierNotValid:
      return 2
    case ReasonCode.ServerUnavailable:
    case ReasonCode.ServerBusy:
    case ReasonCode.ServerShuttingDown:
    case ReasonCode.QuotaExceeded:
    case ReasonCode.UseAnotherServer:
    case ReasonCode.ServerMoved:
    case ReasonCode.ConnectionRateExceeded:
      return 3
    case ReasonCode.BadUserNameOrPassword:
      return 4
    case ReasonCode.NotAuthorized:
    case ReasonCode.Banned:
    case ReasonCode.BadAuthenticationMethod:
      return 5
    default:
      return undefined
  }
}

/**
 * What an acknowledgement becomes in 3.x, which only knows the positive one. A PUBLISH that is not
 * authorised is acknowledged all the same, and so is a packet id that is not known: its exchange
 * was completed and the answer got lost, or it was refused with a PUBREC that 3.x cannot say. Any
 * other failure closes the connection, for the client would believe a lost message safe.
 * [MQTT3-3.3.5-2] [MQTT3-4.3.3-2]
 */
export function ackIn3x(code: number): 'positive' | 'close' {
  if (code < 0x80) return 'positive'
  const ends = code === ReasonCode.NotAuthorized || code === ReasonCode.PacketIdentifierNotFound
  return ends ? 'positive' : 'close'
}

/**
 * The codes of a SUBACK. 3.1.1 knows one failure; 3.1 knows none and is granted what it asked for
 * (`packet.askedQos`; else QoS 0), although nothing will come. [MQTT3-3.9.3-2]
 */
function subackCodes(packet: SubackPacket, version: ProtocolVersion): readonly number[] {
  if (version === 5) return packet.reasonCodes
  return packet.reasonCodes.map((code, i) => {
    if (code < 0x80) return code
    return version === 4 ? 0x80 : (packet.askedQos?.[i] ?? 0)
  })
}

/**
 * One of our packets for mqtt-packet to encode; undefined when this version has no such packet, or
 * no words for what it says. [MQTT-3.14.2-2]
 */
export function toWire(packet: ServerPacket, version: ProtocolVersion): Packet | undefined {
  switch (packet.type) {
    case 'connack':
      return version === 5 ? connack5(packet) : connack3(packet, version)
    case 'suback':
      return {
        cmd: 'suback',
        messageId: packet.packetId,
        granted: subackCodes(packet, version) as number[],
        properties: reason(packet.reasonString),
      }
    case 'unsuback':
      return {
        cmd: 'unsuback',
        messageId: packet.packetId,
        granted: packet.reasonCodes as number[],
        properties: reason(packet.reasonString),
      }
    case 'disconnect':
      if (version !== 5) return undefined
      return {
        cmd: 'disconnect',
        reasonCode: packet.reasonCode,
        properties: reason(packet.reasonString),
      }
    case 'auth':
      if (version !== 5) return undefined
      return {
        cmd: 'auth',
        reasonCode: packet.reasonCode,
        properties: defined({
          authenticationMethod: packet.authenticationMethod,
          authenticationData: packet.authenticationData,
          reasonString: packet.reasonString,
        }),
      }
  }
}

/** Session Present is 3.1.1's; in 3.1 the byte is reserved. [MQTT3-3.2.2-1] */
function connack3(packet: ConnackPacket, version: ProtocolVersion): Packet | undefined {
  const returnCode = connackReturnCode(packet.reasonCode)
  if (returnCode === undefined) return undefined
  const sessionPresent = version === 4 && returnCode === 0 && packet.sessionPresent
  return { cmd: 'connack', returnCode, sessionPresent }
}

function connack5(packet: ConnackPacket): Packet {
  const { type: _, sessionPresent, reasonCode, ...properties } = packet
  return { cmd: 'connack', sessionPresent, reasonCode, properties: defined(properties) }
}

function reason(reasonString: string | undefined): { reasonString?: string } {
  return reasonString === undefined ? {} : { reasonString }
}

/** The same without what is undefined. */
function defined<T extends object>(properties: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(properties).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}

/** Bytes out of a packet are views of the socket's chunk: what is kept is copied. */
function copyOf(bytes: Buffer | undefined): Buffer | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes)
}
