import { Ring } from '../base/ring.ts'
import type { Message } from '../mqtt/message.ts'
import type { Delivery } from '../mqtt/subscription.ts'

interface Burst {
  readonly messages: readonly Message[]
  readonly delivery: Delivery
  position: number
}

/**
 * Retained messages of new subscriptions that are still to be sent: the arrays as they were
 * handed in, and how far each has got. Nothing is copied, so a burst of a million costs a position.
 */
export class RetainedFeed {
  readonly #bursts = new Ring<Burst>()
  #length = 0

  /** Messages still to be sent. */
  get length(): number {
    return this.#length
  }

  push(messages: readonly Message[], delivery: Delivery): void {
    if (messages.length === 0) return
    this.#bursts.push({ messages, delivery, position: 0 })
    this.#length += messages.length
  }

  /** The next message, while `length` is not 0. */
  get message(): Message {
    const burst = this.#bursts.peek() as Burst
    return burst.messages[burst.position] as Message
  }

  /** The delivery of the next message. */
  get delivery(): Delivery {
    return (this.#bursts.peek() as Burst).delivery
  }

  /** Goes past the next message. */
  advance(): void {
    const burst = this.#bursts.peek() as Burst
    burst.position++
    this.#length--
    if (burst.position === burst.messages.length) this.#bursts.shift()
  }
}
