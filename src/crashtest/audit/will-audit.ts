import type { Faults } from './faults.ts'
import { Will } from './will.ts'

/** Milliseconds by which clocks and timers may differ. */
const earlyMsMax = 250
/** Milliseconds that a will may take from when it is due, on a busy machine. */
const lateMsMax = 5_000

/**
 * The wills of one client: each is published once when its client has been away for its delay, over
 * kills and restarts, and not at all when the client was back before or said good-bye.
 * [MQTT-3.1.2-8] [MQTT-3.1.2-10] [MQTT-3.1.3-9]
 */
export class WillAudit {
  readonly #faults: Faults
  readonly #wills: Will[] = []
  readonly #whenCome = new Map<Will, () => void>()
  #listeningMs = 0
  /** Wills that came when they should. */
  come = 0
  lateMsMax = 0

  constructor(faults: Faults) {
    this.#faults = faults
  }

  /** The will of the last CONNECT. */
  get current(): Will | undefined {
    return this.#wills.at(-1)
  }

  /** CONNECT with another will is about to leave. */
  connecting(delayMs: number): Will {
    for (const will of this.#wills) will.doubt()
    const will = new Will(this.#wills.length, delayMs)
    this.#wills.push(will)
    return will
  }

  /** CONNACK came. */
  connected(nowMs: number): void {
    const { current } = this
    if (current !== undefined) current.state = 'armed'
    for (const will of this.#wills) if (will !== current) will.cancel(nowMs)
  }

  /** See `Absence`. */
  onKilled(nowMs: number, safeTick: number): void {
    for (const will of this.#wills) will.onKilled(nowMs, safeTick)
  }

  onListening(nowMs: number, tick: number): void {
    this.#listeningMs = nowMs
    for (const { absence } of this.#wills) absence?.onListening(nowMs, tick)
  }

  /** A will came to the one who waits for it. */
  came(number: number, nowMs: number): void {
    const will = this.#wills[number]
    if (will === undefined) return this.#fault(`will ${number} came, which nobody has`)
    const fault = this.#faultOf(will, nowMs)
    if (fault === undefined) this.come++
    else this.#fault(`will ${number} came ${fault}`)
    will.state = 'come'
    this.#whenCome.get(will)?.()
    this.#whenCome.delete(will)
  }

  /** Resolves when the will has come. */
  whenCome(will: Will): Promise<void> {
    if (will.state === 'come') return Promise.resolve()
    return new Promise((resolve) => this.#whenCome.set(will, resolve))
  }

  /** When a will must have come, if its client stays away and the broker up; `Infinity` if ever. */
  deadlineMs(will: Will): number {
    if (will.state !== 'pending') return Number.POSITIVE_INFINITY
    return Math.max(will.latestMs, this.#listeningMs) + lateMsMax
  }

  /** Its deadline has passed. */
  missed(will: Will): void {
    this.#fault(`will ${will.number} did not come, with a delay of ${will.delayMs} ms`)
    will.state = 'come'
  }

  #faultOf(will: Will, nowMs: number): string | undefined {
    if (will.state === 'come') return 'a second time'
    if (will.state === 'quit') return 'although its client had said good-bye'
    if (will.state === 'armed') return 'although its client was there'
    const earlyMs = will.earliestMs - nowMs
    if (earlyMs > earlyMsMax) return `${Math.round(earlyMs)} ms too early`
    if (will.cancelledMs < will.earliestMs - earlyMsMax)
      return 'although its client was back before'
    if (will.state !== 'pending') return undefined
    const lateMs = nowMs - Math.max(will.latestMs, this.#listeningMs)
    this.lateMsMax = Math.max(this.lateMsMax, lateMs)
    return lateMs > lateMsMax ? `${Math.round(lateMs)} ms too late` : undefined
  }

  #fault(what: string): void {
    this.#faults.add('will', what)
  }
}
