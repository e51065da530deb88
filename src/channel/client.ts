import type { ProtocolVersion } from '../mqtt/packets.ts'
import type { ConnectedClient, Identity, Peer } from './ports.ts'

/** What CONNECT settled about the client of a connection. */
export interface Client {
  readonly clientId: string
  readonly protocolVersion: ProtocolVersion
  /** Seconds; 0 for none. */
  readonly keepAlive: number
  /** Seconds, as CONNECT settled it; `Infinity` never ends. */
  readonly expiryInterval: number
  /** Changes when the client authenticates again. */
  identity: Identity
  readonly authenticationMethod: string | undefined
}

/** The client as others are told of it. */
export function connectedClient(client: Client, peer: Peer): ConnectedClient {
  const { clientId, identity, keepAlive, protocolVersion } = client
  return { clientId, username: identity.username, protocolVersion, peer, keepAlive }
}
