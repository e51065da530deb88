import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  SessionKey,
  SessionState,
  Store,
  StoreBatch,
  StoredSession,
} from '../../src/broker/ports.ts'
import type { Message } from '../../src/mqtt/message.ts'
import type { SubscriptionOptions } from '../../src/mqtt/subscription.ts'
import { at, message } from '../support/session-kit.ts'

/** A back end as the suite sees it. */
export interface StoreBackend {
  readonly name: string
  readonly features: StoreFeatures
  /** An empty store. */
  open(): Promise<OpenedStore>
}

/** What a back end may do without; the tests of a feature run only where it is. */
export interface StoreFeatures {
  /** Gives back the same after closing and opening again, as another process would see it. */
  readonly reopens: boolean
}

export interface OpenedStore {
  readonly store: Store
  /** Closes the store and opens what it left behind. */
  reopen(): Promise<Store>
  /** Closes the store and removes what it left behind. */
  remove(): Promise<void>
}

const state: SessionState = {
  username: 'ada',
  zone: 'default',
  expiryInterval: 3600,
  will: undefined,
  createdAtWallMs: 1_700_000_000_000,
}
const key: SessionKey = { clientId: 'c', generation: 5 }
const earlier: SessionKey = { clientId: 'c', generation: 4 }
const options: SubscriptionOptions = {
  qos: 1,
  noLocal: false,
  retainAsPublished: true,
  retainHandling: 1,
  subscriptionId: 7,
}

