import type { BrokerEvents } from '../broker/broker.ts'
import type { ConnectedClient, Disconnection } from '../channel/ports.ts'
import type { PortableMessage } from '../mqtt/portable.ts'
import { reasonName } from '../mqtt/reason-code.ts'
import type { SubscriptionOptions } from '../mqtt/subscription.ts'
import type { Session } from '../session/session.ts'

/** A client, as events tell of it. */
export interface ClientInfo {
  readonly clientId: string
  readonly username: string | undefined
  readonly protocolVersion: '3.1' | '3.1.1' | '5'
  /** `address:port` of the peer. */
  readonly address: string
  /** The name of the listener that it came through. */
  readonly listener: string
  /** Seconds; 0 for none. */
  readonly keepAlive: number
}

/** Why a connection is over. */
export interface DisconnectInfo extends ClientInfo {
  /** A reason code of MQTT 5, such as 0x8D, and its name. */
  readonly reasonCode: number
  readonly reason: string
  readonly because: string
  readonly by: 'client' | 'network' | 'server'
}

export interface SessionInfo {
  readonly clientId: string
}

export interface SubscribedInfo extends SubscriptionOptions {
  readonly clientId: string
  readonly filter: string
  /** False when it replaced one of the same filter. */
  readonly isNew: boolean
}

export interface UnsubscribedInfo {
  readonly clientId: string
  readonly filter: string
}

/** What became of a message on its way to one client. */
export interface MessageInfo {
  /** The client that it was on its way to; empty for a handler of this process. */
  readonly clientId: string
  readonly topic: string
  /** A copy. */
  readonly payload: Buffer
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  /** Client id of the publisher. */
  readonly from: string
}

export interface DroppedInfo extends MessageInfo {
  readonly reason: 'queue_full' | 'qos0_msg' | 'expired' | 'no_local' | 'too_large' | 'session_end'
}

/** What a broker tells, by the names under which it does. */
export interface BrokerEventMap {
  /** CONNACK said yes. */
  clientConnected: ClientInfo
  clientDisconnected: DisconnectInfo
  sessionCreated: SessionInfo
  sessionResumed: SessionInfo
  /** Another connection has taken the session over. */
  sessionTakenover: SessionInfo
  /** Its client asked for a clean start. */
  sessionDiscarded: SessionInfo
  sessionTerminated: SessionInfo
  sessionSubscribed: SubscribedInfo
  sessionUnsubscribed: UnsubscribedInfo
  /** Costs a copy of each such message while somebody listens. */
  messageDropped: DroppedInfo
  /** A client has acknowledged it (PUBACK or PUBCOMP); costs a copy of each while somebody listens. */
  messageAcked: MessageInfo
}

export type BrokerEventName = keyof BrokerEventMap
export type BrokerEventListener<Name extends BrokerEventName> = (
  event: BrokerEventMap[Name],
) => unknown

type AnyListener = (event: never) => unknown
type Tell = <Name extends BrokerEventName>(name: Name, event: BrokerEventMap[Name]) => void

/**
 * Who listens for what. Listeners run when the broker has done what it is telling of, one after
 * the other in the order of the events; what one throws or rejects with goes to `onError`.
 */
export class EventHub {
  readonly #listeners = new Map<BrokerEventName, AnyListener[]>()
  readonly #onError: (error: unknown, name: BrokerEventName) => void

  constructor(onError: (error: unknown, name: BrokerEventName) => void) {
    this.#onError = onError
  }

  add(name: BrokerEventName, listener: AnyListener): void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener])
  }

  remove(name: BrokerEventName, listener: AnyListener): void {
    const left = (this.#listeners.get(name) ?? []).filter((other) => other !== listener)
    if (left.length === 0) this.#listeners.delete(name)
    else this.#listeners.set(name, left)
  }

  has(name: BrokerEventName): boolean {
    return this.#listeners.has(name)
  }

  tell<Name extends BrokerEventName>(name: Name, event: BrokerEventMap[Name]): void {
    const listeners = this.#listeners.get(name) as BrokerEventListener<Name>[] | undefined
    if (listeners === undefined) return
    queueMicrotask(() => {
      for (const listener of listeners) this.#call(name, listener, event)
    })
  }

  #call<Name extends BrokerEventName>(
    name: Name,
    listener: BrokerEventListener<Name>,
    event: BrokerEventMap[Name],
  ): void {
    const onError = (error: unknown): void => this.#onError(error, name)
    try {
      Promise.resolve(listener(event)).catch(onError)
    } catch (error) {
      onError(error)
    }
  }
}

/** What the broker is handed, for a hub. What costs a copy is there only while somebody listens. */
export function brokerEvents(hub: EventHub): BrokerEvents {
  const tell: Tell = (name, event) => hub.tell(name, event)
  const ofSession =
    (name: 'sessionCreated' | 'sessionResumed' | 'sessionTakenover' | SessionEnd) =>
    ({ clientId }: Session): void =>
      tell(name, { clientId })
  const dropped: BrokerEvents['messageDropped'] = (clientId, message, reason) =>
    tell('messageDropped', { ...messageInfo(clientId, message), reason })
  const acked: BrokerEvents['messageAcked'] = (clientId, message) => {
    if (message !== undefined) tell('messageAcked', messageInfo(clientId, message))
  }
  return {
    clientConnected: (client) => tell('clientConnected', clientInfo(client)),
    clientDisconnected: (client, end) => tell('clientDisconnected', disconnectInfo(client, end)),
    sessionCreated: ofSession('sessionCreated'),
    sessionResumed: ofSession('sessionResumed'),
    sessionTakenover: ofSession('sessionTakenover'),
    sessionDiscarded: ofSession('sessionDiscarded'),
    sessionTerminated: ofSession('sessionTerminated'),
    sessionSubscribed: ({ clientId }, filter, options, isNew) =>
      tell('sessionSubscribed', { ...options, clientId, filter, isNew }),
    sessionUnsubscribed: ({ clientId }, filter) =>
      tell('sessionUnsubscribed', { clientId, filter }),
    get messageDropped() {
      return hub.has('messageDropped') ? dropped : undefined
    },
    get messageAcked() {
      return hub.has('messageAcked') ? acked : undefined
    },
  } as BrokerEvents
}

type SessionEnd = 'sessionDiscarded' | 'sessionTerminated'

const versions = { 3: '3.1', 4: '3.1.1', 5: '5' } as const

function clientInfo(client: ConnectedClient): ClientInfo {
  const { clientId, keepAlive, peer, protocolVersion, username } = client
  const { address, listener } = peer
  const version = versions[protocolVersion]
  return { clientId, username, protocolVersion: version, address, listener, keepAlive }
}

function disconnectInfo(client: ConnectedClient, end: Disconnection): DisconnectInfo {
  const { because, by, code } = end
  return { ...clientInfo(client), reasonCode: code, reason: reasonName(code), because, by }
}

/** What `toPortable` puts into a message; its own types say less. */
type PortableFields = PortableMessage & {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly clientId: string
}

/** A message on its way to a client, as events tell of it. */
export function messageInfo(clientId: string, message: PortableMessage): MessageInfo {
  const { clientId: from, payload, qos, retain, topic } = message as PortableFields
  return { clientId, topic, payload, qos, retain, from }
}
