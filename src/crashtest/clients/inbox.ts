import { AckType } from '../../mqtt/packets.ts'
import type { QoS } from '../../mqtt/subscription.ts'
import type { Faults } from '../audit/faults.ts'
import type { IsStill, KillPoint } from '../kills/trap.ts'

/** What an inbox answers through. */
export interface InboxLink {
  ack(type: AckType, packetId: number): void
  /** The client stands at a point where the broker may be killed. Answers whether it goes no further. */
  at(point: KillPoint, isStill?: IsStill): boolean
  /** The same, when what was handed in so far has been written. */
  whenWritten(point: KillPoint, isStill: IsStill): void
}

/**
 * The receiver's half of a client. A QoS 2 message is passed on when its PUBLISH comes; until its
 * PUBREL its identifier stands for it, and a PUBLISH under that is not passed on, as MQTT wants it of
 * receivers. [MQTT-4.3.3-10]
 */
export class Inbox {
  readonly #name: string
  readonly #faults: Faults
  readonly #link: InboxLink
  /** QoS 2 identifiers that wait for PUBREL, with the names of their messages. */
  readonly #received = new Map<number, string>()
  /** Whether answers are kept back, as by a client that is about to crash. */
  isHolding = false

  constructor(name: string, faults: Faults, link: InboxLink) {
    this.#name = name
    this.#faults = faults
    this.#link = link
  }

  /** QoS 2 messages whose PUBREL has not come. */
  get unreleased(): number {
    return this.#received.size
  }

  /** A PUBLISH came, of a message with this name. Answers whether it is passed on; `answer` follows. */
  receive(name: string, qos: QoS, isDup: boolean, packetId: number): boolean {
    const known = qos === 0 ? undefined : this.#received.get(packetId)
    if (known === undefined) {
      if (qos === 2) this.#received.set(packetId, name)
      return true
    }
    if (known !== name) this.#fault(`${name} as ${packetId}, which still is ${known}`)
    else if (!isDup) this.#fault(`${name} again as ${packetId} without DUP`)
    return qos < 2
  }

  answer(qos: QoS, packetId: number): void {
    if (qos === 0 || this.isHolding) return
    if (qos === 1) return this.#link.ack(AckType.Puback, packetId)
    const name = this.#received.get(packetId)
    const isUnreleased = (): boolean => this.#received.get(packetId) === name
    if (this.#link.at('publishAtSubscriber', isUnreleased)) return
    this.#link.ack(AckType.Pubrec, packetId)
    this.#link.whenWritten('pubrecAtSubscriber', isUnreleased)
  }

  onPubrel(packetId: number, code: number): void {
    if (code !== 0) {
      const what = `PUBREL ${packetId} with 0x${code.toString(16)}`
      this.#faults.add('handshake', `${this.#name} got ${what}: the broker has forgotten it`)
    }
    this.#received.delete(packetId)
    if (this.isHolding || this.#link.at('pubrelAtSubscriber')) return
    this.#link.ack(AckType.Pubcomp, packetId)
  }

  /** The session is gone. */
  reset(): void {
    this.#received.clear()
  }

  #fault(what: string): void {
    this.#faults.add('resend', `${this.#name} got ${what}`)
  }
}
