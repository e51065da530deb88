import mqttPacket, { type Packet } from 'mqtt-packet'
import type { ControlPacket, ProtocolVersion, UserProperties } from '../mqtt/packets.ts'
import { Refusal } from '../mqtt/refusal.ts'
import { readVarint, varintSize } from '../mqtt/varint.ts'
import * as dialect from './dialect.ts'
import { PacketParser } from './packet-parser.ts'
import { readUserProperties } from './properties.ts'
import type { MessageNumbering } from './publish-reader.ts'
import { malformed } from './refuse.ts'
import { checkControl } from './well-formed.ts'
import { checkConnect, hasBridgeBit } from './well-formed-connect.ts'
import { makeWill } from './will.ts'

/** What decoding a control packet depends on. */
export interface ControlContext {
  readonly version: ProtocolVersion
  readonly isBridge: boolean
  readonly isStrict: boolean
  readonly topicLevelsMax: number
  readonly numbering: MessageNumbering
  /** Monotonic ms. */
  readonly now: number
}

// Otherwise it fills 65,536 buffers with the numbers there are, which nobody here asks for.
mqttPacket.writeToStream.cacheNumbers = false

/** One for all connections: a packet is read within one call. */
const parsers = { 3: new PacketParser(3), 4: new PacketParser(4), 5: new PacketParser(5) }

/**
 * Decodes one whole CONNECT, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT or AUTH, whose size was checked.
 * `bytes` is this packet and nothing else, its body begins at `bodyAt`. Our own check comes first
 * and is the stricter; mqtt-packet builds the packet, the dialect says it in MQTT 5 words.
 * Refuses: MalformedPacket, ProtocolError, UnsupportedProtocolVersion, TopicNameInvalid.
 */
export function decodeControl(
  bytes: Buffer,
  bodyAt: number,
  context: ControlContext,
): ControlPacket | Refusal {
  if ((bytes[0] as number) >> 4 === 1) return decodeConnect(bytes, bodyAt, context)
  const lengthAt = checkControl(bytes, bodyAt, context.version, context.isStrict)
  if (lengthAt instanceof Refusal) return lengthAt
  const packet = parse(bytes, context.version)
  if (packet instanceof Refusal) return packet
  const users = usersAt(bytes, lengthAt)
  switch (packet.cmd) {
    case 'subscribe':
      return dialect.subscribe(packet, users, context.isBridge)
    case 'unsubscribe':
      return dialect.unsubscribe(packet, users)
    case 'disconnect':
      return dialect.disconnect(packet, users)
    case 'auth':
      return dialect.auth(packet, users)
    default:
      return malformed(`a ${packet.cmd} of a client`)
  }
}

/** Encodes a packet; undefined when mqtt-packet cannot, which it says by throwing or destroying. */
export function generate(packet: Packet, version: ProtocolVersion): Buffer | undefined {
  try {
    return mqttPacket.generate(packet, { protocolVersion: version })
  } catch {
    return undefined
  }
}

function decodeConnect(
  bytes: Buffer,
  bodyAt: number,
  context: ControlContext,
): ControlPacket | Refusal {
  const { isStrict, topicLevelsMax } = context
  const layout = checkConnect(bytes, bodyAt, isStrict, topicLevelsMax)
  if (layout instanceof Refusal) return layout
  const packet = parse(bytes, context.version)
  if (packet instanceof Refusal) return packet
  if (packet.cmd !== 'connect') return malformed(`a ${packet.cmd} for a CONNECT`)
  const users = readUserProperties(bytes, layout.propertiesAt, layout.propertiesEnd)
  const will = makeWill(packet, bytes, layout.will, context.numbering, context.now)
  return dialect.connect(packet, users, will, hasBridgeBit(bytes, bodyAt))
}

function parse(bytes: Buffer, version: ProtocolVersion): Packet | Refusal {
  return parsers[version].parse(withoutDup(bytes))
}

/** MQTT 3.1 allows DUP on SUBSCRIBE and UNSUBSCRIBE, mqtt-packet does not. */
function withoutDup(bytes: Buffer): Buffer {
  if (((bytes[0] as number) & 0x08) === 0) return bytes
  const copy = Buffer.from(bytes)
  copy[0] = (bytes[0] as number) & 0xf7
  return copy
}

/** User properties in their order, which mqtt-packet does not keep. */
function usersAt(bytes: Buffer, lengthAt: number): UserProperties {
  if (lengthAt === 0) return []
  const size = readVarint(bytes, lengthAt, bytes.length)
  const at = lengthAt + varintSize(size)
  return readUserProperties(bytes, at, at + size)
}
