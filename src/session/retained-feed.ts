import { Ring } from '../base/ring.ts'
import type { Message } from '../mqtt/message.ts'
import type { Delivery } from '../mqtt/subscription.ts'
import type { RetainedItem } from './ports.ts'

interface Burst {
  readonly items: readonly RetainedItem[]
  readonly delivery: Delivery
  position: number
}

/**
 * Retained messages of new subscriptions that are still to be sent: the arrays as they were
 * handed in, and how far each has got. Nothing is copied, and a message is made only when its turn
 * comes, so a burst of a million costs a position.
 */
export class RetainedFeed {
  readonly #bursts = new Ring<Burst>()
  #length = 0
  /** The next message, once it was asked for. */
  #message: Message | undefined

  /** Messages still to be sent. */
  get length(): number {
    return this.#length
  }

  push(items: readonly RetainedItem[], delivery: Delivery): void {
    if (items.length === 0) return
    this.#bursts.push({ items, delivery, position: 0 })
    this.#length += items.length
  }

  /** The next message, while `length` is not 0. */
  get message(): Message {
    if (this.#message === undefined) {
      const burst = this.#bursts.peek() as Burst
      this.#message = (burst.items[burst.position] as RetainedItem).toMessage()
    }
    return this.#message
  }

  /** The delivery of the next message. */
  get delivery(): Delivery {
    return (this.#bursts.peek() as Burst).delivery
  }

  /** Goes past the next message. */
  advance(): void {
    const burst = this.#bursts.peek() as Burst
    burst.position++
    this.#message = undefined
    this.#length--
    if (burst.position === burst.items.length) this.#bursts.shift()
  }
}
