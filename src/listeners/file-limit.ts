import { readFileSync } from 'node:fs'

/** Open files that stay free for the store and everything else that is not a connection. */
const reservedForOthers = 512 + 256

/**
 * How many connections the process may hold: its limit of open files less the reserve, so that a
 * flood of connections never fails the store. `Infinity` where the limit cannot be read.
 */
export function connectionsByFileLimit(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return limit === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(64, Number(limit) - reservedForOthers)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
