import type { Clock } from '../base/clock.ts'
import type { QueueAccount } from '../session/ports.ts'
import type { AwaySessions } from './away-sessions.ts'
import type { ManagedSession } from './managed-session.ts'
import type { BrokerLimits } from './ports.ts'

/** A limit for all sessions together, by its key in the configuration. */
export type SessionLimit = 'max_sessions' | 'max_queued_bytes'

/** How long queues stay over their limit, where ending sessions does not help, before we look again. */
const relieveAgainMs = 1000

/** What the bounds of all sessions are held with. */
export interface BoundsParts {
  readonly clock: Clock
  readonly limits: BrokerLimits
  /** What waits in all sessions. */
  readonly queued: QueueAccount
  readonly away: AwaySessions
  /** Told of a session that ends because of a limit. */
  readonly onLimit: (clientId: string, limit: SessionLimit) => void
  readonly end: (managed: ManagedSession) => void
}

/** Ends the sessions that nobody comes back for, the longest disconnected first, when a limit is met. */
export class SessionBounds {
  readonly #parts: BoundsParts
  #relieveAt = Number.NEGATIVE_INFINITY

  constructor(parts: BoundsParts) {
    this.#parts = parts
  }

  /** Makes room for one more than `count` sessions. Answers false when all are connected. */
  makeRoom(count: number): boolean {
    const { away, limits } = this.#parts
    if (count < limits.sessionsMax) return true
    for (const managed of away.values()) {
      this.#end(managed, 'max_sessions')
      return true
    }
    return false
  }

  /**
   * Ends sessions that have a queue until the queues are within their limit again. Where that is not
   * enough the rest belongs to clients that are connected, whose own limits hold; for a second then
   * it does nothing.
   */
  relieve(): void {
    const { away, clock, limits, queued } = this.#parts
    const now = clock.now()
    if (now < this.#relieveAt) return
    // What an ended session leaves, and its will, may bring us here again: only the first one acts.
    this.#relieveAt = Number.POSITIVE_INFINITY
    for (const managed of away.values()) {
      if (queued.bytes <= limits.queuedBytesMax) break
      if (managed.session.queuedBytes > 0) this.#end(managed, 'max_queued_bytes')
    }
    const isEnough = queued.bytes <= limits.queuedBytesMax
    this.#relieveAt = isEnough ? Number.NEGATIVE_INFINITY : now + relieveAgainMs
  }

  #end(managed: ManagedSession, limit: SessionLimit): void {
    const { end, onLimit } = this.#parts
    onLimit(managed.session.clientId, limit)
    end(managed)
  }
}
