import type { Zone } from '../channel/ports.ts'
import type { Undelivered } from '../session/session.ts'
import type { ManagedSession } from './managed-session.ts'

/**
 * What ended sessions leave of shared subscriptions to their other members. [MQTT-4.8.2-5] What is in
 * memory moves at once. What is only in the store is read page by page, and each page leaves the
 * ended session in the batch in which others get it; until then the session stays in the store,
 * where it counts as over, so that a restart goes on with it.
 */
export class Remains {
  readonly #redispatch: (from: string, left: readonly Undelivered[], zone: Zone) => void

  constructor(redispatch: (from: string, left: readonly Undelivered[], zone: Zone) => void) {
    this.#redispatch = redispatch
  }

  /** The session is over, and nobody uses it any more. */
  leave(managed: ManagedSession): void {
    const { recorder, session } = managed
    if (recorder !== undefined) recorder.owner = { onCommitted: () => this.#goOn(managed) }
    this.#redispatch(session.clientId, session.drain(), managed.zone)
    this.#endIfEmpty(managed)
  }

  /** A page has come. */
  #goOn(managed: ManagedSession): void {
    const { session } = managed
    this.#redispatch(session.clientId, session.drainOn(), managed.zone)
    this.#endIfEmpty(managed)
  }

  #endIfEmpty(managed: ManagedSession): void {
    const { recorder, session } = managed
    if (recorder === undefined) return session.clear()
    if (session.hasStored) {
      if (!managed.isOver) recorder.state()
      managed.isOver = true
      return
    }
    session.clear()
    recorder.end()
    recorder.owner = undefined
  }
}
