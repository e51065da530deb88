import type { Clock } from '../base/clock.ts'
import type { Zone } from '../channel/ports.ts'
import { Message } from '../mqtt/message.ts'
import type { WillPacket } from '../mqtt/packets.ts'

/** Numbers the broker's messages; shared with the decoders. */
export interface MessageNumbering {
  last: number
}

/**
 * Publishes wills that are due. Whether one is, the session manager says; that its topic is
 * allowed was settled at CONNECT. Its expiry counts from now. [MQTT-3.1.2-8] [MQTT-3.1.2-14]
 */
export class Wills {
  readonly #clock: Clock
  readonly #numbering: MessageNumbering
  readonly #publish: (message: Message, zone: Zone, now: number) => void
  /** Wills published since the start. */
  published = 0

  constructor(
    clock: Clock,
    numbering: MessageNumbering,
    publish: (message: Message, zone: Zone, now: number) => void,
  ) {
    this.#clock = clock
    this.#numbering = numbering
    this.#publish = publish
  }

  publish(clientId: string, will: WillPacket, zone: Zone): void {
    const now = this.#clock.now()
    const { topic, qos, retain, frame } = will.message
    const expiresAt =
      will.expiryInterval === undefined
        ? Number.POSITIVE_INFINITY
        : now + will.expiryInterval * 1000
    this.published++
    const number = ++this.#numbering.last
    const message = new Message(topic, qos, retain, clientId, now, expiresAt, false, frame, number)
    this.#publish(message, zone, now)
  }
}
