import type { SessionSnapshot } from '../../src/session/snapshot.ts'

/** All of a session that two snapshots of it must agree in, as a text that can be compared and read. */
export function inBrief(snapshot: SessionSnapshot): string {
  const { awaitingRel, generation, inflight, mqueue, nextPacketId, subscriptions } = snapshot
  return JSON.stringify({
    generation,
    nextPacketId,
    subscriptions: [...subscriptions].sort(([a], [b]) => (a < b ? -1 : 1)),
    inflight: inflight.map(({ packetId, phase }) => `${packetId} ${phase}`),
    mqueue: mqueue.map(({ sequence, priority }) => `${sequence} ${priority}`),
    awaitingRel: awaitingRel.map(([packetId]) => packetId),
  })
}
