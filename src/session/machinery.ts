import type { SessionContext } from './context.ts'
import { Inbound } from './inbound.ts'
import { Outbound } from './outbound.ts'
import { Window } from './window.ts'

/** The moving parts of a session: most sessions of a big broker are idle, and do without. */
export class Machinery {
  readonly window: Window
  readonly outbound: Outbound
  readonly inbound: Inbound

  constructor(context: SessionContext, nextPacketId: number, nextSequence: number) {
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
}
