import type { Broker } from '../broker/broker.ts'
import type { ManagedSession } from '../broker/managed-session.ts'
import type { SessionOwner } from '../channel/ports.ts'
import { type Page, pageOf } from './page.ts'
import { plainTime } from './plain.ts'
import {
  hasFilter,
  isWanted,
  type SessionDetails,
  type SessionWish,
  showSession,
} from './sessions.ts'

/** A client that is connected. */
export interface ClientEntry {
  readonly clientid: string
  readonly username: string | null
  /** Of the other side, as far as it is known. */
  readonly ip_address: string
  readonly port: number | null
  readonly listener: string
  readonly zone: string
  /** 3 for MQTT 3.1, 4 for 3.1.1, 5. */
  readonly proto_ver: number
  /** Seconds; 0 for none. */
  readonly keepalive: number
  readonly connected_at: string | null
  readonly subscriptions_cnt: number
  readonly inflight_cnt: number
  readonly mqueue_len: number
}

/** A client with all of its session. */
export type ClientDetails = ClientEntry & SessionDetails

/** The clients that are connected, in the order in which their sessions began. */
export function listClients(broker: Broker, wish: SessionWish): Page<ClientEntry> {
  const { sessions } = broker
  const count = hasFilter(wish) ? undefined : sessions.connectedCount
  const fits = (managed: ManagedSession) =>
    managed.owner?.isAccepted === true && isWanted(managed, wish)
  const describe = (managed: ManagedSession) => clientEntry(managed, managed.owner as SessionOwner)
  return pageOf({ source: sessions.list(), fits, describe, count }, wish)
}

/** One client; undefined when it is not connected. */
export function showClient(broker: Broker, clientId: string): ClientDetails | undefined {
  const managed = broker.sessions.lookup(clientId)
  const details = showSession(broker, clientId)
  if (managed?.owner === undefined || details === undefined) return undefined
  return { ...details, ...clientEntry(managed, managed.owner) }
}

/**
 * Disconnects a client (0x98); its session stays as agreed, and its will is published. Answers
 * whether it was connected.
 */
export function kickClient(broker: Broker, clientId: string): boolean {
  return broker.sessions.kick(clientId)
}

function clientEntry(managed: ManagedSession, owner: SessionOwner): ClientEntry {
  const { session } = managed
  const { address, listener } = owner.transport.peer
  const stats = session.stats()
  return {
    clientid: session.clientId,
    username: managed.username ?? null,
    ...splitAddress(address),
    listener,
    zone: managed.zone.name,
    proto_ver: owner.protocolVersion,
    keepalive: owner.client?.keepAlive ?? 0,
    connected_at: plainTime(managed.connectedAtWallMs),
    subscriptions_cnt: stats.subscriptions_cnt,
    inflight_cnt: stats.inflight_cnt,
    mqueue_len: stats.mqueue_len,
  }
}

/** `address:port`, `[v6]:port`, or a word where there is neither. */
function splitAddress(text: string): { ip_address: string; port: number | null } {
  const parts = /^\[?(.+?)\]?:(\d+)$/.exec(text)
  if (parts === null) return { ip_address: text, port: null }
  return { ip_address: parts[1] as string, port: Number(parts[2]) }
}
