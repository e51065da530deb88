/** A server of Redis, or a Sentinel. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
}

/** What is behind a URL. */
export interface RedisServer extends RedisAddress {
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
  readonly isTls: boolean
}

/** How Redis is reached, and what is asked of it. */
export interface RedisOptions {
  /** With Sentinels it says how to log in, and they say where. */
  readonly server: RedisServer
  readonly sentinels: readonly RedisAddress[]
  /** What the Sentinels call the server. */
  readonly sentinelName: string
  readonly sentinelPassword: string | undefined
  /** Files, absolute: who is trusted, and who we are. */
  readonly tls: RedisTlsFiles
  readonly keyPrefix: string
  /** Replicas that must have a batch before it counts as safe. */
  readonly waitReplicas: number
  /** Milliseconds without a heartbeat after which another broker may take over. */
  readonly takeoverAfterMs: number
  readonly connectTimeoutMs: number
  readonly commandTimeoutMs: number
}

export interface RedisTlsFiles {
  readonly caFile: string | undefined
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
}

export const defaultRedisServer: RedisServer = {
  host: '127.0.0.1',
  port: 6379,
  username: undefined,
  password: undefined,
  database: 0,
  isTls: false,
}

export const defaultRedisOptions: RedisOptions = {
  server: defaultRedisServer,
  sentinels: [],
  sentinelName: 'mymaster',
  sentinelPassword: undefined,
  tls: { caFile: undefined, certFile: undefined, keyFile: undefined },
  keyPrefix: 'mqtt',
  waitReplicas: 0,
  takeoverAfterMs: 10_000,
  connectTimeoutMs: 10_000,
  commandTimeoutMs: 5000,
}

/** Where a store is, for people: without who logs in. */
export function describeRedis({ server, sentinels, sentinelName }: RedisOptions): string {
  const { database, host, port } = server
  if (sentinels.length === 0) return `redis ${host}:${port}/${database}`
  const list = sentinels.map((sentinel) => `${sentinel.host}:${sentinel.port}`).join(', ')
  return `redis ${sentinelName}/${database} (Sentinels ${list})`
}
