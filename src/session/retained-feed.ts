import { Ring } from '../base/ring.ts'
import type { Message } from '../mqtt/message.ts'
import type { Delivery } from '../mqtt/subscription.ts'
import type { RetainedItem } from './ports.ts'

interface Burst {
  readonly items: readonly RetainedItem[]
  readonly delivery: Delivery
  position: number
}

/** Messages that are fetched at once. */
const fetchedMax = 32

/**
 * Retained messages of new subscriptions that are still to be sent: the arrays as they were
 * handed in, and how far each has got. Nothing is copied, and a message is made, or fetched, only
 * when its turn comes, so a burst of a million costs a position.
 */
export class RetainedFeed {
  readonly #bursts = new Ring<Burst>()
  #length = 0
  /** The next message, once it was asked for. */
  #message: Message | undefined
  /** What was fetched of the first burst, from its position on; undefined for what is gone. */
  readonly #fetched = new Ring<{ readonly message: Message | undefined }>()
  #isFetching = false

  /** Messages still to be sent. */
  get length(): number {
    return this.#length
  }

  push(items: readonly RetainedItem[], delivery: Delivery): void {
    if (items.length === 0) return
    this.#bursts.push({ items, delivery, position: 0 })
    this.#length += items.length
  }

  /** The next message; undefined when there is none, or when it must be fetched first. */
  get message(): Message | undefined {
    while (this.#message === undefined && this.#length > 0) {
      const burst = this.#bursts.peek() as Burst
      const fetched = this.#fetched.peek()
      this.#message =
        fetched === undefined
          ? (burst.items[burst.position] as RetainedItem).toMessage()
          : fetched.message
      if (this.#message !== undefined || fetched === undefined) break
      this.advance()
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
    this.#fetched.shift()
    this.#length--
    if (burst.position === burst.items.length) this.#bursts.shift()
  }

  /** Fetches the next messages, where that is not under way, and calls back when they are there. */
  fetch(onFetched: () => void): void {
    const burst = this.#bursts.peek()
    if (this.#isFetching || burst === undefined) return
    this.#isFetching = true
    const { items, position } = burst
    const next = items.slice(position, position + fetchedMax)
    void Promise.all(next.map((item) => item.fetch())).then((messages) => {
      this.#isFetching = false
      for (const message of messages) this.#fetched.push({ message })
      onFetched()
    })
  }
}
