/**
 * A token bucket with a burst of one period: what a client may send. Past it reading pauses, so
 * that TCP slows the client down; nothing is lost and nobody is disconnected.
 */
export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor(count: number, periodMs: number, now: number) {
    this.#perMs = count / periodMs
    this.#burst = count
    this.#tokens = count
    this.#at = now
  }

  /** Takes `amount`, into debt if need be. Answers how many ms to wait until the debt is paid, 0 for none. */
  take(amount: number, now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs) - amount
    this.#at = now
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.#perMs)
  }
}
