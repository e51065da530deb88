import { assert } from '../base/assert.ts'
import type { SessionContext } from './context.ts'
import { Inbound } from './inbound.ts'
import { Outbound, type Undelivered } from './outbound.ts'
import { type Outgoing, Recorded } from './outgoing.ts'
import type { Recorder } from './ports.ts'
import type { SessionSnapshot } from './snapshot.ts'
import { Window } from './window.ts'

/** What of a session is under way. */
export type MachinerySnapshot = Omit<
  SessionSnapshot,
  'clientId' | 'generation' | 'createdAtWallMs' | 'subscriptions'
>

/** The moving parts of a session: most sessions of a big broker are idle, and do without. */
export class Machinery {
  readonly window: Window
  readonly outbound: Outbound
  readonly inbound: Inbound
  readonly #context: SessionContext

  constructor(context: SessionContext, nextPacketId: number, nextSequence: number) {
    this.#context = context
    this.window = new Window(context, nextPacketId)
    this.outbound = new Outbound(context, this.window, nextSequence)
    this.inbound = new Inbound(context)
  }

  /** Whether nothing is under way: then only its two numbers are worth keeping. */
  get isIdle(): boolean {
    return (
      this.window.inflight.size === 0 &&
      this.outbound.mqueue === undefined &&
      this.outbound.retainedLength === 0 &&
      this.inbound.awaitingRel.size === 0
    )
  }

  /** The connection has gone: all in flight is unsent again, and what is empty costs nothing. */
  detach(): void {
    this.window.inflight.rewind()
    this.outbound.compact()
    this.inbound.awaitingRel.compact()
  }

  /** Tells a recorder that has never heard of it of all there is. */
  recordAnew(recorder: Recorder): void {
    this.window.inflight.rebatch(recorder.openBatch)
    for (const entry of this.window.inflight) recordAnew(entry, recorder)
    for (const entry of this.outbound.mqueue ?? []) recordAnew(entry, recorder)
    for (const lane of this.outbound.mqueue?.lanes() ?? []) {
      lane.forget()
      recorder.lane(lane)
    }
    this.inbound.recordAnew()
  }

  /** See `Session.drain`. */
  drain(): Undelivered[] {
    const undelivered: Undelivered[] = []
    for (const slot of this.window.inflight) {
      const { message, phase, qos, delivery } = slot
      slot.phase = 'ended'
      this.#context.recorder.entry(slot)
      if (message === undefined || phase === 'pubrel') continue
      if (qos === 1) undelivered.push({ message, qos, delivery })
      else this.#context.drop(message, 'session_end')
    }
    return undelivered.concat(this.outbound.drain())
  }

  snapshot(): MachinerySnapshot {
    return {
      nextPacketId: this.window.inflight.nextPacketId,
      nextSequence: this.outbound.nextSequence,
      inflight: this.window.snapshot(),
      lanes: this.outbound.lanes(),
      mqueue: this.outbound.snapshot(),
      awaitingRel: this.inbound.awaitingRel.toArray(),
    }
  }

  load({ awaitingRel, inflight, lanes, mqueue }: MachinerySnapshot): void {
    this.window.load(inflight)
    this.outbound.load(lanes, mqueue)
    this.inbound.load(awaitingRel)
  }

  checkInvariants(): void {
    const { inflight } = this.window
    inflight.checkInvariants()
    this.outbound.mqueue?.checkInvariants()
    assert(inflight.quotaUsed <= this.#context.receiveMaximum, 'the receive maximum is kept')
  }
}

function recordAnew(entry: Outgoing, recorder: Recorder): void {
  entry.recorded = Recorded.Nothing
  entry.isTouched = false
  recorder.entry(entry)
}
