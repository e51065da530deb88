import { resolve as resolvePath } from 'node:path'
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
    ...whereOf(keys.bind, index, homeOf),
    socketMode: keys.socket_mode ?? defaults.socketMode,
    allowedOrigins: keys.allowed_origins === 'any' ? undefined : keys.allowed_origins,
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

/** The path of a socket is relative to the file that names it. */
function whereOf(bind: ListenerKeys['bind'], index: number, homeOf: HomeOf) {
  if (!('unixPath' in bind)) return { host: bind.host, port: bind.port, unixPath: undefined }
  const unixPath = resolvePath(homeOf(['listeners', index, 'bind']), bind.unixPath)
  return { host: undefined, port: 0, unixPath }
}
