import type { Socket } from 'node:net'
import type { Deadline } from '../base/deadlines.ts'
import type { Admission } from '../channel/channel.ts'
import type { Peer } from '../channel/ports.ts'
import type { Reception } from './reception.ts'

/** A network connection that is none for MQTT yet. */
interface Handshake {
  readonly socket: Socket
  readonly admission: Admission
  readonly deadline: Deadline
  readonly address: string
  readonly onClose: () => void
  certificateUsername: string | undefined
}

/** A handshake that succeeded: who it is, and the place it has. */
export interface Greeted {
  readonly peer: Peer
  readonly admission: Admission
}

/**
 * Network connections before the end of their TLS handshake or WebSocket upgrade. Each has its place
 * in the reception from the first moment, and all of them the same time; then they are cut off.
 */
export class Handshakes {
  readonly #reception: Reception
  readonly #timeoutMs: number
  readonly #underWay = new Map<Socket, Handshake>()

  constructor(reception: Reception, timeoutMs: number) {
    this.#reception = reception
    this.#timeoutMs = timeoutMs
  }

  /** Begins one; answers false, and cuts it off, when there are too many connections. */
  begin(socket: Socket, address: string): boolean {
    const admission = this.#reception.admit()
    if (admission === undefined) {
      socket.destroy()
      return false
    }
    const { clock, deadlines } = this.#reception.services
    const at = clock.now() + this.#timeoutMs
    const deadline = deadlines.set(at, () => {
      this.refuse(socket, 'the handshake took longer than handshake_timeout')
    })
    const onClose = (): void => this.#fail(socket, 'the client closed the network connection')
    this.#underWay.set(socket, {
      socket,
      admission,
      deadline,
      address,
      onClose,
      certificateUsername: undefined,
    })
    socket.once('close', onClose)
    return true
  }

  /** Notes who the client's certificate says it is. */
  identify(socket: Socket, username: string | undefined): void {
    const handshake = this.#underWay.get(socket)
    if (handshake !== undefined) handshake.certificateUsername = username
  }

  /** It succeeded. Answers undefined when it was over already. */
  finish(socket: Socket): Greeted | undefined {
    const handshake = this.#take(socket)
    if (handshake === undefined) return undefined
    const { address, admission, certificateUsername } = handshake
    const peer = { address, listener: this.#reception.listener }
    if (certificateUsername === undefined) return { peer, admission }
    return { peer: { ...peer, certificateUsername }, admission }
  }

  /** Cuts one off; `because` and `fields` are for the log. Does nothing once it is over. */
  refuse(socket: Socket, because: string, fields: object = {}): void {
    this.#fail(socket, because, fields)
    socket.destroy()
  }

  /** Cuts off all of them, silently: the broker stops. */
  cutOff(): void {
    for (const { socket } of this.#underWay.values()) {
      const handshake = this.#take(socket)
      if (handshake !== undefined) this.#reception.leave(handshake.admission)
      socket.destroy()
    }
  }

  #fail(socket: Socket, because: string, more: object = {}): void {
    const handshake = this.#take(socket)
    if (handshake === undefined) return
    this.#reception.leave(handshake.admission)
    const { listener, services } = this.#reception
    const fields = { address: handshake.address, listener, because, ...more }
    services.log.info(fields, 'connection ended in its handshake')
  }

  #take(socket: Socket): Handshake | undefined {
    const handshake = this.#underWay.get(socket)
    if (handshake === undefined) return undefined
    this.#underWay.delete(socket)
    socket.off('close', handshake.onClose)
    this.#reception.services.deadlines.cancel(handshake.deadline)
    return handshake
  }
}
