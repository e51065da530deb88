import type { QoS } from '../../src/mqtt/subscription.ts'
import type { ClientSession, ModelSubscription } from './client-session.ts'

/** A subscription that surely existed when a message was first sent. */
export interface Candidate {
  readonly session: ClientSession
  readonly subscription: ModelSubscription
}

/** A message that a model client publishes, as the world remembers it. */
export class SentMessage {
  /** Grows with every message of the world: a publisher's messages are in its order. */
  readonly number: number
  readonly from: string
  readonly topic: string
  readonly qos: QoS
  readonly retain: boolean
  /** Seconds; undefined for none. */
  readonly expiryS: number | undefined
  readonly payload: string
  firstSentAt = 0
  /** Times that its PUBLISH was sent. */
  sends = 0
  /** It went, once at least, through the listener that promises nothing beyond the process. */
  wasVolatile = false
  /** The broker has taken responsibility: PUBACK, or PUBREC. */
  isAcked = false
  candidates: readonly Candidate[] = []

  constructor(
    number: number,
    from: string,
    topic: string,
    qos: QoS,
    retain: boolean,
    expiryS: number | undefined,
    payload: string,
  ) {
    this.number = number
    this.from = from
    this.topic = topic
    this.qos = qos
    this.retain = retain
    this.expiryS = expiryS
    this.payload = payload
  }

  toString(): string {
    return `m${this.number} (QoS ${this.qos}, ${this.topic}, from ${this.from})`
  }
}
