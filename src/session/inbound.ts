import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import { AwaitingRel } from './awaiting-rel.ts'
import type { SessionContext } from './context.ts'

/** Client → broker: the receiver's half of the QoS 2 handshake. */
export class Inbound {
  readonly awaitingRel = new AwaitingRel()
  readonly #context: SessionContext

  constructor(context: SessionContext) {
    this.#context = context
  }

  /** See `Session.receive`. */
  receive(packetId: number, now: number): 'new' | 'duplicate' | Refusal {
    if (this.awaitingRel.has(packetId)) return 'duplicate'
    const { options, recorder } = this.#context
    if (this.awaitingRel.size >= options.awaitingRelMax) {
      const because = `more than ${options.awaitingRelMax} QoS 2 messages wait for PUBREL`
      return new Refusal(ReasonCode.ReceiveMaximumExceeded, because)
    }
    recorder.rel(this.awaitingRel.add(packetId, now))
    return 'new'
  }

  /** See `Session.pubrel`. */
  release(packetId: number): boolean {
    const rel = this.awaitingRel.remove(packetId)
    if (rel !== undefined) this.#context.recorder.rel(rel)
    return rel !== undefined
  }

  /** Forgets ids that have waited for `timeoutMs`. Answers when to call again, in monotonic ms. */
  expire(now: number, timeoutMs: number): number {
    const { clientId, observer } = this.#context
    for (;;) {
      const oldest = this.awaitingRel.oldest()
      if (oldest === undefined) return now + timeoutMs
      const { packetId, receivedAt } = oldest
      if (receivedAt + timeoutMs > now) return receivedAt + timeoutMs
      this.release(packetId)
      observer.awaitingRelExpired(clientId, packetId)
    }
  }

  /** Tells a recorder that has never heard of them of all ids that wait. */
  recordAnew(): void {
    for (const rel of this.awaitingRel) {
      rel.isRecorded = false
      rel.isTouched = false
      this.#context.recorder.rel(rel)
    }
  }

  /** Puts back what a snapshot holds. */
  load(ids: readonly (readonly [packetId: number, receivedAt: number])[]): void {
    for (const [packetId, receivedAt] of ids) {
      this.awaitingRel.add(packetId, receivedAt).isRecorded = true
    }
  }
}
