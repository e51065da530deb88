import { AckType } from '../mqtt/packets.ts'
import type { QoS } from '../mqtt/subscription.ts'

/** What an acknowledgement did: freed its slot, asks for PUBREL, or fits nothing that was sent. */
export type AckOutcome = 'finished' | 'release' | 'alien'

const free = 0
const published = 1
const received = 2

/**
 * The QoS 1 and 2 messages that a publisher has in flight, by packet identifier, 1 … twice the
 * window: so a slot is free again before its turn comes, whatever the order of acknowledgements.
 */
export class SendWindow {
  readonly #qos: QoS
  readonly #states: Uint8Array
  readonly #sentMs: Float64Array
  #size: number
  #next = 0
  #used = 0

  constructor(qos: QoS, size: number) {
    this.#qos = qos
    this.#size = size
    this.#states = new Uint8Array(2 * size)
    this.#sentMs = new Float64Array(2 * size)
  }

  /** Messages that have room now. */
  get room(): number {
    return this.#size - this.#used
  }

  get isEmpty(): boolean {
    return this.#used === 0
  }

  /** No more than `size` at a time from now on: the server's Receive Maximum. [MQTT-3.3.4-7] */
  narrow(size: number): void {
    this.#size = Math.min(this.#size, size)
  }

  /** An identifier for a message sent at `nowMs`; 0 when there is none. */
  take(nowMs: number): number {
    const slot = this.#next
    if (this.#used >= this.#size || this.#states[slot] !== free) return 0
    this.#states[slot] = published
    this.#sentMs[slot] = nowMs
    this.#used++
    this.#next = slot + 1 === this.#states.length ? 0 : slot + 1
    return slot + 1
  }

  /** A refused PUBREC finishes its message too. [MQTT-4.3.3-4] */
  acknowledge(type: AckType, packetId: number, code: number): AckOutcome {
    const slot = packetId - 1
    const state = this.#states[slot] ?? free
    if (type === AckType.Pubrec && this.#qos === 2 && state === published) {
      if (code < 0x80) {
        this.#states[slot] = received
        return 'release'
      }
    } else if (type === AckType.Puback) {
      if (this.#qos !== 1 || state !== published) return 'alien'
    } else if (type !== AckType.Pubcomp || state !== received) return 'alien'
    this.#states[slot] = free
    this.#used--
    return 'finished'
  }

  /** When the message with this identifier was sent, also right after it was finished. */
  sentMs(packetId: number): number {
    return this.#sentMs[packetId - 1] ?? 0
  }
}
