import type { Message } from '../mqtt/message.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { Delivery } from '../mqtt/subscription.ts'
import type { SessionContext } from './context.ts'
import { mustRetain } from './delivery.ts'
import { Inflight } from './inflight.ts'
import { neverSent, Outgoing, Recorded } from './outgoing.ts'
import type { DropReason, Sink } from './ports.ts'
import type { SlotSnapshot } from './snapshot.ts'

/**
 * What one try to move on did: a packet was `sent`; something `moved` without one, try again; or
 * what comes next is `blocked`.
 */
export type Step = 'sent' | 'moved' | 'blocked'

/**
 * The sender's half of the QoS 1 and 2 handshakes: gives messages a slot, sends what is in flight,
 * and takes the client's acknowledgements.
 *
 * Towards a durable session a QoS 2 PUBLISH leaves only when its slot is safe, and PUBREL only
 * when the phase change is: else a kill in between reuses the id for another message, which the
 * client discards, or sends the message again under another id. Everything with an id leaves in
 * the order in which it got it, so what is behind such a PUBLISH waits with it: the orders of the
 * window, of the records and of the first sends are one. [MQTT-4.6.0-1]
 */
export class Window {
  readonly inflight: Inflight
  readonly #context: SessionContext

  constructor(context: SessionContext, firstPacketId: number) {
    this.#context = context
    this.inflight = new Inflight(firstPacketId)
  }

  get hasRoom(): boolean {
    return this.inflight.size < this.#context.windowMax
  }

  /** Whether what comes next is held back by a commit that is not done yet. */
  get waitsForCommit(): boolean {
    const { committed } = this.#context.recorder
    const { unsent, unsentPubrel } = this.inflight
    if (unsentPubrel !== undefined && unsentPubrel.batch > committed) return true
    return unsent !== undefined && unsent.qos === 2 && unsent.batch > committed
  }

  /** Gives a message a slot; `next` sends it, `sendTaken` does at once. */
  take(entry: Outgoing): void {
    const { recorder } = this.#context
    this.inflight.take(entry, recorder.openBatch)
    recorder.entry(entry)
  }

  /** Sends what has just got a slot, when nothing is before it and its slot is safe. */
  sendTaken(entry: Outgoing, sink: Sink, now: number): void {
    if (this.inflight.unsent === entry && this.#isPublishReady(entry))
      this.#publish(entry, sink, now)
  }

  /** Sends the first packet in flight that this connection has not seen: PUBREL, or PUBLISH. */
  sendUnsent(sink: Sink, now: number): Step {
    const publish = this.inflight.unsent
    const pubrel = this.inflight.unsentPubrel
    const isPublishReady = publish !== undefined && this.#isPublishReady(publish)
    if (pubrel !== undefined && this.#context.recorder.committed >= pubrel.batch) {
      if (!isPublishReady || pubrel.order < publish.order) {
        this.#pubrel(pubrel, sink, now)
        return 'sent'
      }
    }
    if (!isPublishReady) return 'blocked'
    // [MQTT-4.3.3-7]: once sent, it does not expire any more.
    if (publish.sentAt === neverSent && (publish.message as Message).isExpired(now)) {
      this.#giveUp(publish, 'expired')
      return 'moved'
    }
    return this.#publish(publish, sink, now)
  }

  /**
   * Ends a QoS 1 delivery, whatever the reason code. [MQTT-4.3.2-3] [MQTT-4.4.0-2]
   * Refuses: PacketIdentifierNotFound; ProtocolError for a QoS 2 message, which stays as it is.
   */
  puback(packetId: number): Refusal | undefined {
    const slot = this.#sentSlot(packetId)
    if (slot === undefined) return unknownId('PUBACK', packetId)
    if (slot.qos !== 1) return wrongQoS('PUBACK', packetId, slot)
    this.#acknowledge(slot)
    return undefined
  }

  /**
   * Moves a QoS 2 delivery on to PUBREL, which is sent at once where nothing holds it; a PUBREC
   * that comes again is answered again, one ≥ 0x80 ends the delivery. [MQTT-4.3.3-4] [MQTT-4.4.0-2]
   * Refuses: PacketIdentifierNotFound; ProtocolError for a QoS 1 message; PacketIdentifierInUse
   * for an error once PUBREL is due: the handshake goes on.
   */
  pubrec(packetId: number, reasonCode: number, now: number): Refusal | undefined {
    const slot = this.#sentSlot(packetId)
    if (slot === undefined) return unknownId('PUBREC', packetId)
    if (slot.qos !== 2) return wrongQoS('PUBREC', packetId, slot)
    if (slot.phase === 'pubrel') {
      if (reasonCode >= 0x80) return wrongPhase('PUBREC with an error', packetId)
      this.inflight.repeatPubrel(slot)
    } else {
      if (reasonCode >= 0x80) {
        this.#acknowledge(slot)
        return undefined
      }
      const { recorder } = this.#context
      this.inflight.release(slot, recorder.openBatch)
      recorder.entry(slot)
    }
    this.#sendPubrelNow(slot, now)
    return undefined
  }

  /**
   * Ends a QoS 2 delivery, whatever the reason code. [MQTT-4.3.3-5]
   * Refuses: PacketIdentifierNotFound; ProtocolError for a QoS 1 message; PacketIdentifierInUse
   * when this connection has not been sent the PUBREL: the slot stays as it is.
   */
  pubcomp(packetId: number): Refusal | undefined {
    const slot = this.#sentSlot(packetId)
    if (slot === undefined) return unknownId('PUBCOMP', packetId)
    if (slot.qos !== 2) return wrongQoS('PUBCOMP', packetId, slot)
    if (slot.phase !== 'pubrel' || slot.isUnsent) return wrongPhase('PUBCOMP', packetId)
    this.#acknowledge(slot)
    return undefined
  }

  /**
   * MQTT 3.x with a retry interval only: sends again, in the order of first sends, what has waited
   * that long for its acknowledgement. Answers the monotonic ms at which to call again; undefined
   * when never. MQTT 5 forbids resending on a live connection. [MQTT-4.4.0-1]
   */
  retry(now: number): number | undefined {
    const { sink, protocolVersion, options } = this.#context
    const intervalMs = options.retryIntervalMs
    if (sink === undefined || protocolVersion === 5 || intervalMs <= 0) return undefined
    let again = now + intervalMs
    let slot = this.inflight.first
    while (slot !== undefined && sink.writable) {
      const next: Outgoing | undefined = slot.next
      const due = slot.sentAt + intervalMs
      if (!slot.isUnsent && due > now) again = Math.min(again, due)
      else if (!slot.isUnsent) this.#resend(slot, sink, now)
      slot = next
    }
    return again
  }

  /** The window as data, in the order of first sends. */
  snapshot(): SlotSnapshot[] {
    const slots: SlotSnapshot[] = []
    for (let slot = this.inflight.first; slot !== undefined; slot = slot.next) {
      slots.push(slotOf(slot))
    }
    return slots
  }

  /** Fills an empty window with what a snapshot holds; it counts as safe. */
  load(slots: readonly SlotSnapshot[]): void {
    for (const slot of slots) {
      const entry =
        slot.phase === 'publish'
          ? new Outgoing(slot.message, slot.delivery, slot.qos)
          : new Outgoing(undefined, releasedDelivery, 2)
      entry.packetId = slot.packetId
      entry.order = slot.order
      entry.recorded = slot.phase === 'publish' ? Recorded.Slot : Recorded.Pubrel
      entry.sentAt = slot.phase === 'publish' && !slot.wasSent ? neverSent : 0
      this.inflight.restore(entry, slot.phase)
    }
    this.inflight.rewind()
  }

  #isPublishReady(slot: Outgoing): boolean {
    const { windowMax, recorder } = this.#context
    if (this.inflight.quotaUsed >= windowMax) return false
    return slot.qos === 1 || recorder.committed >= slot.batch
  }

