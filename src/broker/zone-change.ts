import type { Zone } from '../channel/ports.ts'
import type { SessionOptions } from '../session/options.ts'
import type { ManagedSession } from './managed-session.ts'

/** Sessions between two rests: about a millisecond of work. */
const portion = 5000

/**
 * Gives sessions the limits that their zones have now; `zones` are those that have changed, by name.
 * It rests after each portion, so that the caller can let others have a turn. What waits meets other
 * limits when the next message comes. A session that is connected keeps what its connection was set
 * up with: its timers, and how many QoS 2 messages it may leave unfinished, which its client was told.
 */
export function* reconfigureSessions(
  sessions: Iterable<ManagedSession>,
  zones: ReadonlyMap<string, Zone>,
): IterableIterator<void> {
  const merged = new Map<SessionOptions, SessionOptions>()
  let count = 0
  for (const { owner, session, zone } of sessions) {
    const wanted = zones.get(zone.name)?.session
    if (wanted !== undefined && owner === undefined) session.reconfigure(wanted)
    else if (wanted !== undefined)
      session.reconfigure(connectedOptions(session.options, wanted, merged))
    if (++count % portion === 0) yield
  }
}

/** One object for all sessions that had the same one. */
function connectedOptions(
  had: SessionOptions,
  wanted: SessionOptions,
  merged: Map<SessionOptions, SessionOptions>,
): SessionOptions {
  const known = merged.get(had)
  if (known !== undefined) return known
  const { awaitingRelMax, awaitingRelTimeoutMs, retryIntervalMs } = had
  const options = { ...wanted, awaitingRelMax, awaitingRelTimeoutMs, retryIntervalMs }
  merged.set(had, options)
  return options
}
