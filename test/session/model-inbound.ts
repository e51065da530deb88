import assert from 'node:assert/strict'
import type { QoS } from '../../src/mqtt/subscription.ts'
import type { Session } from '../../src/session/session.ts'
import type { SessionSnapshot } from '../../src/session/snapshot.ts'

/** What a client says to its session besides acknowledging: QoS 2 publishes, and subscriptions. */
export class ModelInbound {
  readonly #awaitingRel = new Set<number>()

  publishes(session: Session, how: number, now: number): void {
    const packetId = 1 + (how % 3)
    const isKnown = this.#awaitingRel.has(packetId)
    if (how % 2 === 0) {
      const expected = isKnown ? 'duplicate' : 'new'
      assert.equal(session.receive(packetId, now), expected, 'routed once')
      this.#awaitingRel.add(packetId)
    } else {
      assert.equal(session.pubrel(packetId), isKnown, 'PUBREL finds its id')
      this.#awaitingRel.delete(packetId)
    }
  }

  subscribes(session: Session, how: number): void {
    const qos = (how % 3) as QoS
    const options = { qos, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    if (how % 4 === 0) session.unsubscribe(`f${how % 5}`)
    else session.subscribe(`f${how % 5}`, { ...options })
  }

  /** The broker came back with what it had made safe. */
  restarted(kept: SessionSnapshot): void {
    this.#awaitingRel.clear()
    for (const [packetId] of kept.awaitingRel) this.#awaitingRel.add(packetId)
  }
}
