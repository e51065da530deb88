import assert from 'node:assert/strict'
import type { Message } from '../../src/mqtt/message.ts'
import type { QoS } from '../../src/mqtt/subscription.ts'
import type { Session } from '../../src/session/session.ts'
import type { SlotSnapshot } from '../../src/session/snapshot.ts'
import type { CollectingRecorder } from '../support/collecting-recorder.ts'
import { at, message, RecordingSink } from '../support/session-kit.ts'
import type { Step } from './steps.ts'

/** Sessions that live through the same history and must say the same to the outside. */
export class Siblings {
  readonly #siblings: Sibling[]
  readonly #knowDup: boolean
  #now = 0
  #nextText = 0

  /** `knowDup` is false when one is out of records, which do not say whether a slot was sent. */
  constructor(sessions: [Session, CollectingRecorder][], knowDup: boolean) {
    this.#siblings = sessions.map(([session, recorder]) => new Sibling(session, recorder))
    this.#knowDup = knowDup
  }

  run(step: Step): void {
    const { what, how } = step
    if (what === 'timePasses') this.#now += how
    const text = `new-${this.#nextText++}`
    const delivered = message(text, (how % 3) as QoS, { topic: `t${how & 1}` })
    const slots = this.#siblings[0]?.session.snapshot().inflight ?? []
    const slot = slots[(how >> 3) % (slots.length + 1)]
    // What a client can answer was sent; records do not say of a slot whether it was.
    if (!canAnswer(slot) || !canAnswer(slots.find(({ packetId }) => packetId === how))) return
    const said = this.#siblings.map((sibling) => {
      const answer = sibling.run(step, delivered, slot, this.#now)
      const sent = sibling.pump(this.#now)
      return [answer, this.#knowDup ? sent : sent.map((line) => line.replace(' dup', ''))]
    })
    for (const other of said) assert.deepEqual(other, said[0], `the same after ${what} ${how}`)
  }
}

function canAnswer(slot: SlotSnapshot | undefined): boolean {
  return slot === undefined || slot.phase === 'pubrel' || slot.wasSent
}

class Sibling {
  readonly session: Session
  readonly #recorder: CollectingRecorder
  #sink = new RecordingSink()

  constructor(session: Session, recorder: CollectingRecorder) {
    this.session = session
    this.#recorder = recorder
  }

  pump(now: number): string[] {
    do {
      this.#recorder.readPages()
      while (this.session.next(now));
    } while (this.#recorder.isReading)
    this.session.checkInvariants()
    return this.#sink.take()
  }

  /** Answers what the session answers. */
  run(step: Step, delivered: Message, slot: SlotSnapshot | undefined, now: number): unknown {
    const { session } = this
    const { what, how } = step
    switch (what) {
      case 'deliver':
        return session.deliver(delivered, at(2), now)
      case 'clientReads':
      case 'acksArrive':
        return this.#acknowledge(slot, how, now)
      case 'wrongAck':
        return [session.puback(how, 0, now)?.code, session.pubcomp(how, 0, now)?.code]
      case 'cut':
        return session.isConnected && session.detach(now)
      case 'connect':
        return !session.isConnected && this.#connect(1 + (how % 5), now)
      case 'commit':
        return this.#recorder.commit()
      case 'socketFills':
        this.#sink.writable = false
        return
      case 'socketDrains':
        this.#sink.writable = true
        return
      case 'clientPublishes':
        return how & 1 ? session.pubrel(how & 3) : session.receive(how & 3, now)
      default:
        return
    }
  }

  #connect(receiveMaximum: number, now: number): void {
    this.#sink = new RecordingSink()
    this.session.attach(this.#sink, { receiveMaximum, protocolVersion: 5 }, now)
  }

  #acknowledge(slot: SlotSnapshot | undefined, how: number, now: number): number | undefined {
    const packetId = slot?.packetId ?? 40_000
    if (slot?.phase === 'pubrel') return this.session.pubcomp(packetId, 0, now)?.code
    if (slot?.qos === 1) return this.session.puback(packetId, 0, now)?.code
    return this.session.pubrec(packetId, how % 8 === 0 ? 0x80 : 0, now)?.code
  }
}
