import type { ClientVersion } from '../../client/fields.ts'
import { PublishTemplate } from '../../client/publish-template.ts'
import { AckType } from '../../mqtt/packets.ts'
import type { Faults } from '../audit/faults.ts'
import type { Ledger } from '../audit/ledger.ts'
import type { Message } from '../audit/message.ts'
import type { IsStill, KillPoint } from '../kills/trap.ts'
import { payloadOf } from './payload.ts'

/** What an outbox sends through. */
export interface OutboxLink {
  readonly isOpen: boolean
  publish(template: PublishTemplate): void
  ack(type: AckType, packetId: number): void
  /** The client stands at a point where the broker may be killed. Answers whether it goes no further. */
  at(point: KillPoint, isStill?: IsStill): boolean
  /** The same, when what was handed in so far has been written. */
  whenWritten(point: KillPoint, isStill: IsStill): void
}

/** A message whose handshake is not over. */
interface Unfinished {
  readonly message: Message
  readonly packetId: number
  phase: 'publish' | 'pubrel'
  /** PUBRELs that were sent. */
  releases: number
}

/** Which messages were unfinished at a kill, for the report. */
export interface OutboxCensus {
  /** PUBLISH without PUBACK, PUBLISH without PUBREC. */
  readonly qos1: number
  readonly qos2: number
  /** PUBREC came and PUBREL was not sent; PUBREL was sent and PUBCOMP did not come. */
  readonly unreleased: number
  readonly released: number
}

/**
 * The sender's half of a client: messages at QoS 1 and 2, each under the lowest identifier that is
 * free, so that identifiers are used again soon. After a reconnect what is unfinished is sent again
 * as MQTT says: PUBLISH with DUP, or PUBREL, with the identifiers that they had. [MQTT-4.4.0-1]
 */
export class Outbox {
  readonly #name: string
  readonly #version: ClientVersion
  readonly #window: number
  readonly #ledger: Ledger
  readonly #link: OutboxLink
  /** By packet identifier, in the order of first sends. */
  readonly #unfinished = new Map<number, Unfinished>()
  readonly #waiting: (() => void)[] = []

  /** `window`: messages that may be unfinished. */
  constructor(
    name: string,
    version: ClientVersion,
    window: number,
    ledger: Ledger,
    link: OutboxLink,
  ) {
    this.#name = name
    this.#version = version
    this.#window = window
    this.#ledger = ledger
    this.#link = link
  }

  get hasRoom(): boolean {
    return this.#link.isOpen && this.#unfinished.size < this.#window
  }

  get isEmpty(): boolean {
    return this.#unfinished.size === 0
  }

  /** Resolves at the next acknowledgement that ends a handshake. */
  finished(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Sends a message; only where there is room. */
  send(message: Message): void {
    const unfinished: Unfinished = {
      message,
      packetId: this.#freeId(),
      phase: 'publish',
      releases: 0,
    }
    this.#unfinished.set(unfinished.packetId, unfinished)
    this.#publish(unfinished)
  }

  /** The session goes on over a new connection. */
  resume(): void {
    for (const unfinished of this.#unfinished.values()) {
      if (unfinished.phase === 'publish') this.#publish(unfinished)
      else this.#release(unfinished)
    }
  }

  /** The session is gone: what is unfinished will never be known. */
  reset(): void {
    this.#unfinished.clear()
    this.#tellFinished()
  }

  onAck(type: AckType, packetId: number, code: number): void {
    const unfinished = this.#unfinished.get(packetId)
    const awaited = unfinished === undefined ? undefined : awaitedBy(unfinished)
    if (unfinished === undefined || awaited !== type) {
      const waits =
        unfinished === undefined ? 'nothing waits for' : `${unfinished.message.words} has not`
      return this.#fault(`${nameOf(type)} ${packetId}, which ${waits} asked for`)
    }
    if (type === AckType.Pubcomp) return this.#completed(unfinished, code)
    if (code >= 0x80) {
      this.#ledger.tally.refused++
      return this.#finish(unfinished)
    }
    this.#ledger.acknowledged(unfinished.message)
    if (type === AckType.Puback) {
      this.#finish(unfinished)
      this.#link.at('puback')
      return
    }
    unfinished.phase = 'pubrel'
    const isUnreleased = (): boolean => this.#has(unfinished) && unfinished.releases === 0
    if (!this.#link.at('pubrecAtPublisher', isUnreleased)) this.#release(unfinished)
  }

  census(): OutboxCensus {
    const all = [...this.#unfinished.values()]
    const count = (fits: (each: Unfinished) => boolean): number => all.filter(fits).length
    return {
      qos1: count(({ message }) => message.qos === 1),
      qos2: count(({ message, phase }) => message.qos === 2 && phase === 'publish'),
      unreleased: count(({ phase, releases }) => phase === 'pubrel' && releases === 0),
      released: count(({ releases }) => releases > 0),
    }
  }

  #has(unfinished: Unfinished): boolean {
    return this.#unfinished.get(unfinished.packetId) === unfinished
  }

  #publish(unfinished: Unfinished): void {
    const { message, packetId } = unfinished
    const { isRetained, qos, sends, topic } = message
    const payload = payloadOf(message)
    const options = { version: this.#version, topic, qos, retain: isRetained, payload }
    const template = new PublishTemplate(options)
    template.identify(packetId, sends > 0)
    this.#ledger.sending(message)
    this.#link.publish(template)
    const isUnanswered = (): boolean => this.#has(unfinished) && unfinished.phase === 'publish'
    this.#link.whenWritten(qos === 1 ? 'publishQos1' : 'publishQos2', isUnanswered)
    if (isRetained) this.#link.whenWritten('retained', isUnanswered)
  }

  #release(unfinished: Unfinished): void {
    unfinished.releases++
    this.#link.ack(AckType.Pubrel, unfinished.packetId)
    this.#link.whenWritten('pubrelAtPublisher', () => this.#has(unfinished))
  }

  /**
   * The first PUBREL of a message must find its identifier: PUBREC said that it is remembered, and
   * a broker that has forgotten it would take the message a second time.
   */
  #completed(unfinished: Unfinished, code: number): void {
    if (code !== 0 && unfinished.releases === 1) {
      this.#fault(
        `PUBCOMP with 0x${code.toString(16)} for the first PUBREL of ${unfinished.message.words}`,
      )
    }
    this.#finish(unfinished)
    this.#link.at('pubcomp')
  }

  #finish(unfinished: Unfinished): void {
    this.#unfinished.delete(unfinished.packetId)
    this.#tellFinished()
  }

  #tellFinished(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #freeId(): number {
    let packetId = 1
    while (this.#unfinished.has(packetId)) packetId++
    return packetId
  }

  #fault(what: string): void {
    const { faults }: { faults: Faults } = this.#ledger
    faults.add('handshake', `${this.#name} got ${what}`)
  }
}

function awaitedBy({ message, phase, releases }: Unfinished): AckType | undefined {
  if (phase === 'publish') return message.qos === 1 ? AckType.Puback : AckType.Pubrec
  return releases > 0 ? AckType.Pubcomp : undefined
}

function nameOf(type: AckType): string {
  return ['PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP'][type - AckType.Puback] ?? 'nothing'
}
