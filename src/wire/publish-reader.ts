import { Frame, type WireShape } from '../mqtt/frame.ts'
import { Message } from '../mqtt/message.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { QoS } from '../mqtt/subscription.ts'
import { readVarint, varintCut, varintSize } from '../mqtt/varint.ts'
import { scan } from './check-properties.ts'
import { cutOut } from './properties.ts'
import { allowedProperties } from './property-table.ts'
import { encodePublish } from './publish-bytes.ts'
import { malformed, protocolError } from './refuse.ts'
import { InboundAliases } from './topic-alias.ts'
import { cachedTopicSizeMax, KnownTopic, sharedTopicCache } from './topic-cache.ts'
import { refuseText, TextKind } from './utf8.ts'

/** Numbers messages; one for all connections of a broker. */
export interface MessageNumbering {
  /** The number given last. */
  last: number
}

const noAliases = new InboundAliases(0)

/**
 * Makes a Message of a PUBLISH of one connection, without touching the payload. What does not
 * outlive the connection, alias and expiry, is taken out here; otherwise the bytes stay as they are.
 */
export class PublishReader {
  shape: WireShape = 3
  /** Client id of the connection, `message.from`. */
  from = ''
  aliases = noAliases
  /** The longest that a message may live, ms; also for those that name no expiry. */
  messageExpiryMs = Number.POSITIVE_INFINITY
  /** Of the PUBLISH read last; 0 at QoS 0. */
  packetId = 0
  /** Behind the PUBLISH read last, or behind the run that it began. */
  end = 0
  readonly #numbering: MessageNumbering
  readonly #topicLevelsMax: number
  readonly #isStrict: boolean
  #lastTopic: KnownTopic | undefined

  constructor(numbering: MessageNumbering, topicLevelsMax: number, isStrict: boolean) {
    this.#numbering = numbering
    this.#topicLevelsMax = topicLevelsMax
    this.#isStrict = isStrict
  }

  /**
   * Reads the PUBLISH whose fixed header is `bytes[start … bodyAt)` and which ends at `end`; what
   * follows up to `limit` may join it as a run. The first byte was checked. `owned`: the bytes
   * are this packet's alone.
   * Refuses: MalformedPacket, ProtocolError, TopicNameInvalid, TopicAliasInvalid.
   */
  read(
    bytes: Buffer,
    start: number,
    bodyAt: number,
    end: number,
    limit: number,
    owned: boolean,
    now: number,
  ): Message | Refusal {
    this.end = end
    const first = bytes[start] as number
    const topicAt = bodyAt + 2
    if (topicAt > end) return malformed('a PUBLISH without a topic')
    const topicEnd = topicAt + (((bytes[bodyAt] as number) << 8) | (bytes[bodyAt + 1] as number))
    const hasId = (first & 0x06) !== 0
    let at = hasId ? topicEnd + 2 : topicEnd
    if (at > end) return malformed('the topic of a PUBLISH is cut short')
    this.packetId = 0
    if (hasId) {
      this.packetId = ((bytes[topicEnd] as number) << 8) | (bytes[topicEnd + 1] as number)
      if (this.packetId === 0) return protocolError('a PUBLISH with packet identifier 0')
    }
    if (this.shape === 5) {
      if (at >= end) return malformed('a PUBLISH without a property length')
      if (bytes[at] !== 0)
        return this.#readWithProperties(bytes, start, topicAt, topicEnd, at, end, owned, now)
      at++
    }
    const topic = this.#topic(bytes, topicAt, topicEnd)
    if (topic instanceof Refusal) return topic
    const idAt = hasId ? topicEnd : -1
    if (first !== 0x30) {
      const frame = new Frame(this.shape, bytes, start, end, 1, idAt, at, at, at, owned)
      return this.#message(topic, first, frame, now, Number.POSITIVE_INFINITY)
    }
    const count = end < limit ? this.#measureRun(bytes, start, at, end, limit) : 1
    const frame = new Frame(this.shape, bytes, start, this.end, count, idAt, at, at, at, owned)
    return this.#message(topic, first, frame, now, Number.POSITIVE_INFINITY)
  }

