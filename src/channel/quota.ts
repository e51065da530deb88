/**
 * The Receive Maximum that we announced: how many QoS 1 and 2 messages of the client may be
 * unfinished on this connection. [MQTT-3.3.4-7] [MQTT-4.9.0-1]
 *
 * Invariant: 0 ≤ unfinished ≤ maximum.
 */
export class ReceiveQuota {
  readonly #maximum: number
  #unfinished = 0

  constructor(maximum: number) {
    this.#maximum = maximum
  }

  get unfinished(): number {
    return this.#unfinished
  }

  /** Takes one; answers false when the client has gone past the maximum. */
  take(): boolean {
    if (this.#unfinished >= this.#maximum) return false
    this.#unfinished++
    return true
  }

  /** Gives one back: PUBACK, PUBCOMP or a PUBREC ≥ 0x80 was sent. */
  give(): void {
    if (this.#unfinished > 0) this.#unfinished--
  }
}
