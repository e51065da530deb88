import type { QoS } from '../../src/mqtt/subscription.ts'
import type { Link } from './link.ts'

/** One connection's will, and what is known of the connection's end. */
export interface ModelWill {
  readonly payload: string
  readonly clientId: string
  readonly qos: QoS
  /** Seconds; always 0 before MQTT 5. */
  readonly delayS: number
  /** Seconds that the session lives without a connection. */
  readonly expiryS: number
  /** Whether the disk knows of it: its session is durable. */
  readonly isDurable: boolean
  readonly link: Link
  /** CONNACK has come, so the broker has it. */
  isAccepted: boolean
  /** The client was back, in the same session, before it was due. */
  isCancelled: boolean
  /** Its session has ended, and with it whatever could take the will back. */
  isSettled: boolean
  /** What happened is beyond what the checks follow. */
  isUnclear: boolean
  arrivals: number
}

/** Which wills must have been published by now, and which must not. */
export class Wills {
  readonly #wills: ModelWill[] = []
  readonly #now: () => number
  #crashes = 0

  constructor(now: () => number) {
    this.#now = now
  }

  add(will: ModelWill): void {
    this.#wills.push(will)
  }

  arrived(payload: string): void {
    const will = this.#wills.find((candidate) => candidate.payload === payload)
    if (will !== undefined) will.arrivals++
  }

  /** The client sends CONNECT again: a will that is not due yet may be taken back by it. */
  connecting(clientId: string): void {
    for (const will of this.#ofClient(clientId)) {
      if (will.delayS > 0 && this.#dueAt(will) + marginMs > this.#now()) will.isUnclear = true
    }
  }

  /** CONNACK came; `isPresent` says that the session goes on. */
  connected(clientId: string, isPresent: boolean): void {
    for (const will of this.#ofClient(clientId)) {
      if (!isPresent) will.isSettled = true
      if (will.delayS === 0 || will.isSettled || will.arrivals > 0) continue
      const wasOpen = will.link.brokerClosedAt === undefined
      if (!wasOpen && this.#dueAt(will) > this.#now()) will.isCancelled = true
    }
  }

  /** The broker has crashed; everything up to batch `committed` was safe. */
  crashed(committed: number): void {
    this.#crashes++
    for (const will of this.#wills) {
      const { ending } = will.link
      if (will.delayS > 0) will.isUnclear = true
      if (ending === undefined) will.isUnclear ||= !will.isDurable
      else if (ending.batch > committed) will.isUnclear ||= ending.isQuiet || !will.isDurable
    }
  }

  /** What went wrong, once every delay has passed. */
  faults(): string[] {
    const faults: string[] = []
    for (const will of this.#wills) {
      const { ending } = will.link
      const name = `${will.payload} (delay ${will.delayS})`
      if (will.arrivals > 1 + this.#crashes) faults.push(`${name} came ${will.arrivals} times`)
      if (!will.isAccepted || ending === undefined) continue
      const isForbidden = ending.isQuiet && !will.isUnclear
      if (isForbidden && will.arrivals > 0) faults.push(`${name} came in spite of DISCONNECT`)
      if (will.isCancelled && this.#crashes === 0 && !ending.isQuiet && will.arrivals > 0) {
        faults.push(`${name} came although the client was back`)
      }
      if (!ending.isQuiet && !will.isUnclear && !will.isCancelled && will.arrivals === 0) {
        faults.push(`${name} never came`)
      }
    }
    return faults
  }

  *#ofClient(clientId: string): IterableIterator<ModelWill> {
    for (const will of this.#wills) {
      if (will.clientId === clientId && will.isAccepted) yield will
    }
  }

  #dueAt(will: ModelWill): number {
    const left = will.link.brokerClosedAt ?? this.#now()
    return left + Math.min(will.delayS, will.expiryS) * 1000
  }
}

/** Between a CONNECT that is sent and its arrival. */
const marginMs = 3000
