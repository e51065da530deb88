import type { Refusal } from '../mqtt/refusal.ts'
import { readVarint, varintSize } from '../mqtt/varint.ts'
import {
  allowedProperties,
  PropertyId,
  type PropertySet,
  PropertyType,
  propertyType,
} from './property-table.ts'
import { malformed, protocolError } from './refuse.ts'
import { checkText } from './utf8.ts'

/**
 * Checks the properties of one packet byte by byte and notes the few that the hot path asks for.
 * It is made once and used again: what it noted holds until the next `scan`.
 */
export class PropertyScan {
  /** Seconds, −1 where there is none; and the place of its identifier. */
  messageExpiry = -1
  messageExpiryAt = -1
  /** −1 where there is none; and the place of its identifier. */
  topicAlias = -1
  topicAliasAt = -1
  /** Seconds, 0 where there is none; and the place of its identifier, −1 where there is none. */
  willDelay = 0
  willDelayAt = -1
  hasAuthenticationMethod = false
  hasAuthenticationData = false
  #seenLow = 0
  #seenHigh = 0
  #isStrict = true

  /**
   * Reads `bytes[at … end)`, all of it. Refuses MalformedPacket: cut short, not UTF-8, a property
   * that is not `allowed` here; ProtocolError: one that comes twice, or has a value it may not have.
   * [MQTT-2.2.2-1] [MQTT-1.5.7-1]
   */
  scan(
    bytes: Buffer,
    at: number,
    end: number,
    allowed: PropertySet,
    isStrict: boolean,
  ): Refusal | undefined {
    this.#reset(isStrict)
    let place = at
    while (place < end) {
      const property = bytes[place] as number
      const refusal = this.#checkAllowed(property, allowed)
      if (refusal !== undefined) return refusal
      const size = propertySize(bytes, place, end)
      if (size < 0) return malformed(`property ${property} in ${allowed.what} is cut short`)
      const wrong = this.#checkValue(bytes, place, place + size, property)
      if (wrong !== undefined) return wrong
      place += size
    }
    return undefined
  }

  #reset(isStrict: boolean): void {
    this.messageExpiry = -1
    this.messageExpiryAt = -1
    this.topicAlias = -1
    this.topicAliasAt = -1
    this.willDelay = 0
    this.willDelayAt = -1
    this.hasAuthenticationMethod = false
    this.hasAuthenticationData = false
    this.#seenLow = 0
    this.#seenHigh = 0
    this.#isStrict = isStrict
  }

  #checkAllowed(property: number, allowed: PropertySet): Refusal | undefined {
    if (!allowed.has(property)) return refuseProperty(property, allowed)
    if (property === PropertyId.UserProperty) return undefined
    const bit = 1 << (property & 31)
    const seen = property < 32 ? this.#seenLow : this.#seenHigh
    if ((seen & bit) !== 0) return protocolError(`property ${property} twice in ${allowed.what}`)
    if (property < 32) this.#seenLow |= bit
    else this.#seenHigh |= bit
    return undefined
  }

  #checkValue(bytes: Buffer, at: number, end: number, property: number): Refusal | undefined {
    switch (propertyType(property)) {
      case PropertyType.Byte:
        if ((bytes[at + 1] as number) < 2) return undefined
        return protocolError(`property ${property} is ${bytes[at + 1]}, allowed are 0 and 1`)
      case PropertyType.TwoBytes:
        return this.#checkNumber(bytes.readUInt16BE(at + 1), at, property)
      case PropertyType.FourBytes:
        return this.#checkNumber(bytes.readUInt32BE(at + 1), at, property)
      case PropertyType.Varint:
        return this.#checkNumber(readVarint(bytes, at + 1, end), at, property)
      case PropertyType.Text:
        return this.#checkText(bytes, at + 3, end, property)
      case PropertyType.TextPair:
        return checkPair(bytes, at, end, this.#isStrict)
      default:
        if (property === PropertyId.AuthenticationData) this.hasAuthenticationData = true
        return undefined
    }
  }

  #checkNumber(value: number, at: number, property: number): Refusal | undefined {
    switch (property) {
      case PropertyId.MessageExpiryInterval:
        this.messageExpiry = value
        this.messageExpiryAt = at
        return undefined
      case PropertyId.TopicAlias:
        this.topicAlias = value
        this.topicAliasAt = at
        return undefined
      case PropertyId.WillDelayInterval:
        this.willDelay = value
        this.willDelayAt = at
        return undefined
      case PropertyId.SessionExpiryInterval:
      case PropertyId.TopicAliasMaximum:
        return undefined
      default:
        return value > 0 ? undefined : protocolError(`property ${property} is 0`)
    }
  }

  #checkText(bytes: Buffer, at: number, end: number, property: number): Refusal | undefined {
    const refusal = checkText(bytes, at, end, this.#isStrict, `property ${property}`)
    if (refusal !== undefined) return refusal
    if (property === PropertyId.AuthenticationMethod) this.hasAuthenticationMethod = true
    return property === PropertyId.ResponseTopic ? checkResponseTopic(bytes, at, end) : undefined
  }
}

/**
 * Bytes of the property that begins at `at`, its identifier included; −1 when it does not end
 * before `end` or nobody knows it.
 */
export function propertySize(bytes: Buffer, at: number, end: number): number {
  const size = unboundedSize(bytes, at, end)
  return size > 0 && at + size <= end ? size : -1
}

function unboundedSize(bytes: Buffer, at: number, end: number): number {
  switch (propertyType(bytes[at] as number)) {
    case PropertyType.Byte:
      return 2
    case PropertyType.TwoBytes:
      return 3
    case PropertyType.FourBytes:
      return 5
    case PropertyType.Varint: {
      const value = readVarint(bytes, at + 1, end)
      return value < 0 ? -1 : 1 + varintSize(value)
    }
    case PropertyType.Text:
    case PropertyType.Binary:
      return at + 3 > end ? -1 : 3 + bytes.readUInt16BE(at + 1)
    case PropertyType.TextPair: {
      if (at + 3 > end) return -1
      const nameSize = bytes.readUInt16BE(at + 1)
      if (at + 5 + nameSize > end) return -1
      return 5 + nameSize + bytes.readUInt16BE(at + 3 + nameSize)
    }
    default:
      return -1
  }
}

function refuseProperty(property: number, allowed: PropertySet): Refusal {
  if (property === PropertyId.SubscriptionIdentifier && allowed === allowedProperties.publish) {
    return protocolError('a subscription identifier in a PUBLISH of a client')
  }
  return malformed(`property ${property} does not belong into ${allowed.what}`)
}

function checkPair(bytes: Buffer, at: number, end: number, isStrict: boolean): Refusal | undefined {
  const nameEnd = at + 3 + bytes.readUInt16BE(at + 1)
  return (
    checkText(bytes, at + 3, nameEnd, isStrict, 'the name of a user property') ??
    checkText(bytes, nameEnd + 2, end, isStrict, 'the value of a user property')
  )
}

/** [MQTT-3.3.2-14] */
function checkResponseTopic(bytes: Buffer, at: number, end: number): Refusal | undefined {
  if (at === end) return protocolError('an empty response topic')
  for (let i = at; i < end; i++) {
    if (bytes[i] === 0x23 || bytes[i] === 0x2b)
      return protocolError('a wildcard in a response topic')
  }
  return undefined
}
