import { Absence } from './absence.ts'
import type { Faults } from './faults.ts'

/** Milliseconds around the moment of expiry within which a session may be there or not. */
const earlyMsMax = 500
const lateMsMax = 1500

/**
 * One client whose session outlives it by a few seconds only: it is there before they have passed and
 * gone afterwards, over kills and restarts. [MQTT-3.1.2-23]
 *
 * `unsure`: a CONNECT was sent and not answered.
 */
export class ExpiryAudit {
  readonly #faults: Faults
  #state: 'none' | 'connected' | 'away' | 'unsure' = 'none'
  #expiryMs = 0
  #absence: Absence | undefined
  #sentMs = 0
  /** Returns to a session that had to be there, and to one that had to be gone. */
  kept = 0
  expired = 0

  constructor(faults: Faults) {
    this.#faults = faults
  }

  /** CONNECT is about to leave. */
  connecting(nowMs: number): void {
    this.#sentMs = nowMs
  }

  /** CONNECT was not answered. */
  failed(): void {
    this.#state = 'unsure'
  }

  /** CONNACK came, and the session has this expiry interval from now on. */
  connected(isPresent: boolean, nowMs: number, expiryMs: number): void {
    const expected = this.#expected(nowMs)
    const is = isPresent ? 'present' : 'absent'
    if (expected !== 'either' && expected !== is) this.#fault(is, nowMs)
    if (expected === 'present') this.kept++
    if (expected === 'absent' && this.#state === 'away') this.expired++
    this.#state = 'connected'
    this.#expiryMs = expiryMs
    this.#absence = undefined
  }

  gone(nowMs: number): void {
    this.#state = 'away'
    this.#absence = new Absence(nowMs, false)
  }

  /** The broker surely knows that the client is gone. */
  known(tick: number): void {
    this.#absence?.known(tick)
  }

  /** See `Absence`. */
  onKilled(nowMs: number, safeTick: number): void {
    this.#absence?.onKilled(safeTick)
    if (this.#state !== 'connected') return
    this.#state = 'away'
    this.#absence = new Absence(nowMs, true)
  }

  onListening(nowMs: number, tick: number): void {
    this.#absence?.onListening(nowMs, tick)
  }

  #expected(nowMs: number): 'present' | 'absent' | 'either' {
    if (this.#state === 'none') return 'absent'
    if (this.#state !== 'away' || this.#absence === undefined) return 'either'
    if (nowMs < this.#absence.earliestMs + this.#expiryMs - earlyMsMax) return 'present'
    if (this.#sentMs > this.#absence.latestMs + this.#expiryMs + lateMsMax) return 'absent'
    return 'either'
  }

  #fault(is: 'present' | 'absent', nowMs: number): void {
    const awayMs = Math.round(nowMs - (this.#absence?.earliestMs ?? nowMs))
    const what = `its client was away for ${awayMs} ms, its expiry interval is ${this.#expiryMs} ms`
    this.#faults.add('session', `a session is ${is}: ${what}`)
  }
}
