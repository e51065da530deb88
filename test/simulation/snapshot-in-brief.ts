import type { SessionSnapshot } from '../../src/session/snapshot.ts'

/**
 * All of a session that two snapshots of it must agree in, as a text that can be compared and read.
 * What waits stands in for itself by what its lanes say: memory and disk may hold other parts of it.
 */
export function inBrief(snapshot: SessionSnapshot): string {
  const { awaitingRel, generation, inflight, lanes, subscriptions } = snapshot
  return JSON.stringify({
    generation,
    subscriptions: [...subscriptions].sort(([a], [b]) => (a < b ? -1 : 1)),
    inflight: inflight.map(({ packetId, phase }) => `${packetId} ${phase}`),
    lanes: lanes
      .map(({ key, tail, length, bytes }) => `${key}: ${length} (${bytes}) to ${tail}`)
      .sort(),
    awaitingRel: awaitingRel.map(([packetId]) => packetId).sort(),
  })
}
