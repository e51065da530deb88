import type { Clock } from '../base/clock.ts'
import { type Deadlines, TimedEvent } from '../base/deadlines.ts'
import type { ManagedSession } from './managed-session.ts'

/** What happens to a session while its client is away. */
export interface AwayEvents {
  /** Its expiry interval has passed. */
  onExpired(managed: ManagedSession): void
  /** The delay of its will has passed, and the session goes on. */
  onWillDue(managed: ManagedSession): void
}

/** There may be one for each session: it takes as little memory as it can. */
class SessionExpiry extends TimedEvent {
  readonly #managed: ManagedSession
  readonly #events: AwayEvents

  constructor(at: number, managed: ManagedSession, events: AwayEvents) {
    super(at)
    this.#managed = managed
    this.#events = events
  }

  due(): void {
    this.#events.onExpired(this.#managed)
  }
}

/**
 * The sessions without an owner, the longest disconnected first, and the two deadlines that run for
 * each of them.
 *
 * Invariant: a session that is not in here has no deadline.
 */
export class AwaySessions {
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #events: AwayEvents
  readonly #sessions = new Map<string, ManagedSession>()

  constructor(clock: Clock, deadlines: Deadlines, events: AwayEvents) {
    this.#clock = clock
    this.#deadlines = deadlines
    this.#events = events
  }

  get size(): number {
    return this.#sessions.size
  }

  /** The longest disconnected first; a session may be taken out meanwhile. */
  values(): IterableIterator<ManagedSession> {
    return this.#sessions.values()
  }

  /** Takes a session in, without letting its time run yet. */
  add(managed: ManagedSession): void {
    this.#sessions.set(managed.session.clientId, managed)
  }

  /**
   * Its expiry and its will's delay run, from when its client went. A will that has no delay is due
   * at once.
   */
  startTime(managed: ManagedSession): void {
    const { expiryInterval, will } = managed
    const since = managed.disconnectedAt ?? this.#clock.now()
    if (expiryInterval < Number.POSITIVE_INFINITY) {
      const at = since + expiryInterval * 1000
      managed.expiry = new SessionExpiry(at, managed, this.#events)
      this.#deadlines.move(managed.expiry, at)
    }
    if (will === undefined || will.delay >= expiryInterval) return
    if (will.delay === 0) return this.#events.onWillDue(managed)
    const at = since + will.delay * 1000
    managed.willDue = this.#deadlines.set(at, () => this.#events.onWillDue(managed))
  }

  /** The client is back, or the session ends; harmless for a session that is not in here. */
  remove(managed: ManagedSession): void {
    this.#deadlines.cancel(managed.expiry)
    this.#deadlines.cancel(managed.willDue)
    managed.expiry = undefined
    managed.willDue = undefined
    this.#sessions.delete(managed.session.clientId)
  }
}
