import type { QoS } from '../../src/mqtt/subscription.ts'
import type { ClientSession } from './client-session.ts'
import { matches } from './matches.ts'
import type { SentMessage } from './sent-message.ts'
import { Violation } from './trace.ts'

/**
 * Shared subscriptions: a message is owed to a group, which of its members gets it is the broker's
 * choice. When a member's session ends, what it had may have been on its way for good (QoS 2), so
 * what was sent before is not owed any more.
 */
export class Groups {
  readonly #owed = new Map<string, Set<SentMessage>>()
  readonly #disturbedAt = new Map<string, number>()
  readonly #arrived = new Set<number>()
  readonly #arrivedAtQoS2 = new Map<number, ClientSession>()
  readonly #dropped = new Set<number>()

  owe(message: SentMessage, filter: string): void {
    const owed = this.#owed.get(filter) ?? new Set<SentMessage>()
    this.#owed.set(filter, owed)
    owed.add(message)
  }

  sessionEnded(session: ClientSession, now: number): void {
    for (const { filter } of session.subscriptions) this.#disturbedAt.set(filter, now)
  }

  dropped(message: SentMessage): void {
    this.#dropped.add(message.number)
  }

  /** Throws: Violation, when a group of one filter got a QoS 2 message twice. */
  arrived(session: ClientSession, message: SentMessage, qos: QoS, crashes: number): void {
    this.#arrived.add(message.number)
    if (qos < 2) return
    const other = this.#arrivedAtQoS2.get(message.number)
    if (other !== undefined && other !== session && crashes === 0) {
      throw new Violation(`${message} went to both ${other} and ${session}, who share it`)
    }
    this.#arrivedAtQoS2.set(message.number, session)
  }

  debts(): string[] {
    const debts: string[] = []
    for (const [filter, messages] of this.#owed) {
      for (const message of messages) {
        if (this.#arrived.has(message.number) || this.#dropped.has(message.number)) continue
        if ((this.#disturbedAt.get(filter) ?? -1) >= message.firstSentAt) continue
        if (!matches(filter, message.topic)) continue
        debts.push(`nobody in ${filter} was sent ${message}`)
      }
    }
    return debts
  }
}
