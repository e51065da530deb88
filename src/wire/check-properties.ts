import type { Refusal } from '../mqtt/refusal.ts'
import { readVarint, varintSize } from '../mqtt/varint.ts'
import { PropertyScan } from './property-scan.ts'
import type { PropertySet } from './property-table.ts'
import { malformed } from './refuse.ts'

/** One for all: checking is synchronous, and what it notes is read at once. */
export const scan = new PropertyScan()

/**
 * Checks properties with their length in front, at `at`. Answers the place behind them.
 * Refuses: MalformedPacket, ProtocolError.
 */
export function checkProperties(
  bytes: Buffer,
  at: number,
  end: number,
  allowed: PropertySet,
  isStrict: boolean,
): number | Refusal {
  const size = readVarint(bytes, at, end)
  if (size < 0)
    return malformed(`the property length of ${allowed.what} is cut short or ill-formed`)
  const propertiesAt = at + varintSize(size)
  const behind = propertiesAt + size
  if (behind > end) return malformed(`the properties of ${allowed.what} are cut short`)
  return scan.scan(bytes, propertiesAt, behind, allowed, isStrict) ?? behind
}
