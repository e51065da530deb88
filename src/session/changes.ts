import type { Message } from '../mqtt/message.ts'
import type { Delivery, QoS, SubscriptionOptions } from '../mqtt/subscription.ts'
import type { LaneKey, LaneSnapshot } from './lane.ts'
import type { ChangeWriter } from './ports.ts'
import type { QueuedSnapshot } from './snapshot.ts'

/** The calls of `ChangeWriter` as data. */
export type Change =
  | {
      readonly type: 'subscribed'
      readonly filter: string
      readonly options: SubscriptionOptions
    }
  | { readonly type: 'unsubscribed'; readonly filter: string }
  | ({ readonly type: 'queued' } & QueuedSnapshot)
  | { readonly type: 'lane'; readonly lane: LaneSnapshot }
  | {
      readonly type: 'slot'
      readonly packetId: number
      readonly order: number
      readonly qos: QoS
      readonly message: Message
      readonly delivery: Delivery
    }
  | { readonly type: 'released'; readonly packetId: number; readonly order: number }
  | { readonly type: 'freed'; readonly packetId: number }
  | { readonly type: 'awaitingRel'; readonly packetId: number; readonly receivedAt: number }
  | { readonly type: 'relReceived'; readonly packetId: number }

/** Takes changes down as data; a store may have records of other kinds among them. */
export class ChangeList<R extends object = Change> implements ChangeWriter {
  readonly records: (Change | R)[] = []

  subscribed(filter: string, options: SubscriptionOptions): void {
    this.records.push({ type: 'subscribed', filter, options })
  }

  unsubscribed(filter: string): void {
    this.records.push({ type: 'unsubscribed', filter })
  }

  queued(lane: LaneKey, sequence: number, message: Message, delivery: Delivery): void {
    this.records.push({ type: 'queued', lane, sequence, message, delivery })
  }

  lane(lane: LaneSnapshot): void {
    this.records.push({ type: 'lane', lane })
  }

  slot(packetId: number, order: number, qos: QoS, message: Message, delivery: Delivery): void {
    this.records.push({ type: 'slot', packetId, order, qos, message, delivery })
  }

  released(packetId: number, order: number): void {
    this.records.push({ type: 'released', packetId, order })
  }

  freed(packetId: number): void {
    this.records.push({ type: 'freed', packetId })
  }

  awaitingRel(packetId: number, receivedAt: number): void {
    this.records.push({ type: 'awaitingRel', packetId, receivedAt })
  }

  relReceived(packetId: number): void {
    this.records.push({ type: 'relReceived', packetId })
  }

  /** Pages repeat what was told as `queued`. */
  page(): void {}
}
