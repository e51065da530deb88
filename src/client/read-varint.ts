/** What `readVarint` answers when the bytes end before the integer does. */
export const varintCut = -1
/** What `readVarint` answers for more than four bytes, or more than the value needs. */
export const varintIllFormed = -2

/** Bytes that a Variable Byte Integer takes. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  return value < 0x200000 ? 3 : 4
}

/** Reads a Variable Byte Integer that ends before `end`; in its shortest form only. [MQTT-1.5.5-1] */
export function readVarint(bytes: Uint8Array, at: number, end: number): number {
  let value = 0
  for (let i = 0; i < 4; i++) {
    if (at + i >= end) return varintCut
    const byte = bytes[at + i] as number
    value |= (byte & 0x7f) << (7 * i)
    if (byte < 0x80) return byte === 0 && i > 0 ? varintIllFormed : value
  }
  return varintIllFormed
}

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
