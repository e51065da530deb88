import type { Clock } from '../base/clock.ts'
import { Ring } from '../base/ring.ts'
import type { Receiver } from '../broker/ports.ts'
import type { Message } from '../mqtt/message.ts'
import type { Delivery } from '../mqtt/subscription.ts'
import { effectiveQoS, mustRetain } from '../session/delivery.ts'
import type { DropReason, RetainedItem } from '../session/ports.ts'
import { HandlerMessage, type ReceivedMessage } from './received-message.ts'

/** Called once a message, in their order; while what it returns is pending, the next ones wait. */
export type MessageHandler = (message: ReceivedMessage) => unknown

/** What may wait for a handler; above it the oldest is dropped. */
export interface WaitLimit {
  readonly length: number
  /** Bytes of packets. */
  readonly bytes: number
}

/** What a subscriber works with. */
export interface HandlerParts {
  readonly clock: Clock
  readonly handler: MessageHandler
  readonly limit: WaitLimit
  readonly onError: (error: unknown) => void
  readonly onDropped: (message: Message, reason: DropReason) => void
}

/**
 * A subscriber in the broker's own process: no network, no session, no copy. The handler runs when
 * the turn of the event loop that brought the messages has done its work, never inside of it, and
 * the publisher never waits for it.
 *
 * Invariants: 1. one message is with the handler at a time. 2. `#bytes` is the sum of what waits.
 * 3. what waits past its turn is kept (`Message.keep`). 4. once closed nothing waits.
 */
export class HandlerSubscriber implements Receiver {
  readonly clientId = ''
  readonly isConnected = true
  readonly isDurable = false
  readonly #parts: HandlerParts
  readonly #waiting = new Ring<HandlerMessage>()
  #bytes = 0
  #dropped = 0
  #state: 'idle' | 'scheduled' | 'busy' | 'closed' = 'idle'
  #onRoom: (() => void) | undefined
  #isKept = false

  constructor(parts: HandlerParts) {
    this.#parts = parts
  }

  /** A member of a group that has nothing to do is preferred. */
  get isWritable(): boolean {
    return this.#state === 'idle' || this.#state === 'scheduled'
  }

  /** Messages that were dropped because too many waited, or because they had expired. */
  get dropped(): number {
    return this.#dropped
  }

  get length(): number {
    return this.#waiting.length
  }

  // hot:
  deliver(message: Message, delivery: Delivery, _now: number): void {
    if (this.#state === 'closed') return
    if (message.count === 1) return this.#enqueue(message, delivery)
    for (const single of message.split()) this.#enqueue(single, delivery)
  }

  /** Gives what is retained, no faster than the handler takes it. */
  async feed(items: readonly RetainedItem[], delivery: Delivery): Promise<void> {
    for (const item of items) {
      if (this.#isHalfFull) await this.#room()
      const message = item.toMessage() ?? (await item.fetch())
      if (this.#state === 'closed') return
      if (message !== undefined) this.#enqueue(message, delivery)
    }
  }

  /** Gets nothing more, what waits included. */
  close(): void {
    this.#state = 'closed'
    this.#waiting.clear()
    this.#bytes = 0
    this.#onRoom?.()
  }

  get #isHalfFull(): boolean {
    const { bytes, length } = this.#parts.limit
    return this.#waiting.length * 2 >= length || this.#bytes * 2 >= bytes
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = resolve
    })
  }

  #enqueue(message: Message, delivery: Delivery): void {
    const { bytes, length } = this.#parts.limit
    if (this.#state === 'busy') message.keep()
    const qos = effectiveQoS(message.qos, delivery.qos, false)
    this.#waiting.push(new HandlerMessage(message, qos, mustRetain(message, delivery)))
    this.#bytes += message.cost
    while (this.#waiting.length > length || (this.#bytes > bytes && this.#waiting.length > 1)) {
      this.#drop(this.#take() as HandlerMessage, 'queue_full')
    }
    if (this.#state === 'idle') this.#schedule()
  }

  #take(): HandlerMessage | undefined {
    const taken = this.#waiting.shift()
    if (taken === undefined) return undefined
    this.#bytes -= taken.message.cost
    return taken
  }

  #drop({ message }: HandlerMessage, reason: DropReason): void {
    this.#dropped++
    this.#parts.onDropped(message, reason)
  }

  #schedule(): void {
    this.#state = 'scheduled'
    queueMicrotask(() => this.#run())
  }

  #run(): void {
    if (this.#state === 'closed') return
    this.#state = 'busy'
    for (;;) {
      const pending = this.#handleNext()
      if (this.#isClosed) return
      if (pending === undefined) break
      if (pending === 'done') continue
      this.#keepAll()
      const goOn = (): void => this.#run()
      pending.then(goOn, (error: unknown) => {
        this.#parts.onError(error)
        goOn()
      })
      return
    }
    this.#state = 'idle'
    this.#isKept = false
  }

  /** Once a busy time: what comes during it is kept as it comes. */
  #keepAll(): void {
    if (this.#isKept) return
    this.#isKept = true
    for (const { message } of this.#waiting) message.keep()
  }

  /** `close` may be called by a handler. */
  get #isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** What the handler has begun with the next message; undefined when none waits. */
  #handleNext(): PromiseLike<unknown> | 'done' | undefined {
    const next = this.#take()
    if (next === undefined) return undefined
    if (this.#onRoom !== undefined && !this.#isHalfFull) {
      const tell = this.#onRoom
      this.#onRoom = undefined
      tell()
    }
    if (next.message.isExpired(this.#parts.clock.now())) {
      this.#drop(next, 'expired')
      return 'done'
    }
    try {
      const result = this.#parts.handler(next)
      return isPending(result) ? result : 'done'
    } catch (error) {
      this.#parts.onError(error)
      return 'done'
    }
  }
}

function isPending(result: unknown): result is PromiseLike<unknown> {
  return typeof result === 'object' && result !== null && 'then' in result
}
