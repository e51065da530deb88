import { readVarint, varintSize } from '../mqtt/varint.ts'

/** The place behind properties and their length, −1 when they do not end before `end`. */
export function skipProperties(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1
  // hot: most packets have none.
  if (bytes[at] === 0) return at + 1
  const size = readVarint(bytes, at, end)
  if (size < 0) return -1
  const behind = at + varintSize(size) + size
  return behind > end ? -1 : behind
}
