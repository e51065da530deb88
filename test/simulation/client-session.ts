import type { QoS } from '../../src/mqtt/subscription.ts'
import type { Arrival } from './ledger.ts'
import type { Link } from './link.ts'
import type { SentMessage } from './sent-message.ts'

/** What a client once asked for with one filter, and what it knows became of it. */
export interface ModelSubscription {
  readonly filter: string
  readonly qos: QoS
  readonly noLocal: boolean
  /** Whether SUBACK has come, and nothing that may end it was sent. */
  isSure: boolean
  /** When UNSUBACK came, or another SUBACK for this filter; nothing published later may match. */
  endedAt: number
}

/** A message that the client sent and the broker has not finished. */
export interface Unfinished {
  readonly message: SentMessage
  phase: 'publish' | 'pubrel'
}

/**
 * One life of one session, as its client sees it: from the CONNACK that says that there was none,
 * until something that may have ended it. It outlives connections, as a client's own store would.
 */
export class ClientSession {
  readonly clientId: string
  readonly ordinal: number
  /** Seconds that it lives without a connection; the least that was agreed. */
  expiryS: number
  readonly subscriptions: ModelSubscription[] = []
  /** Client → broker, in the order of first sends. */
  readonly outgoing = new Map<number, Unfinished>()
  /** QoS 2 ids that wait for PUBREL, with what they stand for. */
  readonly received = new Map<
    number,
    { readonly payload: string; readonly kept: Arrival | undefined }
  >()
  /** Messages that the broker owes this session, by number. */
  readonly owed = new Map<number, SentMessage>()
  /** Deliveries to the application by message number: how many without DUP. */
  readonly arrivals = new Map<number, { fresh: number; atQoS2: number }>()
  /** Messages that arrived at least once. */
  readonly seen = new Set<number>()
  /** The last first delivery of each publisher, topic and QoS. */
  readonly lastNumber = new Map<string, number>()
  /** Connections that were accepted for it. */
  readonly links: Link[] = []
  /** Since when another CONNECT of the client may own it. */
  contestedAt = Number.POSITIVE_INFINITY
  nextPacketId: number
  isOver = false

  constructor(clientId: string, ordinal: number, expiryS: number, firstPacketId: number) {
    this.clientId = clientId
    this.ordinal = ordinal
    this.expiryS = expiryS
    this.nextPacketId = firstPacketId
  }

  /** An id that nothing unfinished has. */
  takePacketId(pending: ReadonlyMap<number, unknown>): number {
    for (;;) {
      const packetId = this.nextPacketId
      this.nextPacketId = packetId === 65535 ? 1 : packetId + 1
      if (!this.outgoing.has(packetId) && !pending.has(packetId)) return packetId
    }
  }

  /** Whether the broker must still have it: it was agreed to live longer than it was left alone. */
  surelyExists(now: number): boolean {
    if (this.isOver) return false
    const left = this.links.at(-1)?.brokerClosedAt ?? now
    return now < Math.min(left, this.contestedAt) + this.expiryS * 1000
  }

  /** The subscriptions to a filter that may still match. */
  *current(filter: string): IterableIterator<ModelSubscription> {
    for (const subscription of this.subscriptions) {
      if (subscription.filter === filter && subscription.endedAt === Number.POSITIVE_INFINITY) {
        yield subscription
      }
    }
  }

  toString(): string {
    return `${this.clientId}/${this.ordinal}`
  }
}