  #publish(slot: Outgoing, sink: Sink, now: number): Step {
    const isFirst = slot.sentAt === neverSent
    if (!this.#writePublish(slot, sink, !isFirst)) {
      this.#giveUp(slot, 'too_large')
      return 'moved'
    }
    if (isFirst) this.#context.stats.delivered++
    this.inflight.markPublished(now)
    return 'sent'
  }

  #writePublish(slot: Outgoing, sink: Sink, dup: boolean): boolean {
    const message = slot.message as Message
    const { qos, delivery, packetId } = slot
    const retain = mustRetain(message, delivery)
    return sink.publish(message, qos, retain, dup, packetId, delivery.subscriptionIds)
  }

  #pubrel(slot: Outgoing, sink: Sink, now: number): void {
    sink.pubrel(slot.packetId)
    this.inflight.markPubrelSent(now)
  }

  /** Only as the first in the lane: PUBRELs leave in the order of their PUBRECs. [MQTT-4.6.0-4] */
  #sendPubrelNow(slot: Outgoing, now: number): void {
    const { sink, recorder } = this.#context
    if (sink === undefined || !sink.writable) return
    if (this.inflight.unsentPubrel !== slot || recorder.committed < slot.batch) return
    this.#pubrel(slot, sink, now)
  }

  #resend(slot: Outgoing, sink: Sink, now: number): void {
    if (slot.phase === 'pubrel') sink.pubrel(slot.packetId)
    else if (!this.#writePublish(slot, sink, true)) return this.#giveUp(slot, 'too_large')
    slot.sentAt = now
  }

  /** A slot that the client can know of: an id that was never sent is none that it may answer. */
  #sentSlot(packetId: number): Outgoing | undefined {
    const slot = this.inflight.get(packetId)
    return slot === undefined || slot.sentAt === neverSent ? undefined : slot
  }

  #acknowledge(slot: Outgoing): void {
    const { stats, observer, clientId } = this.#context
    this.#free(slot)
    stats.acked++
    observer.acked(clientId, slot.message)
  }

  #giveUp(slot: Outgoing, reason: DropReason): void {
    this.#free(slot)
    this.#context.drop(slot.message as Message, reason)
  }

  #free(slot: Outgoing): void {
    this.inflight.free(slot)
    this.#context.recorder.entry(slot)
  }
}

/** Stands for the delivery of a restored slot that waits for PUBCOMP: only its id is left. */
const releasedDelivery: Delivery = {
  qos: 2,
  retainAsPublished: false,
  subscriptionIds: undefined,
}

function slotOf(slot: Outgoing): SlotSnapshot {
  const { packetId, order, qos, delivery } = slot
  if (slot.phase === 'pubrel') return { phase: 'pubrel', packetId, order }
  const message = slot.message as Message
  const wasSent = slot.sentAt !== neverSent
  return { phase: 'publish', packetId, order, message, qos, delivery, wasSent }
}

function unknownId(packet: string, packetId: number): Refusal {
  const because = `${packet} for packet id ${packetId}, which is not in flight`
  return new Refusal(ReasonCode.PacketIdentifierNotFound, because)
}

function wrongQoS(packet: string, packetId: number, slot: Outgoing): Refusal {
  const because = `${packet} for packet id ${packetId}, which was sent at QoS ${slot.qos}`
  return new Refusal(ReasonCode.ProtocolError, because)
}

function wrongPhase(packet: string, packetId: number): Refusal {
  const because = `${packet} for packet id ${packetId} out of turn`
  return new Refusal(ReasonCode.PacketIdentifierInUse, because)
}
