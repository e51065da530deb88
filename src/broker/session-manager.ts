import type { Clock } from '../base/clock.ts'
import type { Deadlines } from '../base/deadlines.ts'
import { KeyedMutex } from '../base/keyed-mutex.ts'
import type {
  ConnectionEnd,
  OpenedSession,
  OpenRequest,
  SessionOwner,
  Sessions,
  Zone,
} from '../channel/ports.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { SubscriptionOptions } from '../mqtt/subscription.ts'
import type { SessionObserver } from '../session/ports.ts'
import { Session, type Undelivered } from '../session/session.ts'
import { AwaySessions } from './away-sessions.ts'
import { Durability, isAwaited } from './durability.ts'
import type { Journal } from './journal.ts'
import { ManagedSession } from './managed-session.ts'
import type { BrokerLimits, Receiver, SessionEvents, StoredSession } from './ports.ts'
import { Remains } from './remains.ts'
import type { Router } from './router.ts'
import { SessionBounds, type SessionLimit } from './session-bounds.ts'
import type { RecorderParts } from './session-recorder.ts'
import type { Wills } from './wills.ts'

/** What the session manager works with. */
export interface SessionManagerParts {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly recording: RecorderParts
  readonly router: Router<Receiver>
  readonly wills: Wills
  readonly observer: SessionObserver
  readonly events: SessionEvents
  readonly limits: BrokerLimits
  /** Told of a session whose expiry interval has passed. */
  readonly onExpired: () => void
  /** Told of a session that ends because of a limit. */
  readonly onLimit: (clientId: string, limit: SessionLimit) => void
  /** Gives what an ended session leaves of shared subscriptions to their other members. */
  readonly redispatch: (from: string, left: readonly Undelivered[], zone: Zone) => void
}

/** Why a session is no more: another took its place, or its time or its connection ended. */
type Fate = 'discarded' | 'terminated'

/**
 * The only place where sessions begin and end.
 *
 * Invariants: 1. one session a client id, owned by one connection or by the manager.
 * 2. `#away` holds exactly the sessions without an owner. 3. a session's subscriptions are in the
 * router from the moment they are in the session until it ends.
 */
export class SessionManager implements Sessions {
  readonly #parts: SessionManagerParts
  readonly #sessions = new Map<string, ManagedSession>()
  readonly #away: AwaySessions
  readonly #bounds: SessionBounds
  readonly #remains: Remains
  readonly #durability: Durability
  readonly #lock = new KeyedMutex()
  #generation = 0
  /** Out of the store: sessions that are over, but for what they leave to others. */
  readonly #superseded: ManagedSession[] = []