/** What every store promises the broker; a back end's test is one call of it. */
export function storeContract(backend: StoreBackend): void {
  describe(`${backend.name} as a store`, () => {
    let opened: OpenedStore
    let store: Store

    beforeEach(async () => {
      opened = await backend.open()
      store = opened.store
    })

    afterEach(() => opened.remove())

    /** Commits what `write` records, as one batch. */
    async function commit(write: (batch: StoreBatch) => void): Promise<void> {
      const batch = store.newBatch()
      write(batch)
      await store.commit(batch)
    }

    it('is empty when it is new, and does not pass for a volatile one', async () => {
      expect(store.isVolatile).toBe(false)
      expect(await sessionsOf(store)).toEqual([])
      expect(await retainedOf(store)).toEqual([])
    })

    it('keeps nothing of a batch before its commit', async () => {
      const batch = store.newBatch()
      batch.sessionBegan(key, state)
      batch.retainedSet(retained('r', 'x'))
      expect(batch.size).toBe(2)
      expect(await sessionsOf(store)).toEqual([])
      expect(await retainedOf(store)).toEqual([])
    })

    it('gives a session back with its state, under its generation', async () => {
      await commit((batch) => batch.sessionBegan(key, state))
      const [session] = await sessionsOf(store)
      expect(session?.key).toEqual(key)
      expect(session?.state).toEqual(state)
      expect(session?.snapshot).toMatchObject({ clientId: 'c', generation: 5, subscriptions: [] })
    })

    it('gives back a session that never ends, and its will', async () => {
      const will = { message: message('gone', 1, { topic: 'w' }), delay: 30, expiryInterval: 60 }
      const forever = { ...state, expiryInterval: Number.POSITIVE_INFINITY, will }
      await commit((batch) => batch.sessionBegan(key, forever))
      const [session] = await sessionsOf(store)
      expect(session?.state.expiryInterval).toBe(Number.POSITIVE_INFINITY)
      expect(session?.state.will).toMatchObject({ delay: 30, expiryInterval: 60 })
      expect(session?.state.will?.message.topic).toBe('w')
      expect(session?.state.will?.message.payload.toString()).toBe('gone')
    })

    it('keeps the last state of a session, and what is in it', async () => {
      await commit((batch) => {
        batch.sessionBegan(key, state)
        batch.change(key, { type: 'subscribed', filter: 'a/#', options })
      })
      await commit((batch) => batch.sessionChanged(key, { ...state, expiryInterval: 9 }))
      const [session] = await sessionsOf(store)
      expect(session?.state.expiryInterval).toBe(9)
      expect(session?.snapshot.subscriptions).toEqual([['a/#', options]])
    })

    it('folds subscriptions: the last options of each filter that is left', async () => {
      await commit((batch) => {
        batch.sessionBegan(key, state)
        batch.change(key, { type: 'subscribed', filter: 'a', options })
        batch.change(key, { type: 'subscribed', filter: 'b', options })
        batch.change(key, { type: 'subscribed', filter: 'b', options: { ...options, qos: 2 } })
      })
      await commit((batch) => batch.change(key, { type: 'unsubscribed', filter: 'a' }))
      const [session] = await sessionsOf(store)
      expect(session?.snapshot.subscriptions).toEqual([['b', { ...options, qos: 2 }]])
    })

    it('gives the queue back in its order, without what has left it', async () => {
      await commit((batch) => {
        batch.sessionBegan(key, state)
        for (let sequence = 1; sequence <= 12; sequence++) queue(batch, sequence)
      })
      await commit((batch) => {
        batch.change(key, { type: 'unqueued', sequence: 1 })
        batch.change(key, { type: 'unqueued', sequence: 11 })
      })
      const [session] = await sessionsOf(store)
      const queued = session?.snapshot.mqueue ?? []
      expect(queued.map(({ sequence }) => sequence)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 12])
      expect(queued[0]?.message.payload.toString()).toBe('m2')
      expect(queued[0]?.delivery).toMatchObject({ qos: 2, subscriptionIds: [3, 4] })
      expect(session?.snapshot.nextSequence).toBe(13)
    })

    it('gives the window back in the order of first sends, with each phase', async () => {
      await commit((batch) => {
        batch.sessionBegan(key, state)
        queue(batch, 1)
        take(batch, 300, 0)
        take(batch, 2, 1)
        take(batch, 1, 0)
        take(batch, 9, 0)
      })
      await commit((batch) => {
        batch.change(key, { type: 'released', packetId: 2 })
        batch.change(key, { type: 'freed', packetId: 1 })
      })
      const snapshot = (await sessionsOf(store))[0]?.snapshot
      expect(snapshot?.inflight.map(({ packetId, phase }) => `${packetId} ${phase}`)).toEqual([
        '300 publish',
        '2 pubrel',
        '9 publish',
      ])
      expect(snapshot?.mqueue).toEqual([])
      expect(snapshot?.nextPacketId).toBe(10)
      expect(snapshot?.inflight[0]).toMatchObject({ qos: 2, wasSent: true })
    })

    it('gives the ids back that wait for PUBREL, in the order of their arrival', async () => {
      await commit((batch) => {
        batch.sessionBegan(key, state)
        for (const packetId of [700, 3, 12]) {
          batch.change(key, { type: 'awaitingRel', packetId, now: 1000 })
        }
        batch.change(key, { type: 'relReceived', packetId: 3 })
      })
      const [session] = await sessionsOf(store)
      expect(session?.snapshot.awaitingRel.map(([packetId]) => packetId)).toEqual([700, 12])
    })

    it('replaces everything of a session by its snapshot', async () => {
      await commit((batch) => {
        batch.sessionBegan(key, state)
        queue(batch, 1)
        queue(batch, 2)
      })
      const [before] = await sessionsOf(store)
      const snapshot = { ...before?.snapshot, subscriptions: [['s', options]], mqueue: [] }
      await commit((batch) => {
        batch.sessionSnapshot(key, snapshot as unknown as StoredSession['snapshot'])
        queue(batch, 3)
      })
      const [session] = await sessionsOf(store)
      expect(session?.snapshot.subscriptions).toEqual([['s', options]])
      expect(session?.snapshot.mqueue.map(({ sequence }) => sequence)).toEqual([3])
    })

    it('forgets a session that ended, and all of it', async () => {
      await commit((batch) => {
        batch.sessionBegan(key, state)
        batch.change(key, { type: 'subscribed', filter: 'a', options })
        queue(batch, 1)
      })
      await commit((batch) => batch.sessionEnded(key))
      expect(await sessionsOf(store)).toEqual([])
      await commit((batch) => batch.sessionBegan({ ...key, generation: 6 }, state))
      const [session] = await sessionsOf(store)
      expect(session?.snapshot).toMatchObject({ subscriptions: [], mqueue: [], inflight: [] })
    })

    it('ends one session and begins the next in a single batch', async () => {
      await commit((batch) => {
        batch.sessionBegan(earlier, state)
        batch.change(earlier, { type: 'subscribed', filter: 'old', options })
      })
      await commit((batch) => {
        batch.sessionEnded(earlier)
        batch.sessionBegan(key, state)
        batch.change(key, { type: 'subscribed', filter: 'new', options })
      })
      const sessions = await sessionsOf(store)
      expect(sessions.map((session) => session.key.generation)).toEqual([5])
      expect(sessions[0]?.snapshot.subscriptions).toEqual([['new', options]])
    })

    it('lets a late record of an earlier generation change and revive nothing', async () => {
      await commit((batch) => batch.sessionBegan(earlier, state))
      await commit((batch) => batch.sessionBegan(key, state))
      await commit((batch) => {
        batch.change(earlier, { type: 'subscribed', filter: 'old', options })
        batch.sessionChanged(earlier, { ...state, expiryInterval: 1 })
        batch.sessionEnded(earlier)
      })
      const sessions = await sessionsOf(store)
      expect(sessions.map((session) => session.key)).toEqual([key])
      expect(sessions[0]?.state).toEqual(state)
      expect(sessions[0]?.snapshot.subscriptions).toEqual([])
      await commit((batch) => batch.sessionEnded(key))
      await commit((batch) => {
        batch.change(key, { type: 'subscribed', filter: 'late', options })
        batch.sessionChanged(key, state)
      })
      expect(await sessionsOf(store)).toEqual([])
    })

    it('keeps the last retained message of each topic until it is cleared', async () => {
      await commit((batch) => {
        batch.retainedSet(retained('a', '1'))
        batch.retainedSet(retained('a', '2'))
        batch.retainedSet(retained('b', '3'))
        batch.retainedSet(retained('c/é', '4'))
      })
      await commit((batch) => batch.retainedCleared('b'))
      const kept = await retainedOf(store)
      expect(kept.map((m) => `${m.topic} ${m.payload}`).sort()).toEqual(['a 2', 'c/é 4'])
      expect(kept.every((m) => m.retain)).toBe(true)
    })

    it('changes nothing when a batch is committed once more', async () => {
      const batch = store.newBatch()
      batch.sessionBegan(key, state)
      queue(batch, 1)
      batch.retainedSet(retained('a', '1'))
      await store.commit(batch)
      await store.commit(batch)
      const [session] = await sessionsOf(store)
      expect(session?.snapshot.mqueue).toHaveLength(1)
      expect(await retainedOf(store)).toHaveLength(1)
    })

    it('keeps the bytes of messages, whatever becomes of the buffer that they came in', async () => {
      const bytes = retained('a', 'kept')
      await commit((batch) => {
        batch.retainedSet(bytes)
        batch.sessionBegan(key, state)
        queue(batch, 1)
      })
      const [session] = await sessionsOf(store)
      expect(session?.snapshot.mqueue[0]?.message.frame.owned).toBe(true)
      expect((await retainedOf(store))[0]?.payload.toString()).toBe('kept')
    })

    it.runIf(backend.features.reopens)(
      'gives everything back when it is opened again',
      async () => {
        await commit((batch) => {
          batch.sessionBegan(key, state)
          batch.change(key, { type: 'subscribed', filter: 'a', options })
          queue(batch, 1)
          batch.retainedSet(retained('a', '1'))
        })
        const batch = store.newBatch()
        batch.sessionEnded(key)
        store = await opened.reopen()
        const [session] = await sessionsOf(store)
        expect(session?.snapshot.subscriptions).toEqual([['a', options]])
        expect(session?.snapshot.mqueue[0]?.message.payload.toString()).toBe('m1')
        expect((await retainedOf(store)).map((m) => m.payload.toString())).toEqual(['1'])
      },
    )
  })
}

function queue(batch: StoreBatch, sequence: number): void {
  const delivery = at(2, { subscriptionIds: [3, 4] })
  const queued = message(`m${sequence}`, 2)
  batch.change(key, { type: 'queued', sequence, priority: 0, message: queued, delivery })
}

function take(batch: StoreBatch, packetId: number, sequence: number): void {
  const taken = message(`t${packetId}`, 2)
  batch.change(key, { type: 'taken', packetId, sequence, message: taken, qos: 2, delivery: at(2) })
}

function retained(topic: string, text: string): Message {
  return message(text, 1, { topic, retain: true })
}

async function sessionsOf(store: Store): Promise<StoredSession[]> {
  const sessions: StoredSession[] = []
  for await (const session of store.sessions()) sessions.push(session)
  return sessions
}

async function retainedOf(store: Store): Promise<Message[]> {
  const messages: Message[] = []
  for await (const kept of store.retained()) messages.push(kept)
  return messages
}
