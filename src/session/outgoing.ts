import type { Message } from '../mqtt/message.ts'
import type { Delivery, QoS } from '../mqtt/subscription.ts'

/**
 * `queued` waits in the mqueue; `publish` and `pubrel` hold a slot of the window, until PUBACK or
 * PUBREC and until PUBCOMP; `ended` is done with.
 */
export type OutgoingPhase = 'queued' | 'publish' | 'pubrel' | 'ended'

/** What the store holds, or will hold, of an entry; it only grows. */
export const Recorded = { Nothing: 0, Queued: 1, Slot: 2, Pubrel: 3 } as const
export type Recorded = (typeof Recorded)[keyof typeof Recorded]

/** `sentAt` of what was never sent, on whatever connection. */
export const neverSent = -1

/**
 * One message on its way to one client: the entry of the mqueue that later is the slot of the
 * window. It links itself into the list and the chain that it is in, so that a delivery costs one
 * object however far it goes.
 */
export class Outgoing {
  /** Undefined only in phase `pubrel`, when it was restored: nobody needs it any more. */
  readonly message: Message | undefined
  readonly delivery: Delivery
  /** At which it goes to this client. */
  readonly qos: QoS
  phase: OutgoingPhase = 'queued'
  /** Its place among all that ever joined the mqueue; 0 when it was never there. */
  sequence = 0
  /** The lane of the mqueue that it is, or was, in. */
  laneKey = 0
  /** 0 outside the window. */
  packetId = 0
  /** Grows along the window, in the order of first sends. */
  order = 0
  /** Number of the recorder's batch that must be safe before its packet leaves (QoS 2). */
  batch = -1
  /** Monotonic ms of the last PUBLISH or PUBREL; `neverSent` before the first. */
  sentAt = neverSent
  /** Its PUBLISH was sent on this connection and counts against the receive maximum. */
  holdsQuota = false
  /** In the window: the packet of its phase still has to be sent on this connection. */
  isUnsent = false
  /** Owned by the recorder: what the store has of it, and whether that is about to change. */
  recorded: Recorded = Recorded.Nothing
  isTouched = false
  previous: Outgoing | undefined = undefined
  next: Outgoing | undefined = undefined
  /** The next one in the chain of PUBRELs. */
  behind: Outgoing | undefined = undefined

  constructor(message: Message | undefined, delivery: Delivery, qos: QoS) {
    this.message = message
    this.delivery = delivery
    this.qos = qos
  }

  /** Bytes that it keeps alive. */
  get cost(): number {
    return this.message === undefined ? 0 : this.message.cost
  }
}

/** A list through `previous` and `next`: adding, and taking out anywhere, cost the same. */
export class OutgoingList {
  first: Outgoing | undefined = undefined
  last: Outgoing | undefined = undefined
  length = 0

  push(entry: Outgoing): void {
    entry.previous = this.last
    if (this.last === undefined) this.first = entry
    else this.last.next = entry
    this.last = entry
    this.length++
  }

  remove(entry: Outgoing): void {
    if (entry.previous === undefined) this.first = entry.next
    else entry.previous.next = entry.next
    if (entry.next === undefined) this.last = entry.previous
    else entry.next.previous = entry.previous
    entry.previous = undefined
    entry.next = undefined
    this.length--
  }

  /** Moves everything from `entry` on, `length` entries, to the end of another list. */
  moveFrom(entry: Outgoing, length: number, to: OutgoingList): void {
    const last = this.last as Outgoing
    this.last = entry.previous
    if (entry.previous === undefined) this.first = undefined
    else entry.previous.next = undefined
    this.length -= length
    entry.previous = to.last
    if (to.last === undefined) to.first = entry
    else to.last.next = entry
    to.last = last
    to.length += length
  }

  *[Symbol.iterator](): IterableIterator<Outgoing> {
    for (let entry = this.first; entry !== undefined; entry = entry.next) yield entry
  }
}

/** First in, first out through `behind`, beside the list that its entries are in. */
export class OutgoingChain {
  first: Outgoing | undefined = undefined
  last: Outgoing | undefined = undefined

  push(entry: Outgoing): void {
    if (this.last === undefined) this.first = entry
    else this.last.behind = entry
    this.last = entry
  }

  shift(): Outgoing | undefined {
    const entry = this.first
    if (entry === undefined) return undefined
    this.first = entry.behind
    if (this.first === undefined) this.last = undefined
    entry.behind = undefined
    return entry
  }
}
