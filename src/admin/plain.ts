/** A number as JSON can say it: `Infinity` is "infinity". */
export type PlainNumber = number | 'infinity'

export function plainNumber(value: number): PlainNumber {
  return value === Number.POSITIVE_INFINITY ? 'infinity' : value
}

/** Milliseconds since 1970 as text of ISO 8601; null where there is no such time. */
export function plainTime(wallMs: number | undefined): string | null {
  return wallMs === undefined ? null : new Date(wallMs).toISOString()
}
