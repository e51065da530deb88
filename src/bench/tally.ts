import { LatencyHistogram } from './latency-histogram.ts'

/** What the clients of a run counted together. */
export class Tally {
  sent = 0
  /** Acknowledged to the publisher: PUBACK or PUBCOMP. */
  acked = 0
  /** Messages that came for the first time. */
  delivered = 0
  /** Came again, though the receiver had them. */
  doubled = 0
  outOfOrder = 0
  /** Messages acknowledged with a failure, and subscriptions that were not granted as asked for. */
  refused = 0
  /** Packets and payloads that do not belong there. */
  alien = 0
  lostConnections = 0
  /** Sessions that were not there, or were there and should not have been. */
  lostSessions = 0
  /** Why the first connection was lost. */
  firstLoss: string | undefined
  /** Milliseconds of the monotonic clock at which bytes came last. */
  progressMs = 0
  /** Whether latencies count now. */
  isMeasuring = false
  /** From sending, or when it was due, to the acknowledgement, in µs. */
  readonly ackUs = new LatencyHistogram()
  /** From sending to the receiver, in µs. */
  readonly deliveryUs = new LatencyHistogram()

  /** A connection ended that nobody had ended here. */
  lose(because: string): void {
    this.lostConnections++
    this.firstLoss ??= because
  }
}
