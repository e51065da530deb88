import type { ProtocolVersion } from '../mqtt/packets.ts'
import type { Identity } from './ports.ts'

/** What CONNECT settled about the client of a connection. */
export interface Client {
  readonly clientId: string
  readonly protocolVersion: ProtocolVersion
  readonly cleanStart: boolean
  /** Seconds; 0 for none. */
  readonly keepAlive: number
  /** Seconds; `Infinity` never ends. DISCONNECT may change it. */
  expiryInterval: number
  identity: Identity
  readonly authenticationMethod: string | undefined
  readonly requestProblemInformation: boolean
}
