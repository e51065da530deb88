/** The largest Variable Byte Integer, 268,435,455. */
export const varintMax = 0x0fffffff

/** What `readVarint` answers when the bytes end before the integer does. */
export const varintCut = -1
/** What `readVarint` answers for more than four bytes, or more than the value needs. */
export const varintIllFormed = -2

/** Bytes that a Variable Byte Integer takes: as few as its value needs, 1 … 4. [MQTT-1.5.5-1] */
export function varintSize(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  return value < 0x200000 ? 3 : 4
}

/**
 * Reads a Variable Byte Integer that ends before `end`. Since only the shortest encoding is
 * accepted, it took `varintSize(value)` bytes. Answers `varintCut` or `varintIllFormed` where
 * there is none. [MQTT-1.5.5-1]
 */
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

/** Writes a Variable Byte Integer; answers the place behind it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value
  let place = at
  while (rest > 0x7f) {
    bytes[place++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[place++] = rest
  return place
}
