import type { QoS } from '../../src/mqtt/subscription.ts'
import type { ClientSession, ModelSubscription } from './client-session.ts'
import { Groups } from './groups.ts'
import { matches } from './matches.ts'
import { SentMessage } from './sent-message.ts'
import { Violation } from './trace.ts'

/** A PUBLISH that reached an application. */
export interface Arrival {
  readonly topic: string
  readonly payload: string
  readonly qos: QoS
  readonly dup: boolean
  readonly retain: boolean
}

/**
 * Who sent what, who must get it, and who got it. A message is owed to a session when it has been
 * acknowledged to its publisher and a subscription matched it that surely existed all the while
 * between the first PUBLISH and the acknowledgement. The debt ends with the delivery, with a drop
 * that the broker told, and with the session.
 */
export class Ledger {
  readonly groups = new Groups()
  readonly #sessions = new Set<ClientSession>()
  readonly #messages: SentMessage[] = []
  readonly #droppedFor = new Map<string, Map<number, string>>()
  readonly #now: () => number
  readonly #mayDropFull: boolean
  crashes = 0
  arrivals = 0

  /** `mayDropFull`: some mqueue is so short that it may be full. */
  constructor(now: () => number, mayDropFull: boolean) {
    this.#now = now
    this.#mayDropFull = mayDropFull
  }

  get messages(): readonly SentMessage[] {
    return this.#messages
  }

  compose(
    from: string,
    topic: string,
    qos: QoS,
    retain: boolean,
    expiryS: number | undefined,
    padding: number,
    isEmpty: boolean,
  ): SentMessage {
    const number = this.#messages.length
    const payload = isEmpty ? '' : `m${number}${'.'.repeat(padding)}`
    const message = new SentMessage(number, from, topic, qos, retain, expiryS, payload)
    this.#messages.push(message)
    return message
  }

  begin(session: ClientSession): void {
    this.#sessions.add(session)
  }

