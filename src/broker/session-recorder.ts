import type { CommitWaiter } from '../channel/ports.ts'
import type { Message } from '../mqtt/message.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../mqtt/subscription.ts'
import type { Recorder } from '../session/ports.ts'
import type { Journal } from './journal.ts'
import type { SessionKey } from './ports.ts'

/**
 * Takes down one session's changes in the journal's open batch. A QoS 2 packet that must wait for
 * its record has the session's owner told of the next commit.
 */
export class SessionRecorder implements Recorder {
  readonly #journal: Journal
  readonly #key: SessionKey
  /** Pumps the session when a commit is done; undefined while the client is away. */
  owner: CommitWaiter | undefined

  constructor(journal: Journal, key: SessionKey) {
    this.#journal = journal
    this.#key = key
  }

  get openBatch(): number {
    return this.#journal.openBatch
  }

  get committed(): number {
    return this.#journal.committed
  }

  subscribed(filter: string, options: SubscriptionOptions): void {
    this.#journal.batch.change(this.#key, { type: 'subscribed', filter, options })
  }

  unsubscribed(filter: string): void {
    this.#journal.batch.change(this.#key, { type: 'unsubscribed', filter })
  }

  queued(sequence: number, priority: number, message: Message, delivery: Delivery): void {
    this.#journal.batch.change(this.#key, { type: 'queued', sequence, priority, message, delivery })
  }

  unqueued(sequence: number): void {
    this.#journal.batch.change(this.#key, { type: 'unqueued', sequence })
  }

  taken(packetId: number, sequence: number, message: Message, qos: QoS, delivery: Delivery): void {
    this.#journal.batch.change(this.#key, {
      type: 'taken',
      packetId,
      sequence,
      message,
      qos,
      delivery,
    })
    if (qos === 2) this.#wakeOwner()
  }

  released(packetId: number): void {
    this.#journal.batch.change(this.#key, { type: 'released', packetId })
    this.#wakeOwner()
  }

  freed(packetId: number): void {
    this.#journal.batch.change(this.#key, { type: 'freed', packetId })
  }

  awaitingRel(packetId: number, now: number): void {
    this.#journal.batch.change(this.#key, { type: 'awaitingRel', packetId, now })
  }

  relReceived(packetId: number): void {
    this.#journal.batch.change(this.#key, { type: 'relReceived', packetId })
  }

  #wakeOwner(): void {
    if (this.owner !== undefined) this.#journal.wait(this.owner)
  }
}
