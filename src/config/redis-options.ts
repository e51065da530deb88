import { resolve as resolvePath } from 'node:path'
import { defaultRedisOptions, type RedisOptions } from '../store/redis/options.ts'
import type { HomeOf } from './resolve.ts'
import type { Keys } from './schema.ts'

const defaults = defaultRedisOptions

/** What the keys of `store` say of Redis, with its defaults filled in. */
export function resolveRedis(store: NonNullable<Keys['store']>, homeOf: HomeOf): RedisOptions {
  const tls = store.tls ?? {}
  const fileOf = (key: keyof typeof tls): string | undefined => {
    const file = tls[key] ?? undefined
    return file && resolvePath(homeOf(['store', 'tls', key]), file)
  }
  return {
    server: store.url ?? defaults.server,
    sentinels: store.sentinels ?? defaults.sentinels,
    sentinelName: store.sentinel_name ?? defaults.sentinelName,
    sentinelPassword: store.sentinel_password ?? defaults.sentinelPassword,
    tls: { caFile: fileOf('cacertfile'), certFile: fileOf('certfile'), keyFile: fileOf('keyfile') },
    keyPrefix: store.key_prefix ?? defaults.keyPrefix,
    waitReplicas: store.wait_replicas ?? defaults.waitReplicas,
    takeoverAfterMs: store.takeover_after ?? defaults.takeoverAfterMs,
    connectTimeoutMs: store.connect_timeout ?? defaults.connectTimeoutMs,
    commandTimeoutMs: store.command_timeout ?? defaults.commandTimeoutMs,
  }
}
