import type { ProtocolVersion } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import { checkTopicName } from '../mqtt/topic.ts'
import { readVarint, varintSize } from '../mqtt/varint.ts'
import { checkProperties, scan } from './check-properties.ts'
import { allowedProperties } from './property-table.ts'
import { malformed, protocolError } from './refuse.ts'
import { checkText } from './utf8.ts'

/** Where the parts of a CONNECT are that we read ourselves, in bytes from the start of the packet. */
export interface ConnectLayout {
  readonly propertiesAt: number
  readonly propertiesEnd: number
  readonly will: WillLayout | undefined
}

/** The properties of a will, and what of them does not travel with its message. */
export interface WillLayout {
  readonly propertiesAt: number
  readonly propertiesEnd: number
  /** Seconds, 0 where there is none; its place is −1 then. */
  readonly delay: number
  readonly delayAt: number
  /** Seconds, −1 where there is none. */
  readonly expiry: number
  readonly expiryAt: number
}

const flag = {
  reserved: 1,
  will: 4,
  willQos: 0x18,
  willRetain: 0x20,
  password: 0x40,
  username: 0x80,
}

const name311 = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54])
const name31 = Buffer.from([0, 6, 0x4d, 0x51, 0x49, 0x73, 0x64, 0x70])

/**
 * The version to answer a CONNECT in, whatever else is wrong with it: its own where we speak it,
 * 5 for a later one, 3.1.1 for an earlier one. Undefined when it does not begin as a CONNECT does.
 */
export function announcedVersion(
  bytes: Buffer,
  bodyAt: number,
  end: number,
): ProtocolVersion | undefined {
  const nameEnd = protocolNameEnd(bytes, bodyAt, end)
  if (nameEnd < 0 || nameEnd >= end) return undefined
  if (nameEnd - bodyAt === name31.length) return 3
  const level = (bytes[nameEnd] as number) & 0x7f
  return level >= 5 ? 5 : 4
}

/** Whether mosquitto's bridge bit is set on the level of a CONNECT that was checked. */
export function hasBridgeBit(bytes: Buffer, bodyAt: number): boolean {
  const nameEnd = protocolNameEnd(bytes, bodyAt, bytes.length)
  return ((bytes[nameEnd] as number) & 0x80) !== 0
}

/**
 * Checks the body of a CONNECT, all of it. Refuses: UnsupportedProtocolVersion, MalformedPacket,
 * ProtocolError, TopicNameInvalid (will).
 */
export function checkConnect(
  bytes: Buffer,
  bodyAt: number,
  isStrict: boolean,
  topicLevelsMax: number,
): ConnectLayout | Refusal {
  const end = bytes.length
  const nameEnd = protocolNameEnd(bytes, bodyAt, end)
  if (nameEnd < 0) return unsupported('a protocol name that is not MQTT')
  if (nameEnd >= end) return malformed('a CONNECT without a protocol level')
  const level = bytes[nameEnd] as number
  if (!isLevelOf(level, nameEnd - bodyAt)) return unsupported(`protocol level ${level}`)
  if (nameEnd + 4 > end) return malformed('a CONNECT without flags or keep alive')
  const flags = bytes[nameEnd + 1] as number
  const refusal = checkFlags(flags, level)
  if (refusal !== undefined) return refusal
  const at = nameEnd + 4
  if (level !== 5) {
    return checkPayload(bytes, at, flags, false, isStrict, topicLevelsMax, at, at)
  }
  const propertiesEnd = checkProperties(bytes, at, end, allowedProperties.connect, isStrict)
  if (propertiesEnd instanceof Refusal) return propertiesEnd
  if (scan.hasAuthenticationData && !scan.hasAuthenticationMethod) {
    return protocolError('authentication data without an authentication method')
  }
  const propertiesAt = at + varintSize(readVarint(bytes, at, end))
  return checkPayload(
    bytes,
    propertiesEnd,
    flags,
    true,
    isStrict,
    topicLevelsMax,
    propertiesAt,
    propertiesEnd,
  )
}

/** Place behind the protocol name, −1 when it is no name of MQTT. [MQTT-3.1.2-1] */
function protocolNameEnd(bytes: Buffer, at: number, end: number): number {
  if (startsWith(bytes, at, end, name311)) return at + name311.length
  return startsWith(bytes, at, end, name31) ? at + name31.length : -1
}

