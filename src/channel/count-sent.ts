import type { Frame } from '../mqtt/frame.ts'
import type { QoS } from '../mqtt/subscription.ts'
import type { ChannelCounters } from './ports.ts'

/** Packets that have left. */
// hot:
export function countSent(counters: ChannelCounters, qos: QoS, frame: Frame): void {
  counters.publishSent[qos] += frame.count
  counters.payloadSent += frame.payloadSize
}
