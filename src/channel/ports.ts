import type { Clock } from '../base/clock.ts'
import type { Deadlines } from '../base/deadlines.ts'
import type { Logger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import type { Frame } from '../mqtt/frame.ts'
import type { Message } from '../mqtt/message.ts'
import type {
  AckType,
  ConnectPacket,
  ProtocolVersion,
  ServerPacket,
  WillPacket,
} from '../mqtt/packets.ts'
import type { ReasonCode } from '../mqtt/reason-code.ts'
import type { Refusal } from '../mqtt/refusal.ts'
import type { QoS, SubscriptionOptions } from '../mqtt/subscription.ts'
import type { SessionOptions } from '../session/options.ts'
import type { RetainedItem } from '../session/ports.ts'
import type { Session } from '../session/session.ts'
import type { Client } from './client.ts'
import type { ChannelOptions } from './options.ts'

/** What a listener's zone settles for the clients that come through it. */
export interface Zone {
  readonly name: string
  readonly session: SessionOptions
  readonly channel: ChannelOptions
}

/** Where a connection comes from; for rules and log lines. */
export interface Peer {
  /** `address:port`, or the address that a proxy told. */
  readonly address: string
  readonly listener: string
  /** Who its certificate says it is, proven by it: it is then the user name, whatever CONNECT says. */
  readonly certificateUsername?: string
}

/** How a connection encodes and decodes once CONNECT is accepted. */
export interface Agreement {
  readonly protocolVersion: ProtocolVersion
  readonly clientId: string
  /** The largest packet that the client takes, in bytes; undefined for no limit. */
  readonly maximumPacketSize: number | undefined
  /** Aliases that the client may use, and aliases that it takes. */
  readonly topicAliasMaximumIn: number
  readonly topicAliasMaximumOut: number
  readonly requestProblemInformation: boolean
}

/** The writing half of a connection; what is sent is collected and written once a turn. */
export interface Transport {
  /** False while what was sent waits for the socket. The channel's `drained` is called afterwards. */
  readonly writable: boolean
  readonly peer: Peer
  /** What CONNECT said, also one that was refused; undefined while there was none. */
  readonly protocolVersion: ProtocolVersion | undefined
  /** Answers false when the packet is larger than the client takes: nothing was sent. */
  publish(
    message: Message,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIds: readonly number[] | undefined,
  ): boolean
  /** Answers false when these bytes will not do for this connection: nothing was sent. */
  frames(frame: Frame): boolean
  /** Answers false when this protocol version cannot say the reason: the connection must close. */
  ack(type: AckType, packetId: number, reasonCode: ReasonCode, reasonString?: string): boolean
  pingresp(): void
  /** Answers false when this protocol version has no such packet: nothing was sent. */
  send(packet: ServerPacket): boolean
  agree(agreement: Agreement): void
  /** The channel takes packets again (`accepting` became true): decoding and reading go on. */
  resume(): void
  /** Writes what was sent, then closes; a peer that does not read is cut off after a while. */
  close(): void
}

/** Who a client turned out to be, with the rules about it compiled, so that checking one is synchronous. */
export interface Identity {
  readonly username: string | undefined
  mayPublish(topic: string, qos: QoS, retain: boolean): boolean
  maySubscribe(filter: string, qos: QoS): boolean
  /** Why it may not stay, when what it was let in by holds no longer; asked after a reload. */
  review?(): Refusal | undefined
}

/** One step of enhanced authentication: more to say, or who it is. A Refusal ends it. */
export type AuthenticationStep =
  | { readonly step: 'continue'; readonly data: Buffer | undefined }
  | { readonly step: 'success'; readonly identity: Identity; readonly data: Buffer | undefined }
  | Refusal

/** An enhanced authentication under way; it belongs to one connection. [MQTT-4.12.0-2] */
export interface AuthenticationExchange {
  /** Takes the client's data, first CONNECT's, then AUTH's; rejects only for faults of the environment. */
  next(data: Buffer | undefined): AuthenticationStep | Promise<AuthenticationStep>
}

/** Decides who may connect. Rejections are faults of the environment: the client gets 0x88. */
export interface Authenticator {
  /** Work that waits its turn may be given up once `isWanted` says that the connection is gone. */
  authenticate(
    connect: ConnectPacket,
    peer: Peer,
    isWanted: () => boolean,
  ): Identity | Refusal | Promise<Identity | Refusal>
  /** Begins an exchange; undefined when the method is not configured. [MQTT-4.12.0-1] */
  exchange(method: string, connect: ConnectPacket, peer: Peer): AuthenticationExchange | undefined
}

/** The connection that owns a session, as the session manager sees it. */
export interface SessionOwner extends CommitWaiter {
  readonly protocolVersion: ProtocolVersion
  /** Whether its CONNECT was accepted; before that its will counts for nothing. [MQTT-3.1.2-7] */
  readonly isAccepted: boolean
  /** Where it comes from and what CONNECT settled, for who looks at clients. */
  readonly transport: Pick<Transport, 'peer'>
  readonly client: Client | undefined
  /** Ends the connection; the session manager has taken the session away already. */
  evict(code: ReasonCode, because: string): void
}

export interface OpenRequest {
  readonly clientId: string
  readonly username: string | undefined
  readonly cleanStart: boolean
  /** Seconds, clamped already; `Infinity` never ends. */
  readonly expiryInterval: number
  readonly will: WillPacket | undefined
  readonly zone: Zone
  readonly owner: SessionOwner
}

export interface OpenedSession {
  readonly session: Session
  readonly isPresent: boolean
  /** The batch that must be safe before CONNACK; 0 when nothing durable changed. */
  readonly batch: number
}

/** Why a session's connection is over, as far as the session is concerned. */
export interface ConnectionEnd {
  readonly publishWill: boolean
  /** Seconds; undefined leaves what was agreed. */
  readonly expiryInterval: number | undefined
}

/** Where sessions begin and end. */
export interface Sessions {
  has(clientId: string): boolean
  open(request: OpenRequest): Promise<OpenedSession | Refusal>
  /** The owner's connection is gone; does nothing for one that owns the session no more. */
  close(clientId: string, owner: SessionOwner, end: ConnectionEnd): void
  /** A subscription begins or changes. Answers whether it is new. */
  subscribe(session: Session, filter: string, options: SubscriptionOptions): boolean | Refusal
  /** Answers whether there was one. */
  unsubscribe(session: Session, filter: string): boolean
}

/** What became of a published message. */
export interface Receipt {
  readonly code: ReasonCode
  /** The batch that must be safe before the publisher is answered; 0 for none. */
  readonly batch: number
  /** The store is behind with what this message changed: the publisher is to be held back. */
  readonly isBehind: boolean
}

/** Where messages go to and retained ones come from. */
export interface Exchange {
  /** `zone` is the publisher's. */
  publish(message: Message, zone: Zone, now: number): Receipt
  /** Whether the message would change what the store keeps. */
  wouldBeKept(message: Message, zone: Zone): boolean
  retained(filter: string, now: number): RetainedItem[]
}

/** Tells when batches are safe, and how the store fares. */
export interface Commits {
  readonly openBatch: number
  readonly committed: number
  /** The store fails, and what would have to be kept is to be refused. */
  readonly isRefusing: boolean
  /** Calls `waiter.onCommitted` once, after the next batch that becomes safe. */
  wait(waiter: CommitWaiter): void
  /** Calls `waiter.onRoom` once, when the store takes more. */
  hold(waiter: RoomWaiter): void
  /** Calls them no more. */
  forget(waiter: CommitWaiter, held: RoomWaiter | undefined): void
}

export interface RoomWaiter {
  onRoom(): void
}

export interface CommitWaiter {
  onCommitted(): void
}

/** What channels count; one object for all of them. */
export interface ChannelCounters {
  connectReceived: number
  connackSent: number
  /** CONNACKs that said no. */
  connackRefused: number
  publishReceived: [number, number, number]
  publishSent: [number, number, number]
  /** Bytes of payloads. */
  payloadReceived: number
  payloadSent: number
  /** PUBACK, PUBREC, PUBREL, PUBCOMP by type − 4. */
  acksReceived: [number, number, number, number]
  acksSent: [number, number, number, number]
  subscribeReceived: number
  unsubscribeReceived: number
  pingreqReceived: number
  disconnectReceived: number
  disconnectSent: number
  authReceived: number
  messagesNotAuthorized: number
  messagesRefused: number
  protocolErrors: number
  keepAliveTimeouts: number
  /** Connections that a bug of ours ended. */
  internalErrors: number
}

/** A client with a connection of its own, as those are told who watch clients come and go. */
export interface ConnectedClient {
  readonly clientId: string
  readonly username: string | undefined
  readonly protocolVersion: ProtocolVersion
  readonly peer: Peer
  /** Seconds; 0 for none. */
  readonly keepAlive: number
}

/** Why a client's connection is over, and who ended it. */
export interface Disconnection {
  readonly code: ReasonCode
  readonly because: string
  readonly by: 'client' | 'network' | 'server'
}

/** Told of clients whose CONNECT was accepted. Must not throw. */
export interface ClientEvents {
  clientConnected?(client: ConnectedClient): void
  clientDisconnected?(client: ConnectedClient, disconnection: Disconnection): void
}

/** The parts of the broker that channels work with; one object for all of them. */
export interface Services {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly random: Random
  readonly log: Logger
  readonly authenticator: Authenticator
  readonly sessions: Sessions
  readonly exchange: Exchange
  readonly commits: Commits
  readonly counters: ChannelCounters
  readonly events: ClientEvents
}
