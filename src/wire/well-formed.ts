import type { ProtocolVersion } from '../mqtt/packets.ts'
import { Refusal } from '../mqtt/refusal.ts'
import { checkProperties, scan } from './check-properties.ts'
import { PacketType } from './first-byte.ts'
import { allowedProperties, type PropertySet } from './property-table.ts'
import { malformed, protocolError } from './refuse.ts'
import { checkText } from './utf8.ts'

/** Filters in one SUBSCRIBE or UNSUBSCRIBE; beyond it, one packet would keep the broker busy. */
const filtersMax = 65535

const disconnectCodes = [
  0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
]
const authCodes = [0x18, 0x19]

/**
 * Checks a whole SUBSCRIBE, UNSUBSCRIBE, DISCONNECT or AUTH to the letter, for the parser behind it
 * is lenient. Answers the place of the properties' length, 0 where there are no properties.
 * Refuses: MalformedPacket, ProtocolError.
 */
export function checkControl(
  bytes: Buffer,
  bodyAt: number,
  version: ProtocolVersion,
  isStrict: boolean,
): number | Refusal {
  switch ((bytes[0] as number) >> 4) {
    case PacketType.Subscribe:
      return checkFilters(bytes, bodyAt, version, isStrict, true)
    case PacketType.Unsubscribe:
      return checkFilters(bytes, bodyAt, version, isStrict, false)
    case PacketType.Disconnect:
      if (version !== 5) return bytes.length === bodyAt ? 0 : malformed('a DISCONNECT with a body')
      return checkReason(bytes, bodyAt, allowedProperties.disconnect, disconnectCodes, isStrict)
    default:
      return checkAuth(bytes, bodyAt, isStrict)
  }
}

function checkFilters(
  bytes: Buffer,
  bodyAt: number,
  version: ProtocolVersion,
  isStrict: boolean,
  isSubscribe: boolean,
): number | Refusal {
  const what = isSubscribe ? 'SUBSCRIBE' : 'UNSUBSCRIBE'
  const end = bytes.length
  if (bodyAt + 2 > end) return malformed(`a ${what} without a packet identifier`)
  if (bytes.readUInt16BE(bodyAt) === 0) return protocolError(`a ${what} with packet identifier 0`)
  let at = bodyAt + 2
  if (version === 5) {
    const allowed = isSubscribe ? allowedProperties.subscribe : allowedProperties.unsubscribe
    const behind = checkProperties(bytes, at, end, allowed, isStrict)
    if (behind instanceof Refusal) return behind
    at = behind
  }
  if (at === end) return protocolError(`a ${what} without topic filters`)
  for (let count = 1; at < end; count++) {
    if (count > filtersMax) return malformed(`a ${what} with more than ${filtersMax} filters`)
    const filterEnd = at + 2 <= end ? at + 2 + bytes.readUInt16BE(at) : end + 1
    if (filterEnd + (isSubscribe ? 1 : 0) > end)
      return malformed(`a topic filter in ${what} is cut short`)
    const refusal =
      checkText(bytes, at + 2, filterEnd, isStrict, 'a topic filter') ??
      (isSubscribe ? checkOptions(bytes, at + 2, filterEnd, version) : undefined)
    if (refusal !== undefined) return refusal
    at = isSubscribe ? filterEnd + 1 : filterEnd
  }
  return version === 5 ? bodyAt + 2 : 0
}

/** [MQTT-3.8.3-4] [MQTT-3.8.3-5] */
function checkOptions(
  bytes: Buffer,
  filterAt: number,
  filterEnd: number,
  version: ProtocolVersion,
): Refusal | undefined {
  const options = bytes[filterEnd] as number
  if ((options & (version === 5 ? 0xc0 : 0xfc)) !== 0) {
    return malformed('reserved bits in subscription options are set')
  }
  if ((options & 0x03) === 3) return refuseQos(version)
  if ((options & 0x30) === 0x30) return protocolError('retain handling 3')
  if (
    (options & 0x04) !== 0 &&
    bytes.toString('latin1', filterAt, Math.min(filterEnd, filterAt + 7)) === '$share/'
  ) {
    return protocolError('no local on a shared subscription')
  }
  return undefined
}

/** MQTT 5 calls it a protocol error, 3.1.1 malformed. [MQTT3-3.8.3-4] */
function refuseQos(version: ProtocolVersion): Refusal {
  return version === 5
    ? protocolError('a subscription with QoS 3')
    : malformed('a subscription with QoS 3')
}

/** Checks reason code and properties, both of which a short packet leaves out; answers as `checkControl`. */
function checkReason(
  bytes: Buffer,
  bodyAt: number,
  allowed: PropertySet,
  codes: readonly number[],
  isStrict: boolean,
): number | Refusal {
  const end = bytes.length
  scan.scan(bytes, 0, 0, allowed, isStrict)
  if (bodyAt === end) return 0
  const code = bytes[bodyAt] as number
  if (!codes.includes(code))
    return protocolError(`reason code ${code} in ${allowed.what} of a client`)
  if (bodyAt + 1 === end) return 0
  const behind = checkProperties(bytes, bodyAt + 1, end, allowed, isStrict)
  if (behind instanceof Refusal) return behind
  return behind === end ? bodyAt + 1 : malformed(`bytes behind the end of ${allowed.what}`)
}

/** A client's AUTH continues or begins anew, and always names its method. [MQTT-3.15.2-1] [MQTT-4.12.0-5] */
function checkAuth(bytes: Buffer, bodyAt: number, isStrict: boolean): number | Refusal {
  const propertiesAt = checkReason(bytes, bodyAt, allowedProperties.auth, authCodes, isStrict)
  if (propertiesAt instanceof Refusal) return propertiesAt
  if (!scan.hasAuthenticationMethod)
    return protocolError('an AUTH without an authentication method')
  return propertiesAt
}
