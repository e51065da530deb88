import { assert } from '../base/assert.ts'
import type { Frame, WireShape } from '../mqtt/frame.ts'
import type { Message } from '../mqtt/message.ts'
import { AckType, type ProtocolVersion, type ServerPacket } from '../mqtt/packets.ts'
import type { ReasonCode } from '../mqtt/reason-code.ts'
import type { QoS } from '../mqtt/subscription.ts'
import { varintMax, varintSize } from '../mqtt/varint.ts'
import { generate } from './control-codec.ts'
import { ackIn3x, toWire } from './dialect.ts'
import type { Output } from './output.ts'
import { PropertyId } from './property-table.ts'
import { encodingOf, topicEnd, topicStart } from './publish-bytes.ts'
import { OutboundAliases } from './topic-alias.ts'

/** What the client of a connection said in CONNECT. */
export interface EncoderConnection {
  readonly protocolVersion: ProtocolVersion
  /** Bytes of a whole packet; undefined for no limit. [MQTT-3.1.2-24] */
  readonly maximumPacketSize: number | undefined
  readonly topicAliasMaximum: number
  readonly requestProblemInformation: boolean
}

/** The last value that Message Expiry Interval can say, in seconds. */
const expirySecondsMax = 0xffffffff

/**
 * Writes one connection's packets into its output. Whatever it answers false to, nothing was
 * written of.
 */
export class PacketEncoder {
  readonly #output: Output
  #version: ProtocolVersion = 4
  #shape: WireShape = 3
  #packetSizeMax = Number.POSITIVE_INFINITY
  #aliases: OutboundAliases | undefined
  #tellsProblems = true

  constructor(output: Output) {
    this.#output = output
  }

  /** To be called before CONNACK; until then it speaks 3.1.1. */
  configure(connection: EncoderConnection): void {
    const { protocolVersion, maximumPacketSize, topicAliasMaximum } = connection
    this.#version = protocolVersion
    this.#shape = protocolVersion === 5 ? 5 : 3
    this.#packetSizeMax = maximumPacketSize ?? Number.POSITIVE_INFINITY
    const hasAliases = protocolVersion === 5 && topicAliasMaximum > 0
    this.#aliases = hasAliases ? new OutboundAliases(topicAliasMaximum) : undefined
    this.#tellsProblems = connection.requestProblemInformation
  }

