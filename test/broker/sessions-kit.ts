import type { OpenedSession, OpenRequest, SessionOwner, Zone } from '../../src/channel/ports.ts'
import type { WillPacket } from '../../src/mqtt/packets.ts'
import type { ReasonCode } from '../../src/mqtt/reason-code.ts'
import { Refusal } from '../../src/mqtt/refusal.ts'
import type { Session } from '../../src/session/session.ts'
import { message } from '../support/session-kit.ts'
import { TestBroker, type TestBrokerWish } from '../support/test-broker.ts'

/** A connection as the session manager sees it. */
export class Owner implements SessionOwner {
  readonly evictions: ReasonCode[] = []
  isAccepted = true
  protocolVersion: 4 | 5 = 5
  readonly transport = { peer: { address: '10.0.0.1:1', listener: 'tcp' } }
  readonly client = undefined

  onCommitted(): void {}

  evict(code: ReasonCode): void {
    this.evictions.push(code)
  }
}

/** A broker whose sessions are opened without connections, and what was told of them. */
export class SessionsKit {
  readonly events: string[] = []
  readonly test: TestBroker

  constructor(wish: TestBrokerWish = {}) {
    const tell = (what: string) => (session: Session, filter?: string) => {
      this.events.push(
        [what, session.clientId, ...(filter === undefined ? [] : [filter])].join(' '),
      )
    }
    const events = {
      sessionCreated: tell('created'),
      sessionResumed: tell('resumed'),
      sessionTakenover: tell('takenover'),
      sessionDiscarded: tell('discarded'),
      sessionTerminated: tell('terminated'),
      sessionSubscribed: tell('subscribed'),
      sessionUnsubscribed: tell('unsubscribed'),
    }
    this.test = new TestBroker({ events, ...wish })
  }

  get sessions() {
    return this.test.broker.sessions
  }

  get zone(): Zone {
    return this.test.zone
  }

  tryOpen(clientId: string, wish: Partial<OpenRequest> = {}): Promise<OpenedSession | Refusal> {
    return this.sessions.open({
      clientId,
      username: undefined,
      cleanStart: false,
      expiryInterval: 100,
      will: undefined,
      zone: this.zone,
      owner: new Owner(),
      ...wish,
    })
  }

  async open(clientId: string, wish: Partial<OpenRequest> = {}): Promise<OpenedSession> {
    const opened = await this.tryOpen(clientId, wish)
    if (opened instanceof Refusal) throw new Error(opened.because)
    return opened
  }

  /** A session whose client was there and has gone. */
  async away(clientId: string, wish: Partial<OpenRequest> = {}): Promise<Session> {
    const owner = new Owner()
    const { session } = await this.open(clientId, { owner, ...wish })
    this.sessions.close(clientId, wish.owner ?? owner, stays)
    return session
  }

  subscribe(session: Session, filter: string): void {
    this.sessions.subscribe(session, filter, wanting1)
  }

  publish(topic: string, text = 'text'): void {
    this.test.broker.publish(message(text, 1, { topic }), this.zone, this.test.time.now)
  }

  /** Wills and messages that wait for a client. */
  waitingFor(session: Session): string[] {
    return session.snapshot().mqueue.map((queued) => queued.message.payload.toString())
  }
}

export const stays = { publishWill: true, expiryInterval: undefined }
export const wanting1 = {
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
} as const

export function will(delay: number): WillPacket {
  return { message: message('will', 1, { topic: 'wills' }), delay, expiryInterval: undefined }
}
