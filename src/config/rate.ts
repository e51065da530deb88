import type { Rate } from '../channel/options.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { formatSize, parseSize } from './size.ts'

/** What a rate counts: things, or bytes. */
export type RateUnit = 'count' | 'bytes'

/**
 * Reads `100/s`, `5/10s`, `1MB/1m` (sizes only where bytes are counted); undefined for anything
 * else, also for 0, which would let nothing through for ever. `infinity` is for the caller to read:
 * it means no rate.
 */
export function parseRate(text: string, unit: RateUnit): Rate | undefined {
  const slash = text.indexOf('/')
  if (slash < 1) return undefined
  const count = parseAmount(text.slice(0, slash), unit)
  const per = text.slice(slash + 1)
  const perMs = parseDuration(/^\d/.test(per) ? per : `1${per}`)
  if (count === undefined || perMs === undefined) return undefined
  if (count === 0 || perMs === 0 || !Number.isFinite(count) || !Number.isFinite(perMs)) {
    return undefined
  }
  return { count, perMs }
}

/** Writes a rate as `parseRate` reads it. */
export function formatRate(rate: Rate, unit: RateUnit): string {
  const amount = unit === 'bytes' ? formatSize(rate.count) : String(rate.count)
  return `${amount}/${formatDuration(rate.perMs).replace(/^1(?=\D)/, '')}`
}

function parseAmount(text: string, unit: RateUnit): number | undefined {
  if (unit === 'bytes') return parseSize(text)
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
