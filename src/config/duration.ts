const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/**
 * Reads `500ms`, `30s`, `15m`, `2h`, `7d`, `0` and `infinity` as milliseconds; undefined for anything
 * else. A number without a unit is refused, since nobody can see whether it means seconds.
 */
export function parseDuration(text: string): number | undefined {
  if (text === 'infinity') return Number.POSITIVE_INFINITY
  if (text === '0') return 0
  const match = /^(\d{1,15}) ?(ms|s|m|h|d)$/.exec(text)
  if (match === null) return undefined
  const durationMs = Number(match[1]) * (unitsMs[match[2] as string] as number)
  return Number.isSafeInteger(durationMs) ? durationMs : undefined
}

/** Writes whole milliseconds in the largest unit that needs no fraction; `parseDuration` reads it. */
export function formatDuration(durationMs: number): string {
  if (durationMs === Number.POSITIVE_INFINITY) return 'infinity'
  for (const unit of ['d', 'h', 'm', 's']) {
    const unitMs = unitsMs[unit] as number
    if (durationMs > 0 && durationMs % unitMs === 0) return `${durationMs / unitMs}${unit}`
  }
  return durationMs === 0 ? '0' : `${durationMs}ms`
}
