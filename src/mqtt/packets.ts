import type { Message } from './message.ts'
import type { ReasonCode } from './reason-code.ts'
import type { QoS, SubscriptionOptions } from './subscription.ts'

/** The protocol levels of CONNECT: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0. */
export type ProtocolVersion = 3 | 4 | 5

/** Name and value; order and repetition count. */
export type UserProperties = readonly (readonly [name: string, value: string])[]

/** The four acknowledgements of a PUBLISH, by their packet types. */
export const AckType = { Puback: 4, Pubrec: 5, Pubrel: 6, Pubcomp: 7 } as const
export type AckType = (typeof AckType)[keyof typeof AckType]

/**
 * CONNECT, in MQTT 5 words whatever version it came in. The message of the will is whole but for
 * its times: it expires `expiryMs` after it is published.
 */
export interface ConnectPacket {
  readonly type: 'connect'
  readonly protocolVersion: ProtocolVersion
  /** Set by mosquitto-style bridges (0x80 on the protocol level). */
  readonly isBridge: boolean
  readonly clientId: string
  readonly cleanStart: boolean
  /** Seconds; 0 for none. */
  readonly keepAlive: number
  readonly username: string | undefined
  readonly password: Buffer | undefined
  readonly will: WillPacket | undefined
  /** Seconds; 0xFFFFFFFF never ends. Undefined: the zone decides (3.x with clean session 0). */
  readonly sessionExpiryInterval: number | undefined
  /** 1 … 65535. */
  readonly receiveMaximum: number
  /** Bytes; undefined for no limit. */
  readonly maximumPacketSize: number | undefined
  readonly topicAliasMaximum: number
  readonly requestResponseInformation: boolean
  readonly requestProblemInformation: boolean
  readonly userProperties: UserProperties
  readonly authenticationMethod: string | undefined
  readonly authenticationData: Buffer | undefined
}

export interface WillPacket {
  readonly message: Message
  /** Seconds. */
  readonly delay: number
  /** Message Expiry Interval in seconds, counted from publication; undefined for none. */
  readonly expiryInterval: number | undefined
}

export interface SubscribePacket {
  readonly type: 'subscribe'
  readonly packetId: number
  readonly subscriptions: readonly {
    readonly filter: string
    readonly options: SubscriptionOptions
  }[]
  readonly userProperties: UserProperties
}

export interface UnsubscribePacket {
  readonly type: 'unsubscribe'
  readonly packetId: number
  readonly filters: readonly string[]
  readonly userProperties: UserProperties
}

export interface DisconnectPacket {
  readonly type: 'disconnect'
  readonly reasonCode: ReasonCode
  /** Seconds; undefined leaves what CONNECT said. */
  readonly sessionExpiryInterval: number | undefined
  readonly reasonString: string | undefined
  readonly userProperties: UserProperties
}

export interface AuthPacket {
  readonly type: 'auth'
  readonly reasonCode: ReasonCode
  readonly authenticationMethod: string | undefined
  readonly authenticationData: Buffer | undefined
  readonly reasonString: string | undefined
  readonly userProperties: UserProperties
}

/** What a client sends besides PUBLISH, its acknowledgements and PINGREQ. */
export type ControlPacket =
  | ConnectPacket
  | SubscribePacket
  | UnsubscribePacket
  | DisconnectPacket
  | AuthPacket

/** CONNACK as MQTT 5 says it; a property is sent only where it is defined. */
export interface ConnackPacket {
  readonly type: 'connack'
  readonly sessionPresent: boolean
  readonly reasonCode: ReasonCode
  readonly sessionExpiryInterval?: number | undefined
  readonly receiveMaximum?: number | undefined
  readonly maximumQoS?: 0 | 1 | undefined
  readonly retainAvailable?: boolean | undefined
  readonly maximumPacketSize?: number | undefined
  readonly assignedClientIdentifier?: string | undefined
  readonly topicAliasMaximum?: number | undefined
  readonly wildcardSubscriptionAvailable?: boolean | undefined
  readonly subscriptionIdentifiersAvailable?: boolean | undefined
  readonly sharedSubscriptionAvailable?: boolean | undefined
  readonly serverKeepAlive?: number | undefined
  readonly responseInformation?: string | undefined
  readonly authenticationMethod?: string | undefined
  readonly authenticationData?: Buffer | undefined
  readonly reasonString?: string | undefined
}

export interface SubackPacket {
  readonly type: 'suback'
  readonly packetId: number
  readonly reasonCodes: readonly ReasonCode[]
  /** What was asked for, filter by filter: 3.1 has no code for a failure and is told this instead. */
  readonly askedQos?: readonly QoS[] | undefined
  readonly reasonString?: string | undefined
}

export interface UnsubackPacket {
  readonly type: 'unsuback'
  readonly packetId: number
  readonly reasonCodes: readonly ReasonCode[]
  readonly reasonString?: string | undefined
}

export interface ServerDisconnectPacket {
  readonly type: 'disconnect'
  readonly reasonCode: ReasonCode
  readonly reasonString?: string | undefined
}

export interface ServerAuthPacket {
  readonly type: 'auth'
  readonly reasonCode: ReasonCode
  readonly authenticationMethod: string
  readonly authenticationData?: Buffer | undefined
  readonly reasonString?: string | undefined
}

/** What the broker sends besides PUBLISH, the four acknowledgements and PINGRESP. */
export type ServerPacket =
  | ConnackPacket
  | SubackPacket
  | UnsubackPacket
  | ServerDisconnectPacket
  | ServerAuthPacket
