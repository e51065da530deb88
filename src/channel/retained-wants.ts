import { Ring } from '../base/ring.ts'
import type { Delivery } from '../mqtt/subscription.ts'
import type { Channel } from './channel.ts'

/** A subscription whose retained messages leave behind its SUBACK. */
export interface RetainedWant {
  readonly packetId: number
  readonly filter: string
  readonly delivery: Delivery
}

/** Retained messages that a session may have before it, above which the next filter is not looked up. */
const retainedAheadMax = 10_000

/**
 * The new subscriptions of a connection that have not got their retained messages yet. They wait
 * for their SUBACK, and then for their turn: one SUBSCRIBE may have thousands of filters that match
 * everything, so a filter is looked up only when the session has little before it.
 */
export class RetainedWants {
  readonly #unanswered: RetainedWant[] = []
  readonly #due = new Ring<RetainedWant>()

  /** Whether filters wait for their turn; reading from the client pauses meanwhile. */
  get isBehind(): boolean {
    return !this.#due.isEmpty
  }

  add(want: RetainedWant): void {
    this.#unanswered.push(want)
  }

  /** The SUBACK with this id has left; SUBACKs leave in the order of their SUBSCRIBEs. */
  release(packetId: number): void {
    let released = 0
    for (const want of this.#unanswered) {
      if (want.packetId !== packetId) break
      this.#due.push(want)
      released++
    }
    this.#unanswered.splice(0, released)
  }

  /** Hands the session retained messages of the next filters. Answers whether it got any. */
  feed(channel: Channel): boolean {
    const { session } = channel
    let hasFed = false
    while (session !== undefined && session.retainedLength < retainedAheadMax) {
      const want = this.#due.shift()
      if (want === undefined) break
      const options = session.subscriptions.get(want.filter)
      if (options === undefined) continue
      let items = channel.services.exchange.retained(want.filter, channel.now)
      if (options.noLocal) items = items.filter((item) => item.from !== session.clientId)
      if (items.length === 0) continue
      session.sendRetained(items, want.delivery)
      hasFed = true
    }
    return hasFed
  }
}
