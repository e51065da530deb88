import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { getHeapStatistics } from 'node:v8'
import type { Logger } from './base/logger.ts'
import type { Store } from './broker/ports.ts'
import type { Configuration } from './config/configuration.ts'
import { Share } from './config/share.ts'
import { EmbeddedStore } from './store/embedded/embedded-store.ts'
import { VolatileStore } from './store/memory/volatile-store.ts'
import { RedisStore } from './store/redis/redis-store.ts'

/** The store that the configuration names; not open yet. */
export function chosenStore({ store }: Configuration, log: Logger): Store {
  if (store.backend === 'memory') return new VolatileStore()
  if (store.backend === 'redis') return new RedisStore(store.redis, log, store.bytesMax)
  return new EmbeddedStore(store.path, log, store.bytesMax)
}

/** Bytes that may wait in the queues of all sessions: a share is of what there is room for. */
export function queuedBytesMax({ limits, store }: Configuration): number {
  const { queuedBytesMax: max } = limits
  if (!(max instanceof Share)) return max
  if (store.backend === 'memory') return max.of(getHeapStatistics().heap_size_limit)
  if (store.bytesMax < Number.POSITIVE_INFINITY) return max.of(store.bytesMax)
  if (store.backend === 'redis') return Number.POSITIVE_INFINITY
  return max.of(freeBytes(store.path))
}

/** What the disk has free for a folder that may not be there yet; `Infinity` where nobody knows. */
function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  } catch {
    const above = dirname(path)
    return above === path ? Number.POSITIVE_INFINITY : freeBytes(above)
  }
}
