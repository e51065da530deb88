import type { SessionSnapshot } from '../../src/session/snapshot.ts'

/**
 * A snapshot in a form that compares well. Not in the records, so not in it: whether a slot was
 * sent, and what the next one that leaves a trace will be numbered; and a head that was not read
 * yet is only a bound.
 */
export function plain(snapshot: SessionSnapshot): object {
  return {
    ...snapshot,
    nextPacketId: 0,
    nextSequence: 0,
    subscriptions: [...snapshot.subscriptions].sort(),
    lanes: [...snapshot.lanes].map((lane) => ({ ...lane, head: 0 })).sort((a, b) => a.key - b.key),
    awaitingRel: [...snapshot.awaitingRel].sort(),
    inflight: snapshot.inflight.map((slot) =>
      slot.phase === 'pubrel'
        ? `${slot.packetId} pubrel`
        : `${slot.packetId} publish ${slot.qos} ${slot.message.payload}`,
    ),
    mqueue: snapshot.mqueue.map((entry) => `${entry.sequence} ${entry.message.payload}`),
  }
}
