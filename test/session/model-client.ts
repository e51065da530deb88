import { AckType } from '../../src/mqtt/packets.ts'
import type { Sent, SentPublish } from '../support/session-kit.ts'

/** An acknowledgement on its way to the broker. */
export interface Ack {
  readonly type: AckType
  readonly packetId: number
  readonly reasonCode: number
}

/**
 * What a client does with what it gets, by the book: acknowledges QoS 1, and takes a QoS 2 id for
 * the same message until PUBREL comes. It keeps its state when the connection is cut.
 */
export class ModelClient {
  /** How often each message came through to the application. */
  readonly seen = new Map<string, number>()
  /** Messages that it answered with a reason code ≥ 0x80 at least once. */
  readonly refused = new Set<string>()
  readonly #awaitingRel = new Set<number>()

  /** Answers the acknowledgement, if one is due. `refuses`: with 0x97 where it may. */
  receive(packet: Sent, refuses: boolean): Ack | undefined {
    if (packet.type === 'pubrel') return this.#release(packet.packetId)
    if (packet.qos === 2) return this.#receiveQoS2(packet, refuses)
    if (packet.qos === 1 && refuses) this.refused.add(packet.text)
    else this.#see(packet.text)
    if (packet.qos === 0) return undefined
    return { type: AckType.Puback, packetId: packet.packetId, reasonCode: refuses ? 0x97 : 0 }
  }

  #receiveQoS2(packet: SentPublish, refuses: boolean): Ack {
    const { packetId, text } = packet
    const isNew = !this.#awaitingRel.has(packetId)
    if (isNew && refuses) {
      this.refused.add(text)
      return { type: AckType.Pubrec, packetId, reasonCode: 0x97 }
    }
    if (isNew) this.#see(text)
    this.#awaitingRel.add(packetId)
    return { type: AckType.Pubrec, packetId, reasonCode: 0 }
  }

  #release(packetId: number): Ack {
    const wasWaiting = this.#awaitingRel.delete(packetId)
    return { type: AckType.Pubcomp, packetId, reasonCode: wasWaiting ? 0 : 0x92 }
  }

  #see(text: string): void {
    this.seen.set(text, (this.seen.get(text) ?? 0) + 1)
  }
}
