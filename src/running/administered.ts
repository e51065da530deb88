import type { ListenerEntry } from '../admin/listeners.ts'
import { plainNumber } from '../admin/plain.ts'
import type { Administered, Reloaded } from '../admin/ports.ts'
import type { LogLevel } from '../base/logger.ts'
import type { Broker } from '../broker/broker.ts'
import type { Configuration } from '../config/configuration.ts'
import type { Settled } from '../config/load.ts'
import type { Listener } from '../listeners/listener.ts'
import { systemClock } from '../system.ts'
import { readVersion } from '../version.ts'

/** What belongs to the program that runs the broker, and its operators may use. */
export interface Operator {
  readonly log: { level: LogLevel }
  /** Reads the configuration anew. */
  readonly load?: () => Settled
}

/** A broker with what is around it, as its daemon has it; what changes is asked for anew. */
export interface RunningParts {
  readonly broker: Broker
  readonly operator: Operator | undefined
  readonly configuration: () => Configuration
  readonly connectionCount: () => number
  readonly listeners: () => readonly Listener[]
  /** Listeners that accept no more. */
  readonly retired: () => readonly Listener[]
  readonly reload: () => Promise<Reloaded>
}

/** What operators see of a broker that runs, from now on, which counts as its start. */
export function administeredOf(parts: RunningParts): Administered {
  const { broker, operator } = parts
  const startedAtWallMs = systemClock.wallMs()
  return {
    broker,
    clock: systemClock,
    process: () => {
      const { log, node, store } = parts.configuration()
      return {
        version: readVersion(),
        node: node.name,
        pid: process.pid,
        startedAtWallMs,
        rssBytes: process.memoryUsage.rss(),
        connections: parts.connectionCount(),
        logLevel: operator?.log.level ?? log.level,
        storeBackend: store.backend,
      }
    },
    listeners: () => [
      ...parts.listeners().map((listener) => listenerEntry(listener, 'listening')),
      ...parts.retired().map((listener) => listenerEntry(listener, 'closed')),
    ],
    log: operator?.log,
    reload: operator?.load && parts.reload,
  }
}

function listenerEntry(
  { address, port, reception }: Listener,
  state: ListenerEntry['state'],
): ListenerEntry {
  const { connections, options } = reception
  return {
    name: options.name,
    type: options.type,
    address,
    port,
    zone: options.zone,
    state,
    connections: connections.size,
    max_connections: plainNumber(options.connectionsMax),
  }
}
