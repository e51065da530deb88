import type { Clock } from '../base/clock.ts'
import type { Broker } from '../broker/broker.ts'

/** What the process knows of itself and the broker does not. */
export interface ProcessStatus {
  readonly version: string
  readonly node: string
  readonly pid: number
  /** Wall-clock ms. */
  readonly startedAtWallMs: number
  readonly rssBytes: number
  /** Network connections, CONNECT or not. */
  readonly connections: number
  readonly logLevel: string
  readonly storeBackend: string
}

/** How the broker is. Sizes in bytes, counts of what there is now. */
export interface Status {
  readonly version: string
  readonly node: string
  readonly pid: number
  readonly started_at: string
  readonly uptime_s: number
  readonly rss_bytes: number
  readonly log_level: string
  readonly connections: number
  readonly clients_connected: number
  readonly sessions: number
  readonly subscriptions: number
  readonly subscriptions_shared: number
  readonly retained: number
  readonly retained_bytes: number
  readonly queued: number
  readonly queued_bytes: number
  readonly store: StoreStatus
}

export interface StoreStatus {
  readonly backend: string
  /** `ok`; `behind`: publishers wait for it; `failing`: it cannot be written to. */
  readonly state: 'ok' | 'behind' | 'failing'
  /** What is not safe yet. */
  readonly pending_records: number
  readonly pending_bytes: number
}

export function statusOf(broker: Broker, clock: Clock, process: ProcessStatus): Status {
  const { queued, retainer, router, sessions } = broker
  return {
    version: process.version,
    node: process.node,
    pid: process.pid,
    started_at: new Date(process.startedAtWallMs).toISOString(),
    uptime_s: Math.max(0, Math.floor((clock.wallMs() - process.startedAtWallMs) / 1000)),
    rss_bytes: process.rssBytes,
    log_level: process.logLevel,
    connections: process.connections,
    clients_connected: sessions.connectedCount,
    sessions: sessions.count,
    subscriptions: router.subscriptionCount,
    subscriptions_shared: router.sharedSubscriptionCount,
    retained: retainer.count,
    retained_bytes: retainer.bytes,
    queued: queued.messages,
    queued_bytes: queued.bytes,
    store: storeStatusOf(broker, process.storeBackend),
  }
}

export function storeStatusOf({ journal }: Broker, backend: string): StoreStatus {
  const { isBehind, isFailing, pendingBytes, pendingRecords } = journal
  const state = isFailing ? 'failing' : isBehind ? 'behind' : 'ok'
  return { backend, state, pending_records: pendingRecords, pending_bytes: pendingBytes }
}
