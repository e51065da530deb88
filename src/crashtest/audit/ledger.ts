import type { Faults } from './faults.ts'
import { type Candidate, Message } from './message.ts'
import { SessionAudit } from './session-audit.ts'
import { Tally } from './tally.ts'

/**
 * Who sent what, who is owed it, and who got it. A message is owed to a session when it has been
 * acknowledged to its publisher and a subscription that was acknowledged matched it all the while
 * from its first PUBLISH to that acknowledgement. The debt ends with the arrival and with the
 * session, and with nothing else: the broker is told to drop nothing.
 *
 * Time is counted in ticks, so that what came before what is never a question of clocks.
 */
export class Ledger {
  readonly faults: Faults
  readonly tally = new Tally()
  readonly #sessions = new Set<SessionAudit>()
  readonly #messages: Message[] = []
  #tick = 0
  /**
   * Everything that the broker knew of at this tick is safe: a message was sent then that it wrote
   * down before it acknowledged it, and it writes in order.
   */
  safeTick = 0

  constructor(faults: Faults) {
    this.faults = faults
  }

  nextTick(): number {
    return ++this.#tick
  }

  get messageCount(): number {
    return this.#messages.length
  }

  /** Messages that came to nobody yet of those they are owed to, counted once for each. */
  get debts(): number {
    let debts = 0
    for (const session of this.#sessions) if (!session.isDoubtful) debts += session.owed.size
    return debts
  }

  compose(publisher: string, topic: string, qos: 1 | 2, size: number, isRetained = false): Message {
    const number = this.#messages.length
    const message = new Message(number, publisher, topic, qos, size, isRetained)
    this.#messages.push(message)
    return message
  }

  message(number: number): Message | undefined {
    return this.#messages[number]
  }

  /** The broker was started anew. */
  newLife(): void {
    for (const session of this.#sessions) session.newLife()
  }

  /** Its PUBLISH is about to leave, for the first time or again. */
  sending(message: Message): void {
    message.sends++
    this.tally.sent(message)
    if (message.sends > 1) return
    message.sentAt = this.nextTick()
    const candidates: Candidate[] = []
    for (const session of this.#sessions) {
      const subscription = session.isDoubtful
        ? undefined
        : session.subscriptions.sure(message.topic)
      if (subscription !== undefined && subscription.qos > 0) {
        candidates.push({ session, subscription })
      }
    }
    message.candidates = candidates
  }

  /** PUBACK or PUBREC came for the first time, and it was no refusal. */
  acknowledged(message: Message): void {
    message.acknowledgedAt = this.nextTick()
    message.acknowledgedInLife = this.faults.life
    this.tally.acknowledged(message)
    if (message.candidates.length > 0) this.safeTick = Math.max(this.safeTick, message.sentAt)
    for (const { session, subscription } of message.candidates) {
      const isOwed =
        session.state === 'here' && !session.isDoubtful && subscription.state === 'sure'
      if (isOwed && !session.has(message)) session.owed.set(message.number, message)
    }
    message.forgetCandidates()
  }

  beginSession(clientId: string): SessionAudit {
    const session = new SessionAudit(clientId, this)
    this.#sessions.add(session)
    return session
  }

  /** A session is over as agreed: nothing is owed to it any more. */
  endSession(session: SessionAudit): void {
    session.state = 'over'
    session.owed.clear()
    this.#sessions.delete(session)
  }

  /** What a doubtful session is followed by when its clean start turned out to have been done. */
  replaceSession(session: SessionAudit): SessionAudit {
    const next = this.beginSession(session.clientId)
    next.subscriptions = session.subscriptions.since(session.doubtfulSince)
    next.onArrived = session.onArrived
    this.endSession(session)
    return next
  }

  /** A session is gone that should be there, and with it whatever it was owed. */
  loseSession(session: SessionAudit): void {
    this.faults.add('session', `the session of ${session.clientId} is gone`)
    if (!session.isDoubtful) this.#lose(session, 'its session was gone')
    this.endSession(session)
  }

  /** Everything is at rest: what has not come by now never will. Answers how much that is. */
  audit(): number {
    const debts = this.debts
    for (const session of this.#sessions) {
      if (!session.isDoubtful) this.#lose(session, 'it had all the time to come')
      session.subscriptions.forgetEnded()
    }
    return debts
  }

  /** The same for one session. */
  auditSession(session: SessionAudit): void {
    this.#lose(session, 'it had all the time to come')
  }

  #lose(session: SessionAudit, because: string): void {
    for (const message of session.owed.values()) {
      const { acknowledgedInLife, number, publisher, qos, topic } = message
      const lost = { publisher, topic, number, qos, session: session.clientId, acknowledgedInLife }
      this.faults.addLost(lost, because)
    }
    session.owed.clear()
  }
}