  constructor(parts: SessionManagerParts) {
    this.#parts = parts
    this.#away = new AwaySessions(parts.clock, parts.deadlines, {
      onExpired: (managed) => {
        parts.onExpired()
        this.#finish(managed, 'terminated')
      },
      onWillDue: (managed) => this.#onWillDue(managed),
    })
    this.#bounds = new SessionBounds({
      clock: parts.clock,
      limits: parts.limits,
      queued: parts.observer.queued,
      away: this.#away,
      onLimit: parts.onLimit,
      end: (managed) => this.#finish(managed, 'terminated'),
    })
    this.#remains = new Remains(parts.redispatch)
    this.#durability = new Durability(parts.recording)
  }

  get #journal(): Journal {
    return this.#parts.recording.journal
  }

  /** Sessions, connected or not. */
  get count(): number {
    return this.#sessions.size
  }

  get connectedCount(): number {
    return this.#sessions.size - this.#away.size
  }

  has(clientId: string): boolean {
    return this.#sessions.has(clientId)
  }

  lookup(clientId: string): ManagedSession | undefined {
    return this.#sessions.get(clientId)
  }

  list(): IterableIterator<ManagedSession> {
    return this.#sessions.values()
  }

  /**
   * Gives the client its session: the one it has, or a new one. Another connection that owns it
   * ends (0x8E). Refuses: QuotaExceeded. [MQTT-3.1.2-4…6] [MQTT-3.1.4-3]
   */
  open(request: OpenRequest): Promise<OpenedSession | Refusal> {
    return this.#lock.run(request.clientId, () => this.#open(request))
  }

  #open(request: OpenRequest): OpenedSession | Refusal {
    const journal = this.#journal
    const changesBefore = journal.awaitedChanges
    const existing = this.#sessions.get(request.clientId)
    if (journal.isFailing && this.#durability.isAwaitedBy(request, existing?.recorder)) {
      return new Refusal(ReasonCode.ServerUnavailable, 'the store fails, so no session can be kept')
    }
    const takenFrom = existing?.owner
    // A session that ends with its connection has ended when another one takes its place.
    const goesOn = existing !== undefined && !request.cleanStart && existing.expiryInterval > 0
    if (takenFrom !== undefined) this.#takeOver(existing as ManagedSession, takenFrom, goesOn)
    if (existing !== undefined && !goesOn) {
      // The one who comes is answered when the end of what was there is safe.
      if (existing.recorder !== undefined) existing.recorder.isAwaited ||= isAwaited(request.zone)
      this.#finish(existing, request.cleanStart ? 'discarded' : 'terminated')
    }
    if (!goesOn && !this.#bounds.makeRoom(this.#sessions.size)) {
      return new Refusal(ReasonCode.QuotaExceeded, 'the broker has as many sessions as it may')
    }
    const managed = goesOn ? existing : this.#create(request)
    if (goesOn) this.#resume(managed, request.zone)
    this.#connect(managed, request)
    const batch = journal.awaitedChanges > changesBefore ? journal.openBatch : 0
    this.#tellOpened(managed.session, goesOn, takenFrom !== undefined)
    return { session: managed.session, isPresent: goesOn, batch }
  }

  /**
   * The connection is over: the session waits for its client, or ends. [MQTT-3.1.2-10]
   */
  close(clientId: string, owner: SessionOwner, end: ConnectionEnd): void {
    const managed = this.#sessions.get(clientId)
    if (managed === undefined || managed.owner !== owner) return
    if (end.expiryInterval !== undefined) managed.expiryInterval = end.expiryInterval
    if (!end.publishWill) managed.will = undefined
    this.#release(managed)
  }

  /** Disconnects the client (0x98) and keeps its session as agreed. Answers whether it was connected. */
  kick(clientId: string): boolean {
    const managed = this.#sessions.get(clientId)
    const owner = managed?.owner
    if (managed === undefined || owner === undefined) return false
    if (!owner.isAccepted) managed.will = undefined
    this.#release(managed)
    owner.evict(ReasonCode.AdministrativeAction, 'kicked by the operator')
    return true
  }

  /** Disconnects the client and drops everything of it. Answers whether there was anything. */
  destroy(clientId: string): boolean {
    const managed = this.#sessions.get(clientId)
    if (managed === undefined) return false
    const { owner } = managed
    managed.owner = undefined
    this.#finish(managed, 'terminated')
    owner?.evict(ReasonCode.AdministrativeAction, 'its session was dropped by the operator')
    return true
  }

  /**
   * The process is about to end: the wills of connected clients are published, whatever their delay,
   * while the others still get them; with a volatile store, where no session outlives the process,
   * also those that wait for their delay.
   */
  publishWills(): void {
    for (const managed of this.#sessions.values()) {
      const isDue = managed.owner?.isAccepted ?? this.#journal.isVolatile
      if (managed.will === undefined || !isDue) continue
      this.#onWillDue(managed)
    }
  }

  subscribe(session: Session, filter: string, options: SubscriptionOptions): boolean | Refusal {
    const isNew = session.subscribe(filter, options)
    if (isNew instanceof Refusal) return isNew
    this.#parts.router.subscribe(session, filter, options)
    this.#parts.events.sessionSubscribed?.(session, filter, options, isNew)
    return isNew
  }

  unsubscribe(session: Session, filter: string): boolean {
    if (session.unsubscribe(filter) === undefined) return false
    this.#parts.router.unsubscribe(session, filter)
    this.#parts.events.sessionUnsubscribed?.(session, filter)
    return true
  }

  /** Ends sessions that nobody comes back for until the queues are within their limit again. */
  relieve(): void {
    this.#bounds.relieve()
  }

  /** Sessions begin with higher generations: up to this one they may have been used before. */
  beginAbove(generation: number): void {
    this.#generation = Math.max(this.#generation, generation)
  }

  /**
   * Takes in a session from the store; `startAway` follows when all of them are back. One that a
   * newer session of the same client has followed is over, but for what it leaves to others.
   */
  restore(stored: StoredSession, zone: Zone): void {
    const { observer, router } = this.#parts
    const { key, state } = stored
    this.beginAbove(key.generation)
    const recorder = this.#durability.recorderOfStored(stored, zone)
    const session = Session.restore(stored.snapshot, zone.session, recorder, observer)
    const managed = new ManagedSession(session, zone)
    managed.username = state.username
    managed.expiryInterval = state.expiryInterval
    managed.will = state.will
    this.#setAwaySince(managed, state.disconnectedAt)
    managed.isOver = state.isOver
    const other = this.#sessions.get(session.clientId)
    if (state.isOver || (other !== undefined && other.session.generation > key.generation)) {
      this.#superseded.push(managed)
      return
    }
    if (other !== undefined) {
      this.#forget(other)
      this.#superseded.push(other)
    }
    this.#sessions.set(session.clientId, managed)
    for (const [filter, options] of stored.snapshot.subscriptions) {
      router.subscribe(session, filter, options)
    }
    this.#away.add(managed)
  }

  /**
   * The clients of restored sessions that were connected when the process ended count as
   * disconnected from now on. A will that is due is published now, when everybody is back who wants
   * it, and what has expired meanwhile ends.
   */
  startAway(): void {
    for (const managed of this.#superseded.splice(0)) this.#remains.leave(managed)
    for (const managed of this.#away.values()) this.#putAway(managed)
  }

  /**
   * The will of a connection that is taken over: 3.x always publishes it, MQTT 5 when it has no
   * delay or its session ends; else the client is back before it was due. [MQTT-3.1.4-3] [MQTT-3.1.3-9]
   */
  #takeOver(managed: ManagedSession, owner: SessionOwner, goesOn: boolean): void {
    const { clock, wills } = this.#parts
    managed.owner = undefined
    managed.session.detach(clock.now())
    const will = owner.isAccepted ? managed.will : undefined
    managed.will = undefined
    owner.evict(ReasonCode.SessionTakenOver, 'another connection has the same client id')
    const isDue = owner.protocolVersion < 5 || will?.delay === 0 || !goesOn
    if (will !== undefined && isDue) wills.publish(managed.session.clientId, will, managed.zone)
  }

  #create(request: OpenRequest): ManagedSession {
    const { clock, observer } = this.#parts
    const { clientId, zone } = request
    const generation = ++this.#generation
    const session = new Session(
      clientId,
      generation,
      zone.session,
      this.#durability.recorderOfNew({ clientId, generation }, request.expiryInterval, zone),
      observer,
      clock.wallMs(),
    )
    const managed = new ManagedSession(session, zone)
    this.#sessions.set(clientId, managed)
    return managed
  }

  /** The client is back: its deadlines and a will that was not due yet are gone. [MQTT-3.1.3-9] */
  #resume(managed: ManagedSession, zone: Zone): void {
    this.#away.remove(managed)
    managed.session.reconfigure(zone.session)
    this.#durability.change(managed, zone)
    managed.zone = zone
    managed.disconnectedAtWallMs = undefined
    managed.disconnectedAt = undefined
  }

  /** The session belongs to a connection from here on, and what that settles is recorded. */
  #connect(managed: ManagedSession, request: OpenRequest): void {
    managed.owner = request.owner
    managed.username = request.username
    managed.expiryInterval = request.expiryInterval
    managed.will = request.will
    managed.connectedAtWallMs = this.#parts.clock.wallMs()
    managed.recorder?.state()
  }

  /** Last of all, so that nothing is half done should a listener throw. */
  #tellOpened(session: Session, goesOn: boolean, isTakenOver: boolean): void {
    const { events } = this.#parts
    if (!goesOn) return events.sessionCreated?.(session)
    if (isTakenOver) events.sessionTakenover?.(session)
    events.sessionResumed?.(session)
  }

  /** Takes the session from its connection: will and expiry begin to run. */
  #release(managed: ManagedSession): void {
    managed.owner = undefined
    managed.session.detach(this.#parts.clock.now())
    this.#setAwaySince(managed, undefined)
    this.#putAway(managed)
  }

  /** Its client is away since then, or from now on. */
  #setAwaySince(managed: ManagedSession, disconnectedAt: number | undefined): void {
    const { clock } = this.#parts
    const now = clock.now()
    managed.disconnectedAt = disconnectedAt ?? now
    managed.disconnectedAtWallMs = clock.wallMs() - (now - managed.disconnectedAt)
    if (disconnectedAt === undefined) managed.recorder?.state()
  }

  #putAway(managed: ManagedSession): void {
    if (managed.expiryInterval <= 0) return this.#finish(managed, 'terminated')
    this.#away.add(managed)
    this.#away.startTime(managed)
  }

  /** The session goes on without its will. */
  #onWillDue(managed: ManagedSession): void {
    this.#publishWill(managed)
    managed.recorder?.state()
  }

  #publishWill(managed: ManagedSession): void {
    const { will } = managed
    if (will === undefined) return
    managed.will = undefined
    this.#parts.wills.publish(managed.session.clientId, will, managed.zone)
  }

  /** The end of a session; its will is published if it still has one. [MQTT-3.1.2-8] [MQTT-3.1.3-9] */
  #finish(managed: ManagedSession, fate: Fate): void {
    const { clock, events } = this.#parts
    const { session } = managed
    this.#forget(managed)
    if (session.isConnected) session.detach(clock.now())
    this.#remains.leave(managed)
    this.#publishWill(managed)
    if (fate === 'discarded') events.sessionDiscarded?.(session)
    else events.sessionTerminated?.(session)
  }

  /** Nobody finds the session any more. */
  #forget(managed: ManagedSession): void {
    const { session } = managed
    this.#away.remove(managed)
    this.#sessions.delete(session.clientId)
    for (const filter of session.subscriptions.keys())
      this.#parts.router.unsubscribe(session, filter)
  }
}