  /**
   * Writes a PUBLISH; `packetId` is 0 at QoS 0. Answers false when it is larger than the client
   * takes: no alias is introduced then. [MQTT-3.1.2-24] [MQTT-3.3.2-6] [MQTT-3.3.4-3]
   */
  publish(
    message: Message,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIds: readonly number[] | undefined,
    now: number,
  ): boolean {
    assert(qos === 0 ? packetId === 0 : packetId > 0, 'a packet identifier from QoS 1 on')
    const first = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0)
    if (this.#shape === 5 && this.#isOwn(message, subscriptionIds)) {
      return this.#publishOwn(message, first, packetId, subscriptionIds, now)
    }
    const frame = encodingOf(message, this.#shape, qos > 0)
    if (frame.end - frame.start > this.#packetSizeMax) return false
    this.#output.patched(frame, first, packetId)
    return true
  }

  /**
   * Writes a run of QoS 0 packets as it came in. Answers false when this client needs other bytes:
   * another shape, aliases, or packets smaller than these.
   */
  frames(frame: Frame): boolean {
    const { bytes, start, end, count, shape } = frame
    if (shape !== this.#shape || this.#aliases !== undefined || bytes[start] !== 0x30) return false
    if ((end - start) / count > this.#packetSizeMax) return false
    this.#output.range(bytes, start, end)
    return true
  }

  /**
   * Writes PUBACK, PUBREC, PUBREL or PUBCOMP. Answers false when this version cannot say it, or not
   * within the client's packet size: then the connection is to be closed. [MQTT-3.4.2-2]
   */
  ack(type: AckType, packetId: number, reasonCode: ReasonCode, reasonString?: string): boolean {
    const first = (type << 4) | (type === AckType.Pubrel ? 2 : 0)
    const isShort = this.#version !== 5 || (reasonCode === 0 && reasonString === undefined)
    if (isShort) {
      if (this.#version !== 5 && ackIn3x(reasonCode) === 'close') return false
      if (this.#packetSizeMax < 4) return false
      this.#output.small(first, 2, packetId)
      return true
    }
    if (this.#packetSizeMax < 5) return false
    const text = this.#reasonBytes(reasonString, 5)
    const textSize = text === undefined ? 0 : 3 + text.length
    this.#output.byte(first)
    this.#output.varint(textSize === 0 ? 3 : 3 + varintSize(textSize) + textSize)
    this.#output.twoBytes(packetId)
    this.#output.byte(reasonCode)
    if (text === undefined) return true
    this.#output.varint(textSize)
    this.#output.byte(PropertyId.ReasonString)
    this.#output.twoBytes(text.length)
    this.#output.range(text, 0, text.length)
    return true
  }

  /** [MQTT-3.12.4-1] */
  pingresp(): void {
    this.#output.twoBytes(0xd000)
  }

  /**
   * Writes a control packet. A Reason String is left out where the client did not ask for it or has
   * no room. Answers false when this version has no words for it, or the client no room.
   * [MQTT-3.1.2-29] [MQTT-3.2.2-19] [MQTT-3.14.2-3]
   */
  packet(packet: ServerPacket): boolean {
    const isAlwaysTold = packet.type === 'connack' || packet.type === 'disconnect'
    const tells = this.#version === 5 && (this.#tellsProblems || isAlwaysTold)
    if (packet.reasonString !== undefined) {
      if (tells && this.#write(packet)) return true
      return this.#write({ ...packet, reasonString: undefined })
    }
    return this.#write(packet)
  }

  #write(packet: ServerPacket): boolean {
    const wire = toWire(packet, this.#version)
    const bytes = wire === undefined ? undefined : generate(wire, this.#version)
    if (bytes === undefined || bytes.length > this.#packetSizeMax) return false
    this.#output.range(bytes, 0, bytes.length)
    return true
  }

  /** Whether this client's packet has properties that others' have not. */
  #isOwn(message: Message, subscriptionIds: readonly number[] | undefined): boolean {
    return (
      message.expiresAt !== Number.POSITIVE_INFINITY ||
      this.#aliases !== undefined ||
      (subscriptionIds !== undefined && subscriptionIds.length > 0)
    )
  }

  /** Writes a PUBLISH piece by piece, out of either shape: our properties, then the publisher's in their order. */
  #publishOwn(
    message: Message,
    first: number,
    packetId: number,
    subscriptionIds: readonly number[] | undefined,
    now: number,
  ): boolean {
    const frame = message.frame
    assert(frame.count === 1, 'a run is split before it is sent one by one')
    const { bytes, propertiesAt, propertiesEnd, payloadAt, end } = frame
    const topicAt = topicStart(frame)
    const known = this.#aliases?.known(message.topic) ?? 0
    let introduced = known > 0 ? 0 : (this.#aliases?.next(message.topic) ?? 0)
    const topicSize = known > 0 ? 0 : topicEnd(frame, topicAt) - topicAt
    const expires = message.expiresAt !== Number.POSITIVE_INFINITY
    const idsSize = subscriptionIds === undefined ? 0 : identifiersSize(subscriptionIds)
    const rest = propertiesEnd - propertiesAt + idsSize + (expires ? 5 : 0)
    const body = 2 + topicSize + (packetId > 0 ? 2 : 0) + end - payloadAt
    if (introduced > 0 && !this.#fits(body, rest + 3)) introduced = 0
    const alias = known + introduced
    const propertiesSize = rest + (alias > 0 ? 3 : 0)
    if (!this.#fits(body, propertiesSize)) return false

    const output = this.#output
    output.byte(first)
    output.varint(body + varintSize(propertiesSize) + propertiesSize)
    output.twoBytes(topicSize)
    output.range(bytes, topicAt, topicAt + topicSize)
    if (packetId > 0) output.twoBytes(packetId)
    output.varint(propertiesSize)
    if (alias > 0) this.#writeAlias(alias)
    if (expires) this.#writeExpiry(message.expiresAt - now)
    if (subscriptionIds !== undefined) this.#writeIdentifiers(subscriptionIds)
    output.range(bytes, propertiesAt, propertiesEnd)
    output.range(bytes, payloadAt, end)
    if (introduced > 0) this.#aliases?.introduce(message.topic, introduced)
    return true
  }

  /** Whether a packet of this body and these properties is one that the client, and MQTT, takes. */
  #fits(body: number, propertiesSize: number): boolean {
    const remaining = body + varintSize(propertiesSize) + propertiesSize
    if (remaining > varintMax) return false
    return 1 + varintSize(remaining) + remaining <= this.#packetSizeMax
  }

  #writeAlias(alias: number): void {
    this.#output.byte(PropertyId.TopicAlias)
    this.#output.twoBytes(alias)
  }

  /** The whole seconds that are left, at least one: whoever sends it decided that it goes. [MQTT-3.3.2-6] */
  #writeExpiry(leftMs: number): void {
    const seconds = Math.min(Math.max(1, Math.ceil(leftMs / 1000)), expirySecondsMax)
    this.#output.byte(PropertyId.MessageExpiryInterval)
    this.#output.fourBytes(seconds)
  }

  #writeIdentifiers(subscriptionIds: readonly number[]): void {
    for (let i = 0; i < subscriptionIds.length; i++) {
      this.#output.byte(PropertyId.SubscriptionIdentifier)
      this.#output.varint(subscriptionIds[i] as number)
    }
  }

  /** The bytes of a Reason String, undefined where it is not to be told or has no room. */
  #reasonBytes(reasonString: string | undefined, base: number): Buffer | undefined {
    if (reasonString === undefined || !this.#tellsProblems) return undefined
    const text = Buffer.from(reasonString)
    const size = base + 2 + 4 + 3 + text.length
    return text.length <= 65535 && size <= this.#packetSizeMax ? text : undefined
  }
}

function identifiersSize(subscriptionIds: readonly number[]): number {
  let size = 0
  for (let i = 0; i < subscriptionIds.length; i++) {
    size += 1 + varintSize(subscriptionIds[i] as number)
  }
  return size
}
