import type { Message } from '../mqtt/message.ts'
import type { Rel } from './awaiting-rel.ts'
import type { Lane } from './lane.ts'
import { type Outgoing, Recorded } from './outgoing.ts'
import type { ChangeWriter, Recorder } from './ports.ts'
import type { SubscriptionMap } from './subscriptions.ts'

/** Entries, and bytes, of a lane that are worth a page. */
const pageLengthMin = 128
const pageBytesMin = 64 * 1024

/** A lane of which a page is on its way into the store, and up to where it reaches. */
interface Paging {
  readonly lane: Lane
  readonly below: number
}

/**
 * Notes what of a session changes, and says it when its batch starts, as it is then: a message that
 * was delivered and acknowledged within one batch leaves no trace, one that waited and got a slot is
 * written once.
 *
 * Invariants: 1. what is in the lists is touched, and nothing else is. 2. what `recorded` says of an
 * entry is what the store has when all batches that were written are safe.
 */
export abstract class ChangeRecorder implements Recorder {
  abstract readonly openBatch: number
  abstract readonly committed: number
  #entries: Outgoing[] | undefined
  #lanes: Lane[] | undefined
  #rels: Rel[] | undefined
  #filters: Set<string> | undefined
  #paging: Paging[] | undefined

  /**
   * A change joined the open batch, and with it so many bytes that stay in memory until it is safe.
   * `isAwaited`: the one who made it is answered then.
   */
  protected abstract touched(isAwaited: boolean, bytes: number): void

  abstract readOn(lane: Lane): void

  // hot: twice for each message to a durable session.
  entry(entry: Outgoing): void {
    if (entry.isTouched) return
    entry.isTouched = true
    if (this.#entries === undefined) this.#entries = [entry]
    else this.#entries.push(entry)
    this.touched(entry.qos > 0, entry.cost)
  }

  lane(lane: Lane): void {
    if (lane.isTouched) return
    lane.isTouched = true
    if (this.#lanes === undefined) this.#lanes = [lane]
    else this.#lanes.push(lane)
    this.touched(false, 0)
  }

  subscription(filter: string): void {
    if (this.#filters === undefined) this.#filters = new Set()
    this.#filters.add(filter)
    this.touched(true, 0)
  }

  rel(rel: Rel): void {
    if (rel.isTouched) return
    rel.isTouched = true
    if (this.#rels === undefined) this.#rels = [rel]
    else this.#rels.push(rel)
    this.touched(true, 0)
  }

  /**
   * Writes what has changed since the last time. Answers how many entries left no trace, because
   * they ended before they began.
   */
  write(writer: ChangeWriter, subscriptions: SubscriptionMap): number {
    const entries = this.#entries
    const lanes = this.#lanes
    const rels = this.#rels
    this.#entries = undefined
    this.#lanes = undefined
    this.#rels = undefined
    if (this.#filters !== undefined) this.#writeSubscriptions(writer, subscriptions)
    const elided = entries === undefined ? 0 : writeEntries(writer, entries)
    if (lanes !== undefined) this.#writeLanes(writer, lanes)
    if (rels !== undefined) writeRels(writer, rels)
    return elided
  }

  /** Writes a page of everything in a lane that is in none yet. */
  page(writer: ChangeWriter, lane: Lane): void {
    const entries = lane.pageAll()
    if (entries.length === 0) return
    writer.page(lane.key, entries)
    this.#paging ??= []
    this.#paging.push({ lane, below: lane.tail })
  }

  /** Whether pages are on their way, so that `settlePages` is due when the batch is safe. */
  get isPaging(): boolean {
    return this.#paging !== undefined
  }

  /** What was written is safe: of each lane with a new page only `kept` entries stay in memory. */
  settlePages(kept: number): void {
    for (const { lane, below } of this.#paging ?? []) {
      lane.readableBelow = Math.max(lane.readableBelow, below)
      lane.evict(kept)
    }
    this.#paging = undefined
  }

  /** The session records elsewhere, or has ended: its pages are of no use. */
  dropPages(): void {
    this.#paging = undefined
  }

  #writeSubscriptions(writer: ChangeWriter, subscriptions: SubscriptionMap): void {
    for (const filter of this.#filters ?? []) {
      const options = subscriptions.get(filter)
      if (options === undefined) writer.unsubscribed(filter)
      else writer.subscribed(filter, options)
    }
    this.#filters = undefined
  }

  #writeLanes(writer: ChangeWriter, lanes: readonly Lane[]): void {
    for (const lane of lanes) {
      lane.isTouched = false
      const snapshot = lane.snapshot()
      if (snapshot.length > 0 || lane.isKnown) writer.lane(snapshot)
      lane.isKnown = snapshot.length > 0
      if (lane.unpagedLength >= pageLengthMin || lane.unpagedBytes >= pageBytesMin) {
        this.page(writer, lane)
      }
    }
  }
}

/** Ids that are free again first: another message may have taken one of them since. */
function writeEntries(writer: ChangeWriter, entries: readonly Outgoing[]): number {
  let elided = 0
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Outgoing
    if (entry.phase !== 'ended') continue
    if (entry.recorded >= Recorded.Slot) writer.freed(entry.packetId)
    else if (entry.recorded === Recorded.Nothing) elided++
  }
  for (let i = 0; i < entries.length; i++) writeEntry(writer, entries[i] as Outgoing)
  return elided
}

function writeEntry(writer: ChangeWriter, entry: Outgoing): void {
  entry.isTouched = false
  const { delivery, order, packetId, phase, qos, recorded } = entry
  if (phase === 'ended') return
  if (phase === 'pubrel') {
    if (recorded < Recorded.Pubrel) writer.released(packetId, order)
    entry.recorded = Recorded.Pubrel
    return
  }
  const message = entry.message as Message
  if (phase === 'publish' && recorded < Recorded.Slot) {
    writer.slot(packetId, order, qos, message, delivery)
    entry.recorded = Recorded.Slot
  } else if (phase === 'queued' && recorded === Recorded.Nothing) {
    writer.queued(entry.laneKey, entry.sequence, message, delivery)
    entry.recorded = Recorded.Queued
  }
}

function writeRels(writer: ChangeWriter, rels: readonly Rel[]): void {
  for (const { hasEnded, isRecorded, packetId } of rels) {
    if (hasEnded && isRecorded) writer.relReceived(packetId)
  }
  for (const rel of rels) {
    rel.isTouched = false
    if (rel.hasEnded || rel.isRecorded) continue
    writer.awaitingRel(rel.packetId, rel.receivedAt)
    rel.isRecorded = true
  }
}
