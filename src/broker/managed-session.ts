import type { Deadline } from '../base/deadlines.ts'
import type { SessionOwner, Zone } from '../channel/ports.ts'
import type { WillPacket } from '../mqtt/packets.ts'
import type { Session } from '../session/session.ts'
import { SessionRecorder } from './session-recorder.ts'

/** A session with what the manager knows of it: who owns it, when it ends, what its last will is. */
export class ManagedSession {
  readonly session: Session
  #owner: SessionOwner | undefined
  zone: Zone
  username: string | undefined
  /** Seconds; `Infinity` never ends. */
  expiryInterval = 0
  will: WillPacket | undefined
  /** Set while the client is away: when the session ends, when the will is published. */
  expiry: Deadline | undefined
  willDue: Deadline | undefined
  /** Milliseconds since 1970, for people. */
  connectedAtWallMs: number | undefined
  disconnectedAtWallMs: number | undefined

  constructor(session: Session, zone: Zone) {
    this.session = session
    this.zone = zone
  }

  /** The connection that owns it; undefined while the client is away and the manager owns it. */
  get owner(): SessionOwner | undefined {
    return this.#owner
  }

  set owner(owner: SessionOwner | undefined) {
    this.#owner = owner
    const { recorder } = this.session
    if (recorder instanceof SessionRecorder) recorder.owner = owner
  }
}