  /** The session is over, or may be: nothing is owed to it any more. */
  end(session: ClientSession): void {
    if (session.isOver) return
    session.isOver = true
    session.owed.clear()
    this.#sessions.delete(session)
    this.groups.sessionEnded(session, this.#now())
  }

  /** A PUBLISH is about to leave its publisher. */
  sent(message: SentMessage): void {
    message.sends++
    if (message.sends > 1) return
    message.firstSentAt = this.#now()
    if (message.qos === 0 || message.payload === '') return
    for (const session of this.#sessions) {
      for (const subscription of session.subscriptions) {
        if (isCandidate(message, session, subscription)) {
          message.candidates = [...message.candidates, { session, subscription }]
        }
      }
    }
  }

  /** PUBACK or PUBREC came to the publisher. */
  acked(message: SentMessage): void {
    if (message.isAcked) return
    message.isAcked = true
    for (const { session, subscription } of message.candidates) {
      if (session.isOver || !subscription.isSure) continue
      if (subscription.filter.startsWith('$share/')) this.groups.owe(message, subscription.filter)
      else if (!session.seen.has(message.number) && !this.#isDropped(session, message)) {
        session.owed.set(message.number, message)
      }
    }
  }

  /** The broker told that this client will not get a message. */
  dropped(clientId: string, payload: string, reason: string): void {
    const message = this.#find(payload)
    if (message === undefined) return
    const isAllowed =
      reason === 'session_end' ||
      reason === 'no_local' ||
      reason === 'qos0_msg' ||
      (reason === 'queue_full' && this.#mayDropFull) ||
      (reason === 'expired' && message.expiryS !== undefined)
    if (!isAllowed) throw new Violation(`${message} was dropped for ${clientId}: ${reason}`)
    const dropped = this.#droppedFor.get(clientId) ?? new Map<number, string>()
    this.#droppedFor.set(clientId, dropped)
    dropped.set(message.number, reason)
    this.groups.dropped(message)
    for (const session of this.#sessions) {
      if (session.clientId === clientId) session.owed.delete(message.number)
    }
  }

  /** A message reached the application of a session. */
  arrived(session: ClientSession, arrival: Arrival): void {
    this.arrivals++
    // An empty retained message is sent on like any other; it says nothing of who it is.
    if (arrival.payload === '') return
    const message = this.#find(arrival.payload)
    const where = `${session} got ${arrival.payload.slice(0, 20)} (QoS ${arrival.qos})`
    if (message === undefined) throw new Violation(`${where}, which nobody sent`)
    if (message.topic !== arrival.topic) throw new Violation(`${where} under ${arrival.topic}`)
    if (arrival.qos > message.qos) throw new Violation(`${where}, sent at QoS ${message.qos}`)
    if (!isWanted(session, message)) throw new Violation(`${where}, which it did not want`)
    session.owed.delete(message.number)
    const isFirst = !session.seen.has(message.number)
    session.seen.add(message.number)
    if (message.retain) return
    this.#count(session, message, arrival, where)
    if (message.topic.startsWith('s/')) {
      this.groups.arrived(session, message, arrival.qos, this.crashes)
    } else if (isFirst) this.#checkOrder(session, message, arrival.qos, where)
  }

  /** What is owed now that everybody was connected and had time. */
  debts(): string[] {
    const debts = this.groups.debts()
    for (const session of this.#sessions) {
      for (const message of session.owed.values())
        debts.push(`${session} was never sent ${message}`)
    }
    return debts
  }

  #count(session: ClientSession, message: SentMessage, arrival: Arrival, where: string): void {
    const counts = session.arrivals.get(message.number) ?? { fresh: 0, atQoS2: 0 }
    session.arrivals.set(message.number, counts)
    if (!arrival.dup) counts.fresh++
    if (arrival.qos === 2) counts.atQoS2++
    if (counts.atQoS2 > 1) throw new Violation(`${where} twice`)
    const routedMax = message.qos === 2 ? 1 : message.sends
    // A crash may forget that it was sent, of each copy: then it is sent anew, without DUP.
    if (counts.fresh > routedMax * (1 + this.crashes)) {
      throw new Violation(`${where} ${counts.fresh} times without DUP`)
    }
  }

  #checkOrder(session: ClientSession, message: SentMessage, qos: QoS, where: string): void {
    const key = `${message.from} ${message.topic} ${message.qos} ${qos}`
    const last = session.lastNumber.get(key) ?? -1
    if (last > message.number && this.#mustKeepOrder(session, message, qos))
      throw new Violation(`${where} after m${last}`)
    session.lastNumber.set(key, Math.max(last, message.number))
  }

  /**
   * A QoS 1 message that its publisher sent again was routed again: where nothing was to match it
   * the first time, or it went to another QoS or was dropped then, its first delivery may come late.
   * So it is with QoS 2 after a crash that forgot the first time, but for what is delivered at QoS 2,
   * which left only when it was safe. And a crash may forget that a message was dropped.
   */
  #mustKeepOrder(session: ClientSession, message: SentMessage, qos: QoS): boolean {
    if (this.crashes > 0 && this.#isDropped(session, message)) return false
    if (message.sends === 1) return true
    if (message.qos === 2 && (qos === 2 || this.crashes === 0)) return true
    return qos > 0 && isStillWanted(session, message) && !this.#isDropped(session, message)
  }

  #isDropped(session: ClientSession, message: SentMessage): boolean {
    return this.#droppedFor.get(session.clientId)?.has(message.number) === true
  }

  #find(payload: string): SentMessage | undefined {
    const number = Number.parseInt(payload.slice(1), 10)
    const message = this.#messages[number]
    return message?.payload === payload ? message : undefined
  }
}

function isCandidate(
  message: SentMessage,
  session: ClientSession,
  subscription: ModelSubscription,
): boolean {
  if (!subscription.isSure || subscription.qos === 0) return false
  if (subscription.noLocal && session.clientId === message.from) return false
  return matches(subscription.filter, message.topic)
}

/** Whether a subscription has surely matched all the time since the message was first sent. */
function isStillWanted(session: ClientSession, message: SentMessage): boolean {
  return message.candidates.some(
    (candidate) => candidate.session === session && candidate.subscription.isSure,
  )
}

/** Whether a subscription may have matched when the message was first sent, or later. */
function isWanted(session: ClientSession, message: SentMessage): boolean {
  return session.subscriptions.some(
    ({ filter, noLocal, endedAt }) =>
      matches(filter, message.topic) &&
      endedAt >= message.firstSentAt &&
      !(noLocal && session.clientId === message.from),
  )
}
