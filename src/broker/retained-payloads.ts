import type { Clock } from '../base/clock.ts'
import type { Deadlines } from '../base/deadlines.ts'
import type { Logger } from '../base/logger.ts'
import type { Message } from '../mqtt/message.ts'
import type { Store } from './ports.ts'
import type { RetainedStore } from './retained.ts'
import type { RetainedMessage, RetainedSource } from './retained-message.ts'

/** Larger payloads are only in the store, where there is one. */
const keptPayloadMax = 1024
/** A store that could not be read is asked again after this. */
const readAgainMs = 1000

/** What `RetainedPayloads` works with. */
export interface RetainedPayloadsParts {
  readonly store: Store
  readonly retainer: RetainedStore
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly log: Logger
}

/** Leaves large retained payloads to the store, and reads them back for new subscriptions. */
export class RetainedPayloads implements RetainedSource {
  readonly #parts: RetainedPayloadsParts

  constructor(parts: RetainedPayloadsParts) {
    this.#parts = parts
  }

  /** The store has the message, and unless it has been replaced it is the topic's. */
  isSafe({ number, payloadSize, topic }: Message): void {
    if (payloadSize <= keptPayloadMax) return
    const retained = this.#parts.retainer.get(topic)
    if (retained?.number === number) retained.leaveTo(this)
  }

  async read(retained: RetainedMessage): Promise<Message | undefined> {
    const { log, retainer, store } = this.#parts
    const { topic } = retained
    while (retainer.get(topic) === retained) {
      try {
        const message = await store.readRetained(topic)
        // One that has taken its place meanwhile was sent to everybody who is subscribed.
        return retainer.get(topic) === retained ? message?.asRetained() : undefined
      } catch (error) {
        log.error({ err: error, topic }, 'a retained message cannot be read; trying again')
        await this.#pause()
      }
    }
    return undefined
  }

  #pause(): Promise<void> {
    const { clock, deadlines } = this.#parts
    return new Promise((resolve) => deadlines.set(clock.now() + readAgainMs, () => resolve()))
  }
}
