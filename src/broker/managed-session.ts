import type { TimedEvent } from '../base/deadlines.ts'
import type { SessionOwner, Zone } from '../channel/ports.ts'
import type { WillPacket } from '../mqtt/packets.ts'
import type { Session } from '../session/session.ts'
import type { SessionState } from './ports.ts'
import { type RecordedSession, SessionRecorder } from './session-recorder.ts'

/** A session with what the manager knows of it: who owns it, when it ends, what its last will is. */
export class ManagedSession implements RecordedSession {
  readonly session: Session
  #owner: SessionOwner | undefined
  zone: Zone
  username: string | undefined
  /** Seconds; `Infinity` never ends. */
  expiryInterval = 0
  will: WillPacket | undefined
  /** Set while the client is away: when the session ends, when the will is published. */
  expiry: TimedEvent | undefined
  willDue: TimedEvent | undefined
  /** Milliseconds since 1970, for people. */
  connectedAtWallMs: number | undefined
  disconnectedAtWallMs: number | undefined
  /** Monotonic ms since when the client is away. */
  disconnectedAt: number | undefined
  /** Nobody finds it any more; the store keeps it for what it leaves to others. */
  isOver = false

  constructor(session: Session, zone: Zone) {
    this.session = session
    this.zone = zone
    this.recorder?.belongsTo(this)
  }

  /** The connection that owns it; undefined while the client is away and the manager owns it. */
  get owner(): SessionOwner | undefined {
    return this.#owner
  }

  set owner(owner: SessionOwner | undefined) {
    this.#owner = owner
    const { recorder } = this
    if (recorder !== undefined) recorder.owner = owner
  }

  /** Where its changes are taken down; undefined when it is not durable. */
  get recorder(): SessionRecorder | undefined {
    const { recorder } = this.session
    return recorder instanceof SessionRecorder ? recorder : undefined
  }

  /** What the store is to know besides what is in the session. */
  get state(): SessionState {
    return {
      username: this.username,
      zone: this.zone.name,
      expiryInterval: this.expiryInterval,
      will: this.will,
      createdAtWallMs: this.session.createdAtWallMs,
      disconnectedAt: this.disconnectedAt,
      isOver: this.isOver,
    }
  }

  /** From here on its changes go to another recorder, or nowhere. */
  recordTo(recorder: SessionRecorder | undefined, none: Session['recorder']): void {
    this.session.recordTo(recorder ?? none)
    if (recorder === undefined) return
    recorder.belongsTo(this)
    recorder.owner = this.#owner
  }
}
