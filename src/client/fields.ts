/** What a client of ours speaks: MQTT 3.1.1 or 5.0, by their protocol levels. */
export type ClientVersion = 4 | 5

/** A Variable Byte Integer of at most four bytes. */
export function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

export function twoBytes(value: number): Buffer {
  return Buffer.from([value >>> 8, value & 0xff])
}

export function fourBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Bytes with their length in front. Throws: RangeError above 65,535 bytes. */
export function binary(value: Uint8Array): Buffer {
  if (value.length > 0xffff) throw new RangeError(`${value.length} bytes do not fit into a field`)
  return Buffer.concat([twoBytes(value.length), value])
}

/** A text in UTF-8 with its length in front. Throws: RangeError above 65,535 bytes. */
export function text(value: string): Buffer {
  return binary(Buffer.from(value))
}

/** Properties with their length in front for MQTT 5; nothing at all for 3.1.1. */
export function properties(version: ClientVersion, list: readonly Uint8Array[]): Buffer {
  if (version < 5) return Buffer.alloc(0)
  const joined = Buffer.concat(list)
  return Buffer.concat([varint(joined.length), joined])
}

/** A property whose value is a whole number of one to four bytes. */
export function property(id: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([id]), value])
}

/** A whole packet: the fixed header in front of the parts of its body. */
export function packet(first: number, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([first]), varint(body.length), body])
}
