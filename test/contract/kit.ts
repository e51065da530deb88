import { afterEach, beforeEach, expect } from 'vitest'
import type {
  SessionKey,
  SessionState,
  SessionWriter,
  Store,
  StoreBatch,
  StoredSession,
} from '../../src/broker/ports.ts'
import type { Message } from '../../src/mqtt/message.ts'
import type { SubscriptionOptions } from '../../src/mqtt/subscription.ts'
import type { LaneKey } from '../../src/session/lane.ts'
import { Outgoing } from '../../src/session/outgoing.ts'
import { at, message } from '../support/session-kit.ts'

/** A back end as the suite sees it. */
export interface StoreBackend {
  readonly name: string
  readonly features: StoreFeatures
  /** An empty store, opened; `now` is the clock that it is to read. */
  open(time: StoreTime): Promise<OpenedStore>
}

/** What a back end may do without; the tests of a feature run only where it is. */
export interface StoreFeatures {
  /** Carries times over to another process by the wall clock. */
  readonly carriesTime: boolean
}

/** The clock of a process, moved by the test. */
export interface StoreTime {
  /** Monotonic ms. */
  now: number
  wallMs: number
}

export interface OpenedStore {
  readonly store: Store
  /** Closes the store and opens what it left behind, for a process with this clock. */
  reopen(time: StoreTime): Promise<Store>
  /** Closes the store and removes what it left behind. */
  remove(): Promise<void>
}

export const state: SessionState = {
  username: 'ada',
  zone: 'default',
  expiryInterval: 3600,
  will: undefined,
  createdAtWallMs: 1_700_000_000_000,
  disconnectedAt: undefined,
  isOver: false,
}
export const key: SessionKey = { clientId: 'c', generation: 5 }
export const earlier: SessionKey = { clientId: 'c', generation: 4 }
export const options: SubscriptionOptions = {
  qos: 1,
  noLocal: false,
  retainAsPublished: true,
  retainHandling: 1,
  subscriptionId: 7,
}
export const all = { length: 1000, bytes: 1_000_000 }

/** A store of its own for each test of a suite, and what tests do with it. */
export class StoreKit {
  store!: Store
  time!: StoreTime
  #opened!: OpenedStore
  #number = 0

  constructor(backend: StoreBackend) {
    beforeEach(async () => {
      this.time = { now: 5000, wallMs: 1_700_000_000_000 }
      this.#opened = await backend.open(this.time)
      this.store = this.#opened.store
      this.#number = 0
    })
    afterEach(() => this.#opened.remove())
  }

  newBatch(): StoreBatch {
    return this.store.newBatch(++this.#number)
  }

  /** Commits what `write` records, as one batch. */
  async commit(write: (batch: StoreBatch) => void): Promise<void> {
    const batch = this.newBatch()
    write(batch)
    await this.store.commit(batch)
  }

  /** Commits records of the session `key`, as one batch. */
  commitTo(write: (session: SessionWriter) => void): Promise<void> {
    return this.commit((batch) => write(batch.session(key)))
  }

  /** Goes on as another process, with another clock where one is given. */
  async reopen(after: StoreTime = this.time): Promise<void> {
    this.store = await this.#opened.reopen(after)
    this.#number = 0
  }

  /** Entries of a lane of the session `key`, as `sequence payload`. */
  async read(lane: LaneKey, from = 0, limit = all): Promise<string[]> {
    const entries = await this.store.readQueue(key, lane, from, limit)
    return entries.map(({ sequence, message }) => `${sequence} ${message.payload}`)
  }

  /** By generation, as another process finds them. */
  async sessions(): Promise<StoredSession[]> {
    await this.reopen()
    return this.foundSessions()
  }

  /** By generation, after `reopen`. */
  async foundSessions(): Promise<StoredSession[]> {
    const sessions: StoredSession[] = []
    for await (const some of this.store.sessions()) sessions.push(...some)
    return sessions.sort((a, b) => a.key.generation - b.key.generation)
  }

  /** The only session that there is, if there is one. */
  async theSession(): Promise<StoredSession | undefined> {
    const sessions = await this.sessions()
    expect(sessions.length).toBeLessThan(2)
    return sessions[0]
  }

  async retained(): Promise<Message[]> {
    await this.reopen()
    const messages: Message[] = []
    for await (const kept of this.store.retained()) messages.push(kept)
    return messages
  }
}

/** Records entries `first` to `last` of a lane, and what the lane is then: those and `before` others. */
export function queue(
  session: SessionWriter,
  key: LaneKey,
  first: number,
  last: number,
  head = first,
): void {
  for (const { sequence, message, delivery } of entriesOf(first, last)) {
    session.queued(key, sequence, message as Message, delivery)
  }
  session.lane(lane(key, head, last + 1, last + 1 - head))
}

export function entriesOf(first: number, last: number): Outgoing[] {
  return range(first, last).map((sequence) => {
    const entry = new Outgoing(message(`m${sequence}`, 2), at(2, { subscriptionIds: [3, 4] }), 2)
    entry.sequence = sequence
    return entry
  })
}

export function lane(key: LaneKey, head: number, tail: number, length: number) {
  return { key, head, tail, length, bytes: 202 * length, isShared: false, table: 0 }
}

export function slot(session: SessionWriter, packetId: number, order: number): void {
  session.slot(packetId, order, 2, message(`s${packetId}`, 2), at(2))
}

export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

export function retained(topic: string, text: string): Message {
  return message(text, 1, { topic, retain: true })
}
