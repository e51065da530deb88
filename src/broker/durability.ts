import type { OpenRequest, Zone } from '../channel/ports.ts'
import { noRecorder } from '../session/no-recorder.ts'
import type { Recorder } from '../session/ports.ts'
import type { ManagedSession } from './managed-session.ts'
import type { SessionKey, StoredSession } from './ports.ts'
import { type RecorderParts, SessionRecorder } from './session-recorder.ts'

/** What the zones promise of sessions: which of them are recorded, and which answers wait for it. */
export class Durability {
  readonly #recording: RecorderParts

  constructor(recording: RecorderParts) {
    this.#recording = recording
  }

  /** The recorder of a session that begins; one that ends with its connection leaves no trace. */
  recorderOfNew(key: SessionKey, expiryInterval: number, zone: Zone): Recorder {
    if (expiryInterval <= 0 || !this.#isRecorded(zone)) return noRecorder
    return this.#newRecorder(key, zone)
  }

  /** The recorder of a session that comes out of the store. */
  recorderOfStored({ isUnsettled, key }: StoredSession, zone: Zone): SessionRecorder {
    const recorder = new SessionRecorder(this.#recording, key, isAwaited(zone), true)
    if (isUnsettled === true) this.#recording.journal.restored(recorder)
    return recorder
  }

  /**
   * What the zone promises is another thing. Where nothing is to be recorded any more, that comes
   * true when none of its queue is only in the store; until then nobody waits for it.
   */
  change(managed: ManagedSession, zone: Zone): void {
    const { session, recorder } = managed
    const isRecorded = this.#isRecorded(zone)
    if (recorder === undefined) {
      if (isRecorded) managed.recordTo(this.#newRecorder(session, zone), noRecorder)
      return
    }
    if (isRecorded || session.hasStored) {
      recorder.isAwaited = isAwaited(zone)
      return
    }
    recorder.end()
    managed.recordTo(undefined, noRecorder)
  }

  /** Whether a CONNECT has to wait for the store. */
  isAwaitedBy(
    { expiryInterval, zone }: OpenRequest,
    existing: SessionRecorder | undefined,
  ): boolean {
    if (existing?.isAwaited === true) return true
    return isAwaited(zone) && (expiryInterval > 0 || existing !== undefined)
  }

  #isRecorded(zone: Zone): boolean {
    return zone.channel.durability !== 'none' && !this.#recording.journal.isVolatile
  }

  #newRecorder({ clientId, generation }: SessionKey, zone: Zone): SessionRecorder {
    return new SessionRecorder(this.#recording, { clientId, generation }, isAwaited(zone), false)
  }
}

/** Whether answers wait until what they say is safe. */
export function isAwaited(zone: Zone): boolean {
  return zone.channel.durability === 'commit'
}
