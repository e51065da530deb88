/**
 * A token bucket with a burst of one period. What a client may send is taken into debt: reading
 * pauses until it is paid, so that TCP slows the client down, nothing is lost and nobody is
 * disconnected. Connections are taken without debt, so that a flood which is refused costs nothing
 * once it is over.
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
    this.#fill(now)
    this.#tokens -= amount
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.#perMs)
  }

  /** Takes one if there is one, and never into debt. Answers whether there was. */
  takeOne(now: number): boolean {
    this.#fill(now)
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs)
    this.#at = now
  }
}
