import { LatencyHistogram } from './latency-histogram.ts'
import { rest } from './rest.ts'

/** Messages that one turn may catch up with, so that answers are read in between. */
const perTurnMax = 1000

/**
 * The schedule of an open loop: message k is due at k / rate, whatever the broker does. It neither
 * sleeps in timers, which know only whole milliseconds, nor spins: it rests between looks.
 */
export class Pacer {
  readonly #perSecond: number
  readonly #send: (index: number, dueMs: number) => boolean
  readonly #restMs: number
  /** How late messages were sent, in µs: what the generator itself adds to their latency. */
  readonly lateUs = new LatencyHistogram()
  isMeasuring = false
  #startMs = 0
  #index = 0
  #state: 'idle' | 'running' | 'stopped' = 'idle'

  /** `send` answers false when it cannot: it is asked again, for the same message. */
  constructor(perSecond: number, restMs: number, send: (index: number, dueMs: number) => boolean) {
    this.#perSecond = perSecond
    this.#restMs = restMs
    this.#send = send
  }

  start(): void {
    this.#state = 'running'
    this.#startMs = performance.now()
    setImmediate(() => this.#turn())
  }

  stop(): void {
    this.#state = 'stopped'
  }

  #turn(): void {
    if (this.#state !== 'running') return
    const now = performance.now()
    let sent = 0
    while (sent < perTurnMax && this.#dueMs <= now && this.#send(this.#index, this.#dueMs)) {
      if (this.isMeasuring) this.lateUs.add((now - this.#dueMs) * 1000)
      this.#index++
      sent++
    }
    if (sent === 0) rest(Math.min(this.#restMs, this.#dueMs - now))
    setImmediate(() => this.#turn())
  }

  get #dueMs(): number {
    return this.#startMs + (this.#index * 1000) / this.#perSecond
  }
}
