import type { ConnectOptions } from '../../client/connect.ts'
import type { ClientVersion } from '../../client/fields.ts'
import { ServerError } from '../../client/reply.ts'
import { ToolClient } from '../../client/tool-client.ts'
import type { SessionAudit } from '../audit/session-audit.ts'
import type { World } from './world.ts'

export interface SessionClientOptions {
  readonly version: ClientVersion
  /** Messages of the broker that may be unfinished; MQTT 5 only. */
  readonly receiveMaximum?: number
}

/** Seconds: no session of these clients ends by itself within a run. */
const sessionExpiry = 7 * 24 * 3600

/**
 * A client whose session lasts: each time when it is opened the broker must still have that session,
 * unless it was told to begin anew.
 */
export class SessionClient extends ToolClient {
  readonly name: string
  readonly clientId: string
  protected readonly world: World
  readonly #options: SessionClientOptions
  #session: SessionAudit
  /** CONNECTs so far; `Infinity` once one was answered, from when on the session must be there. */
  #connects = 0
  #state: 'closed' | 'connecting' | 'open' = 'closed'
  #isCleanStart = false

  constructor(world: World, name: string, options: SessionClientOptions) {
    super(world.turn)
    this.world = world
    this.name = name
    this.clientId = `${world.prefix}-${name}`
    this.#options = options
    this.#session = world.ledger.beginSession(this.clientId)
  }

  get session(): SessionAudit {
    return this.#session
  }

  /** A connection is accepted, and nobody has ended it. */
  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Whether a CONNECT with clean start waits for its answer. */
  get isStartingClean(): boolean {
    return this.#isCleanStart && this.#state === 'connecting'
  }

  /** Connects, unless it is, and goes on with the session. Rejects: ServerError. */
  async open(more: Partial<ConnectOptions> = {}): Promise<void> {
    if (this.isOpen) return
    await this.closed
    if (this.world.life.isOver) throw new ServerError('the broker is gone')
    this.#connects++
    this.#isCleanStart = more.cleanStart === true
    if (this.#isCleanStart && this.#isKnown) this.session.doubt()
    this.#state = 'connecting'
    const { receiveMaximum, version } = this.#options
    await this.connect(this.world.address, {
      version,
      clientId: this.clientId,
      cleanStart: false,
      sessionExpiry,
      ...(receiveMaximum !== undefined && { receiveMaximum }),
      ...more,
    })
  }

  /** Cuts the connection. */
  async cut(): Promise<void> {
    this.#state = 'closed'
    this.destroy()
    await this.closed
  }

  /** Says good-bye. */
  async quit(): Promise<void> {
    this.#state = 'closed'
    await this.disconnect()
  }

  /** What the promise gives. Rejects: ServerError, when the connection ends first. */
  during<T>(promise: Promise<T>): Promise<T> {
    const ended = this.closed.then(() => {
      throw new ServerError(`the connection of ${this.clientId} ended`)
    })
    return Promise.race([promise, ended])
  }

  /** A clean start that was not answered turned out to have been done. */
  followSession(): void {
    this.#session = this.world.ledger.replaceSession(this.#session)
    this.onNewSession()
  }

  override onOpen(): void {
    super.onOpen()
    if (this.#isCleanStart) this.world.trap.at('cleanStart', () => this.isStartingClean)
  }

  override onConnack(isPresent: boolean, code: number, receiveMaximum: number): void {
    super.onConnack(isPresent, code, receiveMaximum)
    if (code !== 0) return
    this.#state = 'open'
    this.#compare(isPresent)
    this.#connects = Number.POSITIVE_INFINITY
    this.onAccepted()
    this.world.onServed()
    if (this.#isCleanStart) this.world.trap.at('connack')
  }

  override onEnd(because: string | undefined): void {
    this.#state = 'closed'
    super.onEnd(because)
  }

  override onLost(because: string): void {
    if (this.world.life.isOver) return
    this.world.faults.add('connection', `${this.clientId} was cut off: ${because}`)
  }

  /** A connection is accepted, and which session it has is settled. */
  protected onAccepted(): void {}

  /** The session is another one: nothing of the old one counts any more. */
  protected onNewSession(): void {}

  get #isKnown(): boolean {
    return this.#connects === Number.POSITIVE_INFINITY
  }

  /** What CONNACK says of the session must be what is known of it. [MQTT-3.2.2-2] [MQTT-3.2.2-3] */
  #compare(isPresent: boolean): void {
    const { faults, ledger } = this.world
    if (this.#isCleanStart) {
      if (isPresent) faults.add('session', `${this.clientId} got its session after a clean start`)
      ledger.endSession(this.#session)
      this.#beginAnew()
    } else if (!isPresent && this.#isKnown) {
      ledger.loseSession(this.#session)
      this.#beginAnew()
    } else if (isPresent && this.#connects === 1) {
      faults.add('session', `${this.clientId} has a session that nobody began`)
    }
  }

  #beginAnew(): void {
    const { onArrived } = this.#session
    this.#session = this.world.ledger.beginSession(this.clientId)
    this.#session.onArrived = onArrived
    this.onNewSession()
  }
}
