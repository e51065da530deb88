import { resolve as resolvePath } from 'node:path'
import { defaultListenerOptions } from '../listeners/options.ts'
import { accessOptions } from './access-options.ts'
import type { Configuration, StoreOptions, ZoneOptions } from './configuration.ts'
import { listenerOptions } from './listener-options.ts'
import type { Path } from './problem.ts'
import { resolveRedis } from './redis-options.ts'
import type { Keys } from './schema.ts'
import { Share } from './share.ts'
import { defaultZoneKeys, type WholeZone, zoneOptions } from './zone-options.ts'
import type { ZoneKeys } from './zone-schema.ts'

/** The folder that a path is relative to: that of the file it is said in, or the current one. */
export type HomeOf = (path: Path) => string

/**
 * Fills in what the operator did not say, lets zones inherit, and makes paths absolute.
 */
export function resolveKeys(keys: Keys, homeOf: HomeOf): Configuration {
  const listeners = keys.listeners?.map((listener, index) =>
    listenerOptions(listener, index, homeOf),
  ) ?? [defaultListenerOptions]
  const limits = keys.limits ?? {}
  const retainer = keys.retainer ?? {}
  const infinity = Number.POSITIVE_INFINITY
  const dataDir = resolvePath(homeOf(['node', 'data_dir']), keys.node?.data_dir ?? 'data')
  return {
    node: { name: keys.node?.name ?? 'broker-1', dataDir },
    listeners,
    zones: resolveZones(keys.zones ?? {}),
    store: resolveStore(keys.store ?? {}, dataDir, homeOf),
    limits: {
      sessionsMax: limits.max_sessions ?? infinity,
      queuedBytesMax: limits.max_queued_bytes ?? new Share(50),
    },
    retainer: {
      retainedMessagesMax: retainer.max_retained_messages ?? infinity,
      payloadSizeMax: retainer.max_payload_size ?? 1024 * 1024,
      messageExpiryIntervalMs: retainer.msg_expiry_interval ?? infinity,
    },
    access: accessOptions(keys, homeOf),
    sys: { intervalMs: keys.sys?.interval ?? 10_000 },
    shutdown: { timeoutMs: keys.shutdown?.timeout ?? 10_000 },
    log: { level: keys.log?.level ?? 'info', format: keys.log?.format ?? 'auto' },
  }
}

/** A relative path is relative to the folder for everything on disk. */
function resolveStore(
  store: NonNullable<Keys['store']>,
  dataDir: string,
  homeOf: HomeOf,
): StoreOptions {
  return {
    backend: store.backend ?? 'embedded',
    path: resolvePath(dataDir, store.path ?? 'store'),
    bytesMax: store.max_bytes ?? Number.POSITIVE_INFINITY,
    commitIntervalMs: store.commit_interval ?? 1,
    asyncIntervalMs: store.async_interval ?? 1000,
    onFailure: store.on_failure ?? 'pause',
    redis: resolveRedis(store, homeOf),
  }
}

function resolveZones(zones: NonNullable<Keys['zones']>): Map<string, ZoneOptions> {
  const base = inherit(defaultZoneKeys, zones.default)
  const resolved = new Map([['default', zoneOptions('default', base)]])
  for (const [name, keys] of Object.entries(zones)) {
    if (name !== 'default') resolved.set(name, zoneOptions(name, inherit(base, keys)))
  }
  return resolved
}

/** What a zone says, over what the zone above it says. A mapping replaces the one above as a whole. */
function inherit(above: WholeZone, keys: ZoneKeys | null | undefined): WholeZone {
  const said = Object.entries(keys ?? {}).filter(([, value]) => value !== undefined)
  return { ...above, ...Object.fromEntries(said) }
}
