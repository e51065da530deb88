import { defaultListenerOptions, type ListenerOptions } from '../listeners/options.ts'
import type { ListenerKeys } from './listener-schema.ts'
import type { HomeOf } from './resolve.ts'
import { tlsOptions } from './tls-options.ts'

const defaults = defaultListenerOptions

/** A listener with its defaults filled in. */
export function listenerOptions(
  keys: ListenerKeys,
  index: number,
  homeOf: HomeOf,
): ListenerOptions {
  const tcp = keys.tcp_options ?? {}
  const type = keys.type ?? defaults.type
  const isSecure = type === 'tls' || type === 'wss'
  return {
    name: keys.name,
    type,
    host: keys.bind.host,
    port: keys.bind.port,
    path: keys.path ?? defaults.path,
    zone: keys.zone ?? defaults.zone,
    connectionsMax: keys.max_connections ?? defaults.connectionsMax,
    connectionRate: keys.max_conn_rate ?? defaults.connectionRate,
    protocolVersions: keys.protocol_versions ?? defaults.protocolVersions,
    backlog: tcp.backlog ?? defaults.backlog,
    keepAliveMs: tcp.keepalive ?? defaults.keepAliveMs,
    noDelay: tcp.nodelay ?? defaults.noDelay,
    highWatermark: tcp.high_watermark ?? defaults.highWatermark,
    handshakeMs: keys.handshake_timeout ?? defaults.handshakeMs,
    tls: isSecure ? tlsOptions(keys.tls ?? {}, ['listeners', index, 'tls'], homeOf) : undefined,
  }
}
