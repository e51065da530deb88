import { readFileSync } from 'node:fs'

/** Open files that stay free for everything that is neither connection nor store: listeners, logs. */
const reservedForOthers = 128
/** Open files that a store on disk or network may need at once, 256 of them LevelDB's. */
const reservedForStore = 512 + 256

/**
 * How many connections the process may hold: its limit of open files less the reserve, so that a
 * flood of connections never fails the store. `Infinity` where the limit cannot be read.
 */
export function connectionsByFileLimit(hasStore: boolean): number {
  const limit = openFilesMax()
  return Math.max(64, limit - (hasStore ? reservedForStore : reservedForOthers))
}

function openFilesMax(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
