import type { QoS } from '../../mqtt/subscription.ts'
import type { Message } from './message.ts'

/** What was done, for the report. */
export class Tally {
  /** Messages, by QoS − 1. */
  readonly published: [number, number] = [0, 0]
  readonly acknowledgements: [number, number] = [0, 0]
  /** First arrivals, by the QoS of the delivery − 1. */
  readonly deliveries: [number, number] = [0, 0]
  /** PUBLISH packets that left again after a reconnect. */
  resent = 0
  refused = 0
  qos1Duplicates = 0

  sent({ qos, sends }: Message): void {
    if (sends > 1) this.resent++
    else this.published[qos === 1 ? 0 : 1]++
  }

  acknowledged({ qos }: Message): void {
    this.acknowledgements[qos === 1 ? 0 : 1]++
  }

  arrived(qos: QoS, isFirst: boolean): void {
    if (isFirst) this.deliveries[qos === 2 ? 1 : 0]++
    else if (qos === 1) this.qos1Duplicates++
  }
}
