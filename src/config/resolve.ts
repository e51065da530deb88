import { resolve as resolvePath } from 'node:path'
import { defaultListenerOptions } from '../listeners/options.ts'
import { isLoopback } from './bind.ts'
import type { Configuration, ZoneOptions } from './configuration.ts'
import { listenerOptions } from './listener-options.ts'
import { heapBytesMax, type Keys } from './schema.ts'
import { defaultZoneKeys, type WholeZone, zoneOptions } from './zone-options.ts'
import type { ZoneKeys } from './zone-schema.ts'

/**
 * Fills in what the operator did not say, lets zones inherit, and makes paths absolute: `dataHome`
 * is the folder that `data_dir` is relative to.
 */
export function resolveKeys(keys: Keys, dataHome: string): Configuration {
  const listeners = keys.listeners?.map(listenerOptions) ?? [defaultListenerOptions]
  const isPrivate = listeners.every((listener) => isLoopback(listener.host))
  const limits = keys.limits ?? {}
  const retainer = keys.retainer ?? {}
  const infinity = Number.POSITIVE_INFINITY
  return {
    node: {
      name: keys.node?.name ?? 'broker-1',
      dataDir: resolvePath(dataHome, keys.node?.data_dir ?? 'data'),
    },
    listeners,
    zones: resolveZones(keys.zones ?? {}),
    store: { backend: keys.store?.backend ?? 'memory' },
    limits: {
      sessionsMax: limits.max_sessions ?? infinity,
      queuedBytesMax: limits.max_queued_bytes ?? Math.floor(heapBytesMax / 2),
    },
    retainer: {
      retainedMessagesMax: retainer.max_retained_messages ?? infinity,
      payloadSizeMax: retainer.max_payload_size ?? 1024 * 1024,
      messageExpiryIntervalMs: retainer.msg_expiry_interval ?? infinity,
    },
    auth: { allowAnonymous: keys.auth?.allow_anonymous ?? isPrivate },
    shutdown: { timeoutMs: keys.shutdown?.timeout ?? 10_000 },
    log: { level: keys.log?.level ?? 'info', format: keys.log?.format ?? 'auto' },
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
