import type { ConnectOptions } from '../client/connect.ts'
import type { ServerAddress } from '../client/connection.ts'
import type { ClientVersion } from '../client/fields.ts'

/** The broker of a run, and how its clients speak to it. */
export interface Target extends ServerAddress {
  /** The broker's process, measured from outside; nothing is measured without it. */
  readonly brokerPid?: number | undefined
  readonly version: ClientVersion
  /** What all client identifiers begin with; another one for each run, lest old sessions come back. */
  readonly idPrefix: string
}

/** Whether a session ends with its connection, or stays and is there again when it comes back. */
export type Lifetime = 'clean' | 'lasting'

/** Seconds that sessions stay. */
const sessionExpiry = 3600

/**
 * CONNECT for a lifetime. A lasting session is new because its identifier is, not because a clean
 * start was asked for: MQTT 3.1.1 has no such thing, and some brokers store no session that had one.
 */
export function connectOptions(target: Target, name: string, lifetime: Lifetime): ConnectOptions {
  const { version, idPrefix } = target
  const isLasting = lifetime === 'lasting'
  return {
    version,
    clientId: `${idPrefix}-${name}`,
    cleanStart: !isLasting,
    ...(isLasting && { sessionExpiry }),
  }
}
