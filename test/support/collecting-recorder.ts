import type { Message } from '../../src/mqtt/message.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../../src/mqtt/subscription.ts'
import { type Change, fold } from '../../src/session/changes.ts'
import type { Recorder } from '../../src/session/ports.ts'
import type { SessionSnapshot } from '../../src/session/snapshot.ts'

/** Collects changes as data; a test says when a batch is safe. */
export class CollectingRecorder implements Recorder {
  openBatch = 1
  committed = 0
  /** Everything recorded, and the batch that each change is in. */
  readonly changes: Change[] = []
  readonly batches: number[] = []

  /** Closes the open batch; `commit` makes it safe. */
  close(): void {
    this.openBatch++
  }

  /** Makes all that was recorded safe. */
  commit(): void {
    this.committed = this.openBatch
    this.openBatch++
  }

  /** What a session that began as `snapshot` is, by the changes up to batch `batchMax`. */
  folded(snapshot: SessionSnapshot, batchMax = Number.POSITIVE_INFINITY): SessionSnapshot {
    let folded = snapshot
    for (let i = 0; i < this.changes.length; i++) {
      if ((this.batches[i] as number) <= batchMax) folded = fold(folded, this.changes[i] as Change)
    }
    return folded
  }

  subscribed(filter: string, options: SubscriptionOptions): void {
    this.#add({ type: 'subscribed', filter, options })
  }

  unsubscribed(filter: string): void {
    this.#add({ type: 'unsubscribed', filter })
  }

  queued(sequence: number, priority: number, message: Message, delivery: Delivery): void {
    this.#add({ type: 'queued', sequence, priority, message, delivery })
  }

  unqueued(sequence: number): void {
    this.#add({ type: 'unqueued', sequence })
  }

  taken(packetId: number, sequence: number, message: Message, qos: QoS, delivery: Delivery): void {
    this.#add({ type: 'taken', packetId, sequence, message, qos, delivery })
  }

  released(packetId: number): void {
    this.#add({ type: 'released', packetId })
  }

  freed(packetId: number): void {
    this.#add({ type: 'freed', packetId })
  }

  awaitingRel(packetId: number, now: number): void {
    this.#add({ type: 'awaitingRel', packetId, now })
  }

  relReceived(packetId: number): void {
    this.#add({ type: 'relReceived', packetId })
  }

  #add(change: Change): void {
    this.changes.push(change)
    this.batches.push(this.openBatch)
  }
}
