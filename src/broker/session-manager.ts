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
import { noRecorder } from '../session/no-recorder.ts'
import type { Recorder, SessionObserver } from '../session/ports.ts'
import { Session } from '../session/session.ts'
import { AwaySessions } from './away-sessions.ts'
import type { Journal } from './journal.ts'
import { ManagedSession } from './managed-session.ts'
import type {
  BrokerLimits,
  SessionEvents,
  SessionKey,
  SessionState,
  StoredSession,
} from './ports.ts'
import type { Router } from './router.ts'
import { SessionRecorder } from './session-recorder.ts'
import type { Wills } from './wills.ts'

/** What the session manager works with. */
export interface SessionManagerParts {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly journal: Journal
  readonly router: Router<Session>
  readonly wills: Wills
  readonly observer: SessionObserver
  readonly events: SessionEvents
  readonly limits: BrokerLimits
  /** Told of a session that ends because of a limit. */
  readonly onLimit: (clientId: string, limit: SessionLimit) => void
  /** Gives what an ended session leaves of shared subscriptions to their other members. */
  readonly redispatch: (session: Session, zone: Zone) => void
}

/** A limit for all sessions together, by its key in the configuration. */
export type SessionLimit = 'max_sessions' | 'max_queued_bytes'

/** How long queues stay over their limit, where ending sessions does not help, before we look again. */
const relieveAgainMs = 1000

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
  readonly #lock = new KeyedMutex()
  #generation = 0
  #relieveAt = Number.NEGATIVE_INFINITY

  constructor(parts: SessionManagerParts) {
    this.#parts = parts
    this.#away = new AwaySessions(parts.clock, parts.deadlines, {
      onExpired: (managed) => this.#finish(managed, 'terminated'),
      onWillDue: (managed) => this.#onWillDue(managed),
    })
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
    const { journal } = this.#parts
    const recordsBefore = journal.openSize
    const existing = this.#sessions.get(request.clientId)
    const takenFrom = existing?.owner
    // A session that ends with its connection has ended when another one takes its place.
    const goesOn = existing !== undefined && !request.cleanStart && existing.expiryInterval > 0
    if (takenFrom !== undefined) this.#takeOver(existing as ManagedSession, takenFrom, goesOn)
    if (existing !== undefined && !goesOn) {
      this.#finish(existing, request.cleanStart ? 'discarded' : 'terminated')
    }
    if (!goesOn && !this.#makeRoom()) {
      return new Refusal(ReasonCode.QuotaExceeded, 'the broker has as many sessions as it may')
    }
    const managed = goesOn ? existing : this.#create(request)
    if (goesOn) this.#resume(managed, request.zone)
    this.#connect(managed, request, goesOn)
    const batch = journal.openSize > recordsBefore ? journal.openBatch : 0
    this.#tellOpened(managed.session, goesOn, takenFrom !== undefined)
    return { session: managed.session, isPresent: goesOn, batch }
  }

  /**
   * The connection is over: the session waits for its client, or ends. What DISCONNECT changed of it
   * is recorded, so that no restart revives the will. [MQTT-3.1.2-10]
   */
  close(clientId: string, owner: SessionOwner, end: ConnectionEnd): void {
    const managed = this.#sessions.get(clientId)
    if (managed === undefined || managed.owner !== owner) return
    const { expiryInterval, will } = managed
    if (end.expiryInterval !== undefined) managed.expiryInterval = end.expiryInterval
    if (!end.publishWill) managed.will = undefined
    if (managed.will !== will || managed.expiryInterval !== expiryInterval) {
      this.#recordState(managed)
    }
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
      const isDue = managed.owner?.isAccepted ?? this.#parts.journal.isVolatile
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

  /**
   * Ends the longest-disconnected sessions that have a queue until the queues are within their limit
   * again. Where that is not enough the rest belongs to clients that are connected, whose own limits
   * hold; for a second then it does nothing.
   */
  relieve(): void {
    const { clock, limits, observer, onLimit } = this.#parts
    const now = clock.now()
    if (now < this.#relieveAt) return
    // What an ended session leaves, and its will, may bring us here again: only the first one acts.
    this.#relieveAt = Number.POSITIVE_INFINITY
    for (const managed of this.#away.values()) {
      if (observer.queued.bytes <= limits.queuedBytesMax) break
      const { clientId, queuedBytes } = managed.session
      if (queuedBytes === 0) continue
      onLimit(clientId, 'max_queued_bytes')
      this.#finish(managed, 'terminated')
    }
    const isEnough = observer.queued.bytes <= limits.queuedBytesMax
    this.#relieveAt = isEnough ? Number.NEGATIVE_INFINITY : now + relieveAgainMs
  }

  /** Takes in a session from the store; `startAway` follows when all of them are back. */
  restore(stored: StoredSession, zone: Zone): void {
    const { clock, observer, router } = this.#parts
    this.#generation = Math.max(this.#generation, stored.key.generation)
    const recorder = new SessionRecorder(this.#parts.journal, stored.key)
    const session = Session.restore(stored.snapshot, zone.session, recorder, observer)
    const managed = new ManagedSession(session, zone)
    managed.username = stored.state.username
    managed.expiryInterval = stored.state.expiryInterval
    managed.will = stored.state.will
    managed.disconnectedAtWallMs = clock.wallMs()
    this.#sessions.set(session.clientId, managed)
    for (const [filter, options] of session.subscriptions)
      router.subscribe(session, filter, options)
    this.#away.add(managed)
  }

  /**
   * The clients of all restored sessions count as disconnected from now on. A will that has no delay
   * is published now, when everybody is back who wants it.
   */
  startAway(): void {
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
    const recorder = this.#recorderFor(request, { clientId, generation })
    const session = new Session(
      clientId,
      generation,
      zone.session,
      recorder,
      observer,
      clock.wallMs(),
    )
    const managed = new ManagedSession(session, zone)
    this.#sessions.set(clientId, managed)
    return managed
  }

  #recorderFor(request: OpenRequest, key: SessionKey): Recorder {
    const { journal } = this.#parts
    const leavesTrace = request.expiryInterval > 0 && request.zone.channel.durability !== 'none'
    return leavesTrace && !journal.isVolatile ? new SessionRecorder(journal, key) : noRecorder
  }

  /** The client is back: its deadlines and a will that was not due yet are gone. [MQTT-3.1.3-9] */
  #resume(managed: ManagedSession, zone: Zone): void {
    this.#away.remove(managed)
    managed.session.reconfigure(zone.session)
    this.#changeDurability(managed, zone)
    managed.zone = zone
    managed.disconnectedAtWallMs = undefined
  }

  #changeDurability(managed: ManagedSession, zone: Zone): void {
    const { journal } = this.#parts
    const { session } = managed
    const isWanted = zone.channel.durability !== 'none' && !journal.isVolatile
    if (isWanted === session.isDurable) return
    if (!isWanted) {
      journal.batch.sessionEnded(session)
      return session.recordTo(noRecorder)
    }
    const key = { clientId: session.clientId, generation: session.generation }
    journal.batch.sessionBegan(key, stateOf(managed))
    journal.batch.sessionSnapshot(key, session.snapshot())
    session.recordTo(new SessionRecorder(journal, key))
  }

  /** The session belongs to a connection from here on, and what that settles is recorded. */
  #connect(managed: ManagedSession, request: OpenRequest, goesOn: boolean): void {
    const { session } = managed
    managed.owner = request.owner
    managed.username = request.username
    managed.expiryInterval = request.expiryInterval
    managed.will = request.will
    managed.connectedAtWallMs = this.#parts.clock.wallMs()
    if (goesOn) return this.#recordState(managed)
    if (session.isDurable) this.#parts.journal.batch.sessionBegan(session, stateOf(managed))
  }

  #recordState(managed: ManagedSession): void {
    const { session } = managed
    if (session.isDurable) this.#parts.journal.batch.sessionChanged(session, stateOf(managed))
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
    const { clock } = this.#parts
    managed.owner = undefined
    managed.disconnectedAtWallMs = clock.wallMs()
    managed.session.detach(clock.now())
    this.#putAway(managed)
  }

  #putAway(managed: ManagedSession): void {
    if (managed.expiryInterval <= 0) return this.#finish(managed, 'terminated')
    this.#away.add(managed)
    this.#away.startTime(managed)
  }

  /** The session goes on without its will. */
  #onWillDue(managed: ManagedSession): void {
    this.#publishWill(managed)
    this.#recordState(managed)
  }

  #publishWill(managed: ManagedSession): void {
    const { will } = managed
    if (will === undefined) return
    managed.will = undefined
    this.#parts.wills.publish(managed.session.clientId, will, managed.zone)
  }

  /** The end of a session; its will is published if it still has one. [MQTT-3.1.2-8] [MQTT-3.1.3-9] */
  #finish(managed: ManagedSession, fate: Fate): void {
    const { clock, events, journal, redispatch, router } = this.#parts
    const { session } = managed
    this.#away.remove(managed)
    this.#sessions.delete(session.clientId)
    if (session.isConnected) session.detach(clock.now())
    for (const filter of session.subscriptions.keys()) router.unsubscribe(session, filter)
    redispatch(session, managed.zone)
    if (session.isDurable) journal.batch.sessionEnded(session)
    this.#publishWill(managed)
    if (fate === 'discarded') events.sessionDiscarded?.(session)
    else events.sessionTerminated?.(session)
  }

  /** At the limit the longest-disconnected session ends. Answers false when all are connected. */
  #makeRoom(): boolean {
    const { limits, onLimit } = this.#parts
    if (this.#sessions.size < limits.sessionsMax) return true
    for (const managed of this.#away.values()) {
      onLimit(managed.session.clientId, 'max_sessions')
      this.#finish(managed, 'terminated')
      return true
    }
    return false
  }
}

function stateOf(managed: ManagedSession): SessionState {
  return {
    username: managed.username,
    zone: managed.zone.name,
    expiryInterval: managed.expiryInterval,
    will: managed.will,
    createdAtWallMs: managed.session.createdAtWallMs,
  }
}
