import { assert } from '../base/assert.ts'
import { nextPacketId } from '../mqtt/packet-id.ts'
import { type Outgoing, OutgoingChain, OutgoingList } from './outgoing.ts'
import { SlotTable } from './slot-table.ts'

/**
 * The window: what has a packet id, in the order of first sends.
 *
 *     oldest ─► [publish][pubrel][publish] [publish][publish] ◄─ newest
 *                                           ▲ unsent: from here on no PUBLISH was sent on this connection
 *
 * Invariants: 1. no id twice, none is 0, and `get` finds each slot. 2. `order` grows along the
 * window. 3. `unsent` is the first slot in phase `publish` that is not sent on this connection;
 * all such slots behind it are not sent either, all before it are. 4. the chain of PUBRELs holds
 * exactly the unsent slots in phase `pubrel`. 5. `quotaUsed` counts the slots that hold quota.
 */
export class Inflight {
  readonly #slots = new SlotTable()
  readonly #window = new OutgoingList()
  readonly #pubrels = new OutgoingChain()
  #unsent: Outgoing | undefined
  #quotaUsed = 0
  #nextPacketId: number
  #nextOrder = 1

  constructor(firstPacketId: number) {
    this.#nextPacketId = firstPacketId
  }

  get size(): number {
    return this.#window.length
  }

  get first(): Outgoing | undefined {
    return this.#window.first
  }

  /** In the order of first sends. */
  [Symbol.iterator](): IterableIterator<Outgoing> {
    return this.#window[Symbol.iterator]()
  }

  get nextPacketId(): number {
    return this.#nextPacketId
  }

  /** Slots whose PUBLISH was sent on this connection and is unfinished. [MQTT-4.9.0-1] */
  get quotaUsed(): number {
    return this.#quotaUsed
  }

  /** The first PUBLISH that is still to be sent on this connection. */
  get unsent(): Outgoing | undefined {
    return this.#unsent
  }

  /** The first PUBREL that is still to be sent on this connection. */
  get unsentPubrel(): Outgoing | undefined {
    return this.#pubrels.first
  }

  get(packetId: number): Outgoing | undefined {
    return this.#slots.get(packetId)
  }

  /** Gives a message a slot with an id that is not in flight. [MQTT-2.2.1-4] */
  take(entry: Outgoing, batch: number): void {
    assert(this.size < 65535, 'there is always a packet id left for the window')
    while (this.#slots.has(this.#nextPacketId)) {
      this.#nextPacketId = nextPacketId(this.#nextPacketId)
    }
    entry.packetId = this.#nextPacketId
    entry.batch = batch
    this.#nextPacketId = nextPacketId(this.#nextPacketId)
    this.#append(entry, 'publish')
    if (this.#unsent === undefined) this.#unsent = entry
  }

  /** Puts back a slot out of a snapshot, with the id and the order that it has; `rewind` follows. */
  restore(entry: Outgoing, phase: 'publish' | 'pubrel'): void {
    this.#nextOrder = entry.order
    this.#append(entry, phase)
  }

  /** The PUBLISH of `unsent` has been sent. */
  markPublished(now: number): void {
    const slot = this.#unsent
    assert(slot !== undefined, 'only what is unsent is sent')
    slot.sentAt = now
    slot.isUnsent = false
    slot.holdsQuota = true
    this.#quotaUsed++
    this.#unsent = unsentPublish(slot.next)
  }

  /** The first PUBREL has been sent. */
  markPubrelSent(now: number): void {
    const slot = this.#pubrels.shift()
    assert(slot !== undefined, 'only what is unsent is sent')
    slot.sentAt = now
    slot.isUnsent = false
  }

  /** PUBREC came: the slot's next packet is PUBREL, when `batch` is safe. [MQTT-4.3.3-4] */
  release(slot: Outgoing, batch: number): void {
    if (slot === this.#unsent) this.#unsent = unsentPublish(slot.next)
    slot.phase = 'pubrel'
    slot.batch = batch
    slot.isUnsent = true
    this.#pubrels.push(slot)
  }

  /** PUBREC came again: PUBREL goes out once more, unless it is waiting to anyway. */
  repeatPubrel(slot: Outgoing): void {
    if (slot.isUnsent) return
    slot.isUnsent = true
    this.#pubrels.push(slot)
  }

  /** Frees a slot; its id may be used again and its quota is back. [MQTT-4.9.0-2] */
  free(slot: Outgoing): void {
    assert(slot.phase === 'publish' || !slot.isUnsent, 'no slot ends before its PUBREL is sent')
    if (slot === this.#unsent) this.#unsent = unsentPublish(slot.next)
    if (slot.holdsQuota) this.#quotaUsed--
    slot.holdsQuota = false
    slot.isUnsent = false
    slot.phase = 'ended'
    this.#slots.remove(slot.packetId)
    this.#window.remove(slot)
  }

  /** The connection has gone: for the next one all is unsent and no quota used. [MQTT-4.4.0-1] */
  rewind(): void {
    while (this.#pubrels.shift() !== undefined);
    for (let slot = this.first; slot !== undefined; slot = slot.next) {
      slot.isUnsent = true
      slot.holdsQuota = false
      if (slot.phase === 'pubrel') this.#pubrels.push(slot)
    }
    this.#quotaUsed = 0
    this.#unsent = unsentPublish(this.first)
  }

  /** Lets every packet that is still to be sent wait for another recorder's batch. */
  rebatch(batch: number): void {
    for (let slot = this.first; slot !== undefined; slot = slot.next) slot.batch = batch
  }

  checkInvariants(): void {
    let quotaUsed = 0
    let pubrels = 0
    let order = 0
    let isBehindUnsent = false
    for (let slot = this.first; slot !== undefined; slot = slot.next) {
      assert(slot.packetId >= 1 && slot.packetId <= 65535, 'a packet id is 1 … 65535')
      assert(this.get(slot.packetId) === slot, 'each slot is found by its id')
      assert(slot.order > order, 'the window is in the order of first sends')
      order = slot.order
      if (slot === this.#unsent) isBehindUnsent = true
      if (slot.phase === 'pubrel' && slot.isUnsent) pubrels++
      if (slot.phase === 'publish') assert(slot.isUnsent === isBehindUnsent, 'unsent comes last')
      if (slot.holdsQuota) quotaUsed++
    }
    assert(isBehindUnsent === (this.#unsent !== undefined), 'unsent is in the window')
    assert(quotaUsed === this.#quotaUsed, 'the used quota is what the slots hold')
    for (let slot = this.unsentPubrel; slot !== undefined; slot = slot.behind) {
      assert(slot.phase === 'pubrel' && slot.isUnsent, 'the chain holds unsent PUBRELs only')
      pubrels--
    }
    assert(pubrels === 0, 'the chain holds every unsent PUBREL')
  }

  #append(entry: Outgoing, phase: 'publish' | 'pubrel'): void {
    assert(!this.#slots.has(entry.packetId), 'a packet id is in use once')
    entry.phase = phase
    entry.order = this.#nextOrder++
    entry.isUnsent = true
    this.#slots.add(entry)
    this.#window.push(entry)
  }
}

/** The first slot from `slot` on that waits for its PUBLISH to be sent; PUBRELs have their lane. */
function unsentPublish(slot: Outgoing | undefined): Outgoing | undefined {
  let next = slot
  while (next !== undefined && next.phase !== 'publish') next = next.next
  return next
}