function startsWith(bytes: Buffer, at: number, end: number, expected: Buffer): boolean {
  if (at + expected.length > end) return false
  return expected.compare(bytes, at, at + expected.length) === 0
}

/** [MQTT-3.1.2-2] */
function isLevelOf(level: number, nameSize: number): boolean {
  if (nameSize === name31.length) return (level & 0x7f) === 3
  return (level & 0x7f) === 4 || level === 5
}

function checkFlags(flags: number, level: number): Refusal | undefined {
  if ((flags & flag.reserved) !== 0) return malformed('the reserved flag of CONNECT is set')
  if ((flags & flag.will) === 0 && (flags & (flag.willQos | flag.willRetain)) !== 0) {
    return malformed('a will QoS or will retain without a will')
  }
  if ((flags & flag.willQos) === flag.willQos) return malformed('a will with QoS 3')
  if (level !== 5 && (flags & flag.password) !== 0 && (flags & flag.username) === 0) {
    return malformed('a password without a user name')
  }
  return undefined
}

function checkPayload(
  bytes: Buffer,
  clientIdAt: number,
  flags: number,
  isVersion5: boolean,
  isStrict: boolean,
  topicLevelsMax: number,
  propertiesAt: number,
  propertiesEnd: number,
): ConnectLayout | Refusal {
  let at: number | Refusal = checkField(bytes, clientIdAt, isStrict, 'the client identifier')
  if (at instanceof Refusal) return at
  let will: WillLayout | undefined
  if ((flags & flag.will) !== 0) {
    const willAt: number = at
    let topicAt = willAt
    if (isVersion5) {
      const behind = checkProperties(bytes, willAt, bytes.length, allowedProperties.will, isStrict)
      if (behind instanceof Refusal) return behind
      topicAt = behind
    }
    will = willLayout(bytes, willAt, topicAt)
    at = checkWill(bytes, topicAt, isStrict, topicLevelsMax)
    if (at instanceof Refusal) return at
  }
  if ((flags & flag.username) !== 0) {
    at = checkField(bytes, at, isStrict, 'the user name')
    if (at instanceof Refusal) return at
  }
  if ((flags & flag.password) !== 0) {
    at = fieldEnd(bytes, at, 'the password')
    if (at instanceof Refusal) return at
  }
  if (at !== bytes.length) return malformed('bytes behind the end of CONNECT')
  return { propertiesAt, propertiesEnd, will }
}

/** Takes down what `scan` has just noted of a will's properties. */
function willLayout(bytes: Buffer, willAt: number, topicAt: number): WillLayout {
  if (willAt === topicAt) {
    return {
      propertiesAt: topicAt,
      propertiesEnd: topicAt,
      delay: 0,
      delayAt: -1,
      expiry: -1,
      expiryAt: -1,
    }
  }
  return {
    propertiesAt: willAt + varintSize(readVarint(bytes, willAt, topicAt)),
    propertiesEnd: topicAt,
    delay: scan.willDelay,
    delayAt: scan.willDelayAt,
    expiry: scan.messageExpiry,
    expiryAt: scan.messageExpiryAt,
  }
}

/** Checks the topic and the length of the payload of a will; answers the place behind. [MQTT-3.1.3-11] */
function checkWill(
  bytes: Buffer,
  at: number,
  isStrict: boolean,
  topicLevelsMax: number,
): number | Refusal {
  const topicEnd = checkField(bytes, at, isStrict, 'the will topic')
  if (topicEnd instanceof Refusal) return topicEnd
  const refusal = checkTopicName(bytes.toString('utf8', at + 2, topicEnd), topicLevelsMax)
  return refusal ?? fieldEnd(bytes, topicEnd, 'the will payload')
}

function checkField(bytes: Buffer, at: number, isStrict: boolean, what: string): number | Refusal {
  const end = fieldEnd(bytes, at, what)
  if (end instanceof Refusal) return end
  return checkText(bytes, at + 2, end, isStrict, what) ?? end
}

/** The end of a field with two bytes of length. Refuses: MalformedPacket when the bytes end before. */
function fieldEnd(bytes: Buffer, at: number, what: string): number | Refusal {
  if (at + 2 > bytes.length) return malformed(`${what} is missing`)
  const end = at + 2 + bytes.readUInt16BE(at)
  return end <= bytes.length ? end : malformed(`${what} is cut short`)
}

function unsupported(because: string): Refusal {
  return new Refusal(ReasonCode.UnsupportedProtocolVersion, because)
}
