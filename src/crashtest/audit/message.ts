import type { SessionAudit } from './session-audit.ts'
import type { Subscription } from './subscriptions.ts'

/** A session that was to get a message when it was first sent, and the subscription that says so. */
export interface Candidate {
  readonly session: SessionAudit
  readonly subscription: Subscription
}

const nobody: readonly Candidate[] = []

/** A message of ours at QoS 1 or 2, from before it is sent. */
export class Message {
  /** Counts all messages of the run. */
  readonly number: number
  readonly publisher: string
  readonly topic: string
  readonly qos: 1 | 2
  /** Bytes of its payload; 0 clears a retained message. */
  readonly size: number
  readonly isRetained: boolean
  /** Times that its PUBLISH left. */
  sends = 0
  /** Ticks of the ledger: when it was sent first, and when it was acknowledged. */
  sentAt = Number.POSITIVE_INFINITY
  acknowledgedAt = Number.POSITIVE_INFINITY
  acknowledgedInLife = 0
  candidates = nobody

  constructor(
    number: number,
    publisher: string,
    topic: string,
    qos: 1 | 2,
    size: number,
    isRetained: boolean,
  ) {
    this.number = number
    this.publisher = publisher
    this.topic = topic
    this.qos = qos
    this.size = size
    this.isRetained = isRetained
  }

  get isAcknowledged(): boolean {
    return this.acknowledgedInLife > 0
  }

  /** It is settled to whom it is owed. */
  forgetCandidates(): void {
    this.candidates = nobody
  }

  /** For the words of a fault. */
  get words(): string {
    return `${this.publisher}'s message ${this.number} (${this.topic}, QoS ${this.qos})`
  }
}