  /**
   * Counts the packets from `start` on whose bytes up to the payload are all the same, and sets
   * `end` behind the last: equal sizes, so that a run can be taken apart without being read.
   */
  #measureRun(
    bytes: Buffer,
    start: number,
    payloadAt: number,
    firstEnd: number,
    limit: number,
  ): number {
    // hot: the run is forwarded as one range; 20 ns a packet here save several hundred later.
    const size = firstEnd - start
    if (this.messageExpiryMs !== Number.POSITIVE_INFINITY) return 1
    let count = 1
    let next = firstEnd
    while (next + size <= limit) {
      const by = next - start
      let at = start
      while (at < payloadAt && bytes[at] === bytes[at + by]) at++
      if (at < payloadAt) break
      next += size
      count++
    }
    this.end = next
    return count
  }

  #readWithProperties(
    bytes: Buffer,
    start: number,
    topicAt: number,
    topicEnd: number,
    lengthAt: number,
    end: number,
    owned: boolean,
    now: number,
  ): Message | Refusal {
    const size = readVarint(bytes, lengthAt, end)
    if (size < 0)
      return malformed(
        size === varintCut ? 'properties cut short' : 'an ill-formed property length',
      )
    const propertiesAt = lengthAt + varintSize(size)
    const propertiesEnd = propertiesAt + size
    if (propertiesEnd > end) return malformed('the properties of a PUBLISH are cut short')
    const refusal = scan.scan(
      bytes,
      propertiesAt,
      propertiesEnd,
      allowedProperties.publish,
      this.#isStrict,
    )
    if (refusal !== undefined) return refusal
    const { topicAlias, topicAliasAt, messageExpiry, messageExpiryAt } = scan
    const topic = this.#resolve(bytes, topicAt, topicEnd, topicAlias)
    if (topic instanceof Refusal) return topic
    const first = bytes[start] as number
    const expiresAt = messageExpiry < 0 ? Number.POSITIVE_INFINITY : now + messageExpiry * 1000
    const idAt = this.packetId === 0 ? -1 : topicEnd
    if (topicAlias < 0 && messageExpiry < 0) {
      const frame = new Frame(
        5,
        bytes,
        start,
        end,
        1,
        idAt,
        propertiesAt,
        propertiesEnd,
        propertiesEnd,
        owned,
      )
      return this.#message(topic, first, frame, now, expiresAt)
    }
    const frame = encodePublish({
      shape: 5,
      first,
      packetId: this.packetId,
      topic: topic.bytes,
      properties: cutOut(bytes, propertiesAt, propertiesEnd, topicAliasAt, 3, messageExpiryAt, 5),
      payload: bytes.subarray(propertiesEnd, end),
    })
    return this.#message(topic, first, frame, now, expiresAt)
  }

  /** The topic of a PUBLISH that may use an alias. [MQTT-3.3.2-8] [MQTT-3.3.2-12] */
  #resolve(bytes: Buffer, at: number, end: number, alias: number): KnownTopic | Refusal {
    if (alias < 0) {
      if (at === end) return protocolError('an empty topic name without a topic alias')
      return this.#topic(bytes, at, end)
    }
    const refusal = this.aliases.check(alias)
    if (refusal !== undefined) return refusal
    if (at === end) return this.aliases.get(alias)
    const topic = this.#topic(bytes, at, end)
    if (topic instanceof KnownTopic) this.aliases.set(alias, topic)
    return topic
  }

  #topic(bytes: Buffer, at: number, end: number): KnownTopic | Refusal {
    // hot: most publishers stay with one topic, and most topics were seen before.
    const last = this.#lastTopic
    if (last?.is(bytes, at, end)) return last
    if (at === end && this.shape === 5)
      return protocolError('an empty topic name without a topic alias')
    const topic = sharedTopicCache.find(bytes, at, end)
    if (topic instanceof Refusal) return topic
    if (topic.levels > this.#topicLevelsMax) {
      const because = `a topic name of ${topic.levels} levels, the limit is ${this.#topicLevelsMax}`
      return new Refusal(ReasonCode.TopicNameInvalid, because)
    }
    if (topic.isUnusual && this.#isStrict) {
      return refuseText(TextKind.Unusual, true, 'the topic name') as Refusal
    }
    if (topic.bytes.length <= cachedTopicSizeMax) this.#lastTopic = topic
    return topic
  }

  #message(
    topic: KnownTopic,
    first: number,
    frame: Frame,
    now: number,
    expiresAt: number,
  ): Message {
    const number = this.#numbering.last + 1
    this.#numbering.last += frame.count
    return new Message(
      topic.name,
      ((first >> 1) & 3) as QoS,
      (first & 1) === 1,
      this.from,
      now,
      Math.min(expiresAt, now + this.messageExpiryMs),
      false,
      frame,
      number,
    )
  }
}
