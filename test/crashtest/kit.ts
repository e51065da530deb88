import { Faults } from '../../src/crashtest/audit/faults.ts'
import { Ledger } from '../../src/crashtest/audit/ledger.ts'
import type { Message } from '../../src/crashtest/audit/message.ts'
import type { SessionAudit } from '../../src/crashtest/audit/session-audit.ts'
import type { QoS } from '../../src/mqtt/subscription.ts'

/** A ledger in the first life of a broker, and what tests do to it. */
export class LedgerKit {
  readonly faults = new Faults()
  readonly ledger = new Ledger(this.faults)

  constructor() {
    this.faults.life = 1
  }

  /** The broker was killed and is up again. */
  restart(): void {
    this.faults.life++
    this.ledger.newLife()
  }

  /** A session with an acknowledged subscription to `a`. */
  subscriber(clientId = 's', qos: QoS = 2): SessionAudit {
    const session = this.ledger.beginSession(clientId)
    session.subscribing('a', qos)
    session.subscribed('a', qos)
    return session
  }

  send(qos: 1 | 2 = 1, topic = 'a'): Message {
    const message = this.ledger.compose('p', topic, qos, 30)
    this.ledger.sending(message)
    return message
  }

  /** Sent and acknowledged. */
  publish(qos: 1 | 2 = 1, topic = 'a'): Message {
    const message = this.send(qos, topic)
    this.ledger.acknowledged(message)
    return message
  }

  /** The kinds of what was found, with their numbers. */
  get found(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.faults.counts).filter(([, count]) => count > 0))
  }
}

export function arrive(
  session: SessionAudit,
  message: Message,
  how: { qos?: QoS; isDup?: boolean; packetId?: number } = {},
): void {
  const { isDup = false, packetId = message.number + 1, qos = message.qos } = how
  session.arrived({ message, qos, isDup, packetId })
}
