/**
 * How long a client has been away, as its broker counts: from the moment when its connection ended,
 * or, where it was connected at a kill, from the broker's next start. What is not safe when the broker
 * is killed has not happened, so there may be a span of moments. They are monotonic ms; ticks are the
 * ledger's.
 */
export class Absence {
  readonly earliestMs: number
  /** `Infinity` until the broker is up again. */
  latestMs: number
  /** Whether it outlives a kill. */
  isSafe = false
  /** The broker surely knew of it then. */
  #knownAt = Number.POSITIVE_INFINITY

  /** `isByKill`: the broker was killed while the client was connected. */
  constructor(nowMs: number, isByKill: boolean) {
    this.earliestMs = nowMs
    this.latestMs = isByKill ? Number.POSITIVE_INFINITY : nowMs
  }

  known(tick: number): void {
    this.#knownAt = tick
  }

  /** `safeTick`: everything that the broker knew of at that tick was safe. */
  onKilled(safeTick: number): void {
    this.isSafe ||= safeTick > this.#knownAt
    if (!this.isSafe) this.latestMs = Number.POSITIVE_INFINITY
  }

  /** The broker has begun to count, where it had to begin anew. */
  onListening(nowMs: number, tick: number): void {
    if (this.latestMs < Number.POSITIVE_INFINITY) return
    this.latestMs = nowMs
    this.#knownAt = tick
  }
}
