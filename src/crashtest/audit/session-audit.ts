import type { QoS } from '../../mqtt/subscription.ts'
import type { Ledger } from './ledger.ts'
import type { Message } from './message.ts'
import { NumberSet } from './number-set.ts'
import { Subscriptions } from './subscriptions.ts'

/** A PUBLISH that reached the application behind a session. */
export interface Arrival {
  readonly message: Message
  readonly qos: QoS
  readonly isDup: boolean
  readonly packetId: number
}

/**
 * One session, from its beginning to its end: what it is subscribed to, what it is owed, and what
 * has come. While it is `doubtful` (a clean start was sent and not answered) nothing new is owed,
 * and what is owed already counts when it turns out to be there still.
 */
export class SessionAudit {
  readonly clientId: string
  readonly #ledger: Ledger
  subscriptions = new Subscriptions()
  readonly owed = new Map<number, Message>()
  readonly #seen = new NumberSet()
  readonly #seenAtQoS2 = new NumberSet()
  /** By publisher, topic, QoS: the number of the last message that came. */
  readonly #lastNumber = new Map<string, number>()
  /** QoS 1 in this life of the broker: message → packet identifier. */
  readonly #cameAs = new Map<number, number>()
  /** The tick since which nobody knows whether it is there still; 0 while it is. */
  doubtfulSince = 0
  /** What it was owed then. */
  owedAtDoubt = 0
  state: 'here' | 'over' = 'here'
  /** Told of each message that comes. */
  onArrived: (message: Message) => void = () => undefined

  constructor(clientId: string, ledger: Ledger) {
    this.clientId = clientId
    this.#ledger = ledger
  }

  get isDoubtful(): boolean {
    return this.doubtfulSince > 0
  }

  has(message: Message): boolean {
    return this.#seen.has(message.number)
  }

  /** A clean start is about to leave. */
  doubt(): void {
    this.doubtfulSince = this.#ledger.nextTick()
    this.owedAtDoubt = this.owed.size
  }

  /** It turned out to be there still. */
  trust(): void {
    this.doubtfulSince = 0
  }

  subscribing(filter: string, qos: QoS): void {
    this.subscriptions.asked(filter, qos, this.#ledger.nextTick())
  }

  subscribed(filter: string, qos: QoS): void {
    this.subscriptions.granted(filter, qos, this.#ledger.nextTick())
  }

  unsubscribing(filter: string): void {
    this.subscriptions.leaving(filter)
  }

  unsubscribed(filter: string): void {
    this.subscriptions.ended(filter, this.#ledger.nextTick())
  }

  /** The broker was started anew. */
  newLife(): void {
    this.#cameAs.clear()
  }

  /** A message reached the application. */
  arrived(arrival: Arrival): void {
    const { message, qos } = arrival
    const isFirst = !this.has(message)
    this.#checkWanted(message, qos)
    if (qos === 2) this.#checkOnce(message)
    if (qos === 1) this.#checkResend(arrival)
    if (isFirst) this.#checkOrder(message, qos)
    this.#seen.add(message.number)
    this.owed.delete(message.number)
    this.#ledger.tally.arrived(qos, isFirst)
    this.onArrived(message)
  }

  #checkWanted(message: Message, qos: QoS): void {
    const { acknowledgedAt, sentAt, topic } = message
    const max = this.subscriptions.qosMax(topic, sentAt, acknowledgedAt)
    if (max === undefined) this.#fault('stray', message, 'which it was not subscribed to')
    else if (qos > Math.min(max, message.qos)) {
      this.#fault('stray', message, `at QoS ${qos}, subscribed with ${max}`)
    }
  }

  #checkOnce(message: Message): void {
    if (this.#seenAtQoS2.has(message.number)) this.#fault('doubled', message, 'twice at QoS 2')
    this.#seenAtQoS2.add(message.number)
  }

  /** What was published once and came in this life before is sent again as it was. [MQTT-4.4.0-1] */
  #checkResend({ isDup, message, packetId }: Arrival): void {
    const before = this.#cameAs.get(message.number)
    this.#cameAs.set(message.number, packetId)
    if (before === undefined || message.sends > 1) return
    if (!isDup) this.#fault('resend', message, `again as ${packetId} without DUP`)
    else if (packetId !== before) {
      this.#fault('resend', message, `again as ${packetId}, first as ${before}`)
    }
  }

  /**
   * A message that was matched when it was first sent comes behind those that its publisher sent
   * before, and in front of those behind it. [MQTT-4.6.0-5] [MQTT-4.6.0-6]
   */
  #checkOrder(message: Message, qos: QoS): void {
    const key = `${message.publisher} ${message.topic} ${message.qos} ${qos}`
    const last = this.#lastNumber.get(key) ?? -1
    if (message.number > last) this.#lastNumber.set(key, message.number)
    else if (this.owed.has(message.number) || this.#isCandidate(message)) {
      this.#fault('outOfOrder', message, `behind message ${last}`)
    }
  }

  #isCandidate(message: Message): boolean {
    return message.candidates.some(
      ({ session, subscription }) => session === this && subscription.state === 'sure',
    )
  }

  #fault(kind: 'stray' | 'doubled' | 'resend' | 'outOfOrder', message: Message, how: string): void {
    this.#ledger.faults.add(kind, `${this.clientId} got ${message.words}, ${how}`)
  }
}
