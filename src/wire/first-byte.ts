import type { ProtocolVersion } from '../mqtt/packets.ts'
import type { Refusal } from '../mqtt/refusal.ts'
import { malformed, protocolError } from './refuse.ts'

/** Packet types, the upper half of a packet's first byte. */
export const PacketType = {
  Connect: 1,
  Connack: 2,
  Publish: 3,
  Puback: 4,
  Pubrec: 5,
  Pubrel: 6,
  Pubcomp: 7,
  Subscribe: 8,
  Suback: 9,
  Unsubscribe: 10,
  Unsuback: 11,
  Pingreq: 12,
  Pingresp: 13,
  Disconnect: 14,
  Auth: 15,
} as const

/** Flags that a type other than PUBLISH must have; −1 for what no client sends. [MQTT-2.1.3-1] */
const flagsOf = [-1, 0, -1, 0, 0, 0, 2, 0, 2, -1, 2, -1, 0, -1, 0, 0]

const tables = new Map<ProtocolVersion | undefined, Uint8Array>(
  ([undefined, 3, 4, 5] as const).map((version) => [version, makeTable(version)]),
)

/**
 * 256 flags: whether a client may begin a packet with that byte. Without a version, before
 * CONNECT, only CONNECT may; afterwards CONNECT may not. [MQTT-3.1.0-1] [MQTT-3.1.0-2]
 */
export function firstBytes(version: ProtocolVersion | undefined): Uint8Array {
  return tables.get(version) as Uint8Array
}

/** Says why `firstBytes` does not have a byte. Refuses: MalformedPacket, ProtocolError. */
export function refuseFirstByte(first: number, version: ProtocolVersion | undefined): Refusal {
  const type = first >> 4
  const flags = first & 0x0f
  if (type === 0) return malformed('packet type 0')
  if (version === undefined && type !== PacketType.Connect) {
    return protocolError(`packet type ${type} before CONNECT`)
  }
  if (type === PacketType.Publish) {
    return malformed((flags & 6) === 6 ? 'a PUBLISH with QoS 3' : 'a PUBLISH with QoS 0 and DUP')
  }
  if ((flagsOf[type] as number) < 0)
    return protocolError(`packet type ${type} is a server's to send`)
  if (flags !== flagsOf[type]) return malformed(`flags ${flags} in packet type ${type}`)
  if (type === PacketType.Connect) return protocolError('a second CONNECT')
  return protocolError(`packet type ${type} does not exist in this protocol version`)
}

function makeTable(version: ProtocolVersion | undefined): Uint8Array {
  const table = new Uint8Array(256)
  if (version === undefined) {
    table[0x10] = 1
    return table
  }
  for (let first = 0x20; first < 256; first++) table[first] = mayBegin(first, version) ? 1 : 0
  return table
}

function mayBegin(first: number, version: ProtocolVersion): boolean {
  const type = first >> 4
  const flags = first & 0x0f
  if (type === PacketType.Publish) return (flags & 6) !== 6 && (flags & 14) !== 8
  if (type === PacketType.Auth && version !== 5) return false
  // MQTT 3.1 lets a client repeat PUBREL, SUBSCRIBE and UNSUBSCRIBE with DUP set.
  return flags === flagsOf[type] || (version === 3 && flagsOf[type] === 2 && flags === 10)
}
