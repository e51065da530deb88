import { Absence } from './absence.ts'

/**
 * Of a will: `sent` in a CONNECT without answer; `armed`; `pending` while its client is away;
 * `unsure` where a kill hid what became of it; `cancelled` by its client's return; `quit` by its
 * good-bye, which nobody acknowledges; `come`.
 */
type WillState = 'sent' | 'armed' | 'pending' | 'unsure' | 'cancelled' | 'quit' | 'come'

/** One will, from the CONNECT that has it. Times are monotonic ms. */
export class Will {
  readonly number: number
  readonly delayMs: number
  state: WillState = 'sent'
  absence: Absence | undefined
  cancelledMs = Number.POSITIVE_INFINITY

  constructor(number: number, delayMs: number) {
    this.number = number
    this.delayMs = delayMs
  }

  /** Before then it must not come. */
  get earliestMs(): number {
    return (this.absence?.earliestMs ?? Number.POSITIVE_INFINITY) + this.delayMs
  }

  /** By then it is due for sure; `Infinity` while the broker is down and nobody knows. */
  get latestMs(): number {
    return (this.absence?.latestMs ?? Number.POSITIVE_INFINITY) + this.delayMs
  }

  goAway(nowMs: number): void {
    if (this.state !== 'armed') return
    this.absence = new Absence(nowMs, false)
    this.state = 'pending'
  }

  sayGoodBye(nowMs: number): void {
    if (this.state !== 'armed') return
    this.absence = new Absence(nowMs, false)
    this.state = 'quit'
  }

  /** Another CONNECT of its client is about to leave, which may cancel it. */
  doubt(): void {
    if (this.state === 'pending') this.state = 'unsure'
  }

  cancel(nowMs: number): void {
    if (this.state === 'come' || this.state === 'cancelled' || this.state === 'quit') return
    this.state = 'cancelled'
    this.cancelledMs = nowMs
  }

  onKilled(nowMs: number, safeTick: number): void {
    this.absence?.onKilled(safeTick)
    if (this.state === 'armed' || this.state === 'sent') {
      this.absence = new Absence(nowMs, true)
      this.state = this.state === 'armed' ? 'pending' : 'unsure'
    } else if (this.state === 'quit' && this.absence?.isSafe === false) {
      this.state = 'unsure'
    }
  }
}
