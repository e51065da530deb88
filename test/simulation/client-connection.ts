import { generate, type IConnackPacket, type Packet, parser } from 'mqtt-packet'
import type { ClientSession } from './client-session.ts'
import type { Link, LinkUser } from './link.ts'
import { Violation } from './trace.ts'
import type { ModelWill } from './wills.ts'
import type { WireWatch } from './wire-watch.ts'

/** A packet to send, in the words of mqtt-packet. */
export type Outgoing = { readonly cmd: NonNullable<Packet['cmd']> } & Record<string, unknown>

/** Told what comes in over a connection that is still its client's. */
export interface ConnectionUser {
  onPacket(connection: ClientConnection, packet: Packet): void
  onOver(connection: ClientConnection): void
}

/** What a CONNECT asked for, and what it hung on. */
export interface Attempt {
  readonly isClean: boolean
  readonly expiryS: number
  /** What MQTT 5 was told; 65,535 before it. */
  readonly receiveMaximum: number
  readonly isVolatile: boolean
}

/** One connection of a model client: packets in and out, all of them watched. */
export class ClientConnection implements LinkUser {
  readonly name: string
  readonly attempt: Attempt
  readonly link: Link
  readonly watch: WireWatch
  readonly #version: 3 | 4 | 5
  readonly #user: ConnectionUser
  readonly #parser: ReturnType<typeof parser>
  #state: 'connecting' | 'open' | 'abandoned' | 'over' = 'connecting'
  session: ClientSession | undefined
  connack: IConnackPacket | undefined
  will: ModelWill | undefined
  /** SUBSCRIBE and UNSUBSCRIBE that wait for their answer, with what to do when it comes. */
  readonly pending = new Map<number, (codes: readonly number[]) => void>()
  lastHeardAt: number
  /** When the last acknowledgement leaves, of a client that keeps their order. */
  lastAckAt = 0

  constructor(
    name: string,
    version: 3 | 4 | 5,
    attempt: Attempt,
    watch: WireWatch,
    user: ConnectionUser,
    now: () => number,
    makeLink: (user: LinkUser) => Link,
  ) {
    this.name = name
    this.#version = version
    this.attempt = attempt
    this.watch = watch
    this.#user = user
    this.lastHeardAt = now()
    this.#parser = parser({ protocolVersion: version })
    this.#parser.on('packet', (packet: Packet) => {
      this.lastHeardAt = now()
      this.#onPacket(packet)
    })
    this.#parser.on('error', (error: Error) => {
      throw new Violation(`${this.name} was sent what cannot be read: ${error.message}`)
    })
    this.link = makeLink(this)
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Whether it is its client's still, open or on the way to it. */
  get isCurrent(): boolean {
    return this.#state === 'open' || this.#state === 'connecting'
  }

  send(packet: Outgoing): void {
    if (!this.isCurrent) return
    const options = { protocolVersion: this.#version }
    this.link.send(generate(packet as unknown as Packet, options))
  }

  /** The client turns to another connection: what comes over this one is lost, but still watched. */
  abandon(): void {
    if (this.#state !== 'over') this.#state = 'abandoned'
  }

  /** Closes in order, behind what was sent. */
  close(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.link.close()
  }

  onData(chunk: Buffer): void {
    this.#parser.parse(chunk)
  }

  onClose(): void {
    const wasCurrent = this.isCurrent
    this.#state = 'over'
    if (wasCurrent) this.#user.onOver(this)
  }

  #onPacket(packet: Packet): void {
    if (this.#state === 'over') return
    this.watch.received(packet)
    if (this.#state === 'abandoned') return
    if (packet.cmd === 'connack') {
      this.#state = 'open'
      this.connack = packet
    }
    this.#user.onPacket(this, packet)
  }
}
