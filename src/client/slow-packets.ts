import { readVarint, varintSize } from '../mqtt/varint.ts'
import type { ClientVersion } from './fields.ts'
import type { ServerPacketHandler } from './ports.ts'
import { skipProperties } from './skip-properties.ts'

/** Where the server names no Receive Maximum. [MQTT-3.2.2-11] */
const receiveMaximumDefault = 65535
const receiveMaximumId = 0x21

/** Bytes of the value of each property in CONNACK; what is not here is a text, or two. */
const fixedSizes: Readonly<Record<number, number>> = {
  17: 4,
  19: 2,
  33: 2,
  34: 2,
  36: 1,
  37: 1,
  39: 4,
  40: 1,
  41: 1,
  42: 1,
}
const userProperty = 0x26

/**
 * The packets that come rarely. Each is handed on, or it is answered what is wrong with it;
 * `bytes[at … end)` is its body.
 */
export function scanConnack(
  handler: ServerPacketHandler,
  version: ClientVersion,
  bytes: Buffer,
  at: number,
  end: number,
): string | undefined {
  if (end - at < 2 || (version < 5 && end - at > 2)) return 'a CONNACK of a wrong size'
  const flags = bytes[at] as number
  const code = bytes[at + 1] as number
  if (flags > 1) return 'a CONNACK with wrong flags'
  // A server that does not speak MQTT 5 refuses it in the words of 3.1.1.
  const isShort = version < 5 || (end - at === 2 && code > 0)
  const maximum = isShort ? receiveMaximumDefault : receiveMaximum(bytes, at + 2, end)
  if (maximum === undefined) return 'a CONNACK with ill-formed properties'
  handler.onConnack(flags === 1, code, maximum)
  return undefined
}

export function scanSuback(
  handler: ServerPacketHandler,
  version: ClientVersion,
  bytes: Buffer,
  at: number,
  end: number,
): string | undefined {
  const codesAt = answerCodesAt(version, bytes, at, end)
  if (codesAt < 0 || codesAt === end) return 'an ill-formed SUBACK'
  handler.onSuback(bytes.readUInt16BE(at), Uint8Array.from(bytes.subarray(codesAt, end)))
  return undefined
}

export function scanUnsuback(
  handler: ServerPacketHandler,
  version: ClientVersion,
  bytes: Buffer,
  at: number,
  end: number,
): string | undefined {
  const codesAt = answerCodesAt(version, bytes, at, end)
  if (codesAt < 0 || (version < 5 && codesAt !== end)) return 'an ill-formed UNSUBACK'
  handler.onUnsuback(bytes.readUInt16BE(at), Uint8Array.from(bytes.subarray(codesAt, end)))
  return undefined
}

export function scanDisconnect(
  handler: ServerPacketHandler,
  version: ClientVersion,
  bytes: Buffer,
  at: number,
  end: number,
): string | undefined {
  if (version < 5) return 'a DISCONNECT from a server of MQTT 3.1.1'
  if (end - at > 1 && skipProperties(bytes, at + 1, end) !== end) return 'an ill-formed DISCONNECT'
  handler.onDisconnect(end > at ? (bytes[at] as number) : 0)
  return undefined
}

/** Where the codes of SUBACK and UNSUBACK begin, −1 when there is no place for them. */
function answerCodesAt(version: ClientVersion, bytes: Buffer, at: number, end: number): number {
  if (end - at < 2 || bytes.readUInt16BE(at) === 0) return -1
  return version < 5 ? at + 2 : skipProperties(bytes, at + 2, end)
}

/** The Receive Maximum among the properties of CONNACK; undefined when they are ill-formed. */
function receiveMaximum(bytes: Buffer, at: number, end: number): number | undefined {
  if (skipProperties(bytes, at, end) !== end) return undefined
  let found = receiveMaximumDefault
  let place = at + varintSize(readVarint(bytes, at, end))
  while (place < end) {
    const id = bytes[place] as number
    const behind = valueEnd(bytes, id, place + 1, end)
    if (behind > end) return undefined
    if (id === receiveMaximumId) found = bytes.readUInt16BE(place + 1)
    place = behind
  }
  return found
}

/** Where the value of a property ends; behind `end` when it is cut. */
function valueEnd(bytes: Buffer, id: number, at: number, end: number): number {
  const size = fixedSizes[id]
  if (size !== undefined) return at + size
  const behind = textEnd(bytes, at, end)
  return id === userProperty ? textEnd(bytes, behind, end) : behind
}

function textEnd(bytes: Buffer, at: number, end: number): number {
  return at + 2 > end ? end + 1 : at + 2 + bytes.readUInt16BE(at)
}
