import { describe, expect, it } from 'vitest'
import { message } from '../support/session-kit.ts'
import {
  earlier,
  entriesOf,
  key,
  lane,
  options,
  queue,
  retained,
  type StoreBackend,
  StoreKit,
  slot,
  state,
} from './kit.ts'

/** What a store keeps of sessions, but for their queues. */
export function sessionContract(backend: StoreBackend): void {
  describe(`${backend.name}: sessions`, () => {
    const kit = new StoreKit(backend)

    it('is empty when it is new, and does not pass for a volatile one', async () => {
      expect(kit.store.isVolatile).toBe(false)
      expect(await kit.sessions()).toEqual([])
      expect(await kit.retained()).toEqual([])
    })

    it('keeps nothing of a batch before its commit', async () => {
      const batch = kit.newBatch()
      batch.session(key).began(state)
      batch.retainedSet(retained('r', 'x'))
      expect(batch.size).toBe(2)
      expect(await kit.sessions()).toEqual([])
      expect(await kit.retained()).toEqual([])
    })

    it('gives a session back with its state, under its generation', async () => {
      await kit.commitTo((session) => session.began(state))
      const session = await kit.theSession()
      expect(session?.key).toEqual(key)
      expect(session?.state).toEqual(state)
      expect(session?.snapshot).toMatchObject({ clientId: 'c', generation: 5, subscriptions: [] })
    })

    it('gives back a session that never ends, and its will', async () => {
      const will = { message: message('gone', 1, { topic: 'w' }), delay: 30, expiryInterval: 60 }
      const forever = { ...state, expiryInterval: Number.POSITIVE_INFINITY, will }
      await kit.commitTo((session) => session.began(forever))
      const session = await kit.theSession()
      expect(session?.state.expiryInterval).toBe(Number.POSITIVE_INFINITY)
      expect(session?.state.will).toMatchObject({ delay: 30, expiryInterval: 60 })
      expect(session?.state.will?.message.topic).toBe('w')
      expect(session?.state.will?.message.payload.toString()).toBe('gone')
    })

    it('keeps the last state of a session, and what is in it', async () => {
      await kit.commitTo((session) => {
        session.began(state)
        session.subscribed('a/#', options)
      })
      await kit.commitTo((session) => session.changed({ ...state, expiryInterval: 9 }))
      const session = await kit.theSession()
      expect(session?.state.expiryInterval).toBe(9)
      expect(session?.snapshot.subscriptions).toEqual([['a/#', options]])
    })

    it('folds subscriptions: the last options of each filter that is left', async () => {
      await kit.commitTo((session) => {
        session.began(state)
        session.subscribed('a', options)
        session.subscribed('b', options)
        session.subscribed('b', { ...options, qos: 2 })
      })
      await kit.commitTo((session) => session.unsubscribed('a'))
      expect((await kit.theSession())?.snapshot.subscriptions).toEqual([
        ['b', { ...options, qos: 2 }],
      ])
    })

    it('gives the window back in the order of first sends, with each phase', async () => {
      await kit.commitTo((session) => {
        session.began(state)
        slot(session, 300, 1)
        slot(session, 1, 3)
        slot(session, 2, 2)
        slot(session, 9, 4)
      })
      await kit.commitTo((session) => {
        session.freed(1)
        session.released(2, 2)
      })
      const snapshot = (await kit.theSession())?.snapshot
      expect(snapshot?.inflight.map(({ packetId, phase }) => `${packetId} ${phase}`)).toEqual([
        '300 publish',
        '2 pubrel',
        '9 publish',
      ])
      expect(snapshot?.nextPacketId).toBe(10)
      expect(snapshot?.inflight[0]).toMatchObject({ qos: 2, order: 1, wasSent: true })
    })

    it('gives the ids back that wait for PUBREL, in the order of their arrival', async () => {
      await kit.commitTo((session) => {
        session.began(state)
        for (const packetId of [700, 3, 12]) session.awaitingRel(packetId, 1000)
        session.relReceived(3)
      })
      expect((await kit.theSession())?.snapshot.awaitingRel).toEqual([
        [700, 1000],
        [12, 1000],
      ])
    })

    it('forgets a session that ended, and all of it', async () => {
      await kit.commitTo((session) => {
        session.began(state)
        session.subscribed('a', options)
        queue(session, 0, 1, 2)
        session.page(0, entriesOf(1, 2))
      })
      await kit.commitTo((session) => session.ended())
      expect(await kit.sessions()).toEqual([])
      expect(await kit.read(0)).toEqual([])
    })

    it('ends one session and begins the next in a single batch', async () => {
      await kit.commit((batch) => {
        const session = batch.session(earlier)
        session.began(state)
        session.subscribed('old', options)
      })
      await kit.commit((batch) => {
        batch.session(earlier).ended()
        const session = batch.session(key)
        session.began(state)
        session.subscribed('new', options)
      })
      const session = await kit.theSession()
      expect(session?.key.generation).toBe(5)
      expect(session?.snapshot.subscriptions).toEqual([['new', options]])
    })

    it('keeps an earlier session of the client until it ends: others may get what it leaves', async () => {
      await kit.commit((batch) => batch.session(earlier).began(state))
      await kit.commitTo((session) => session.began({ ...state, username: 'eve' }))
      await kit.commit((batch) => batch.session(earlier).changed({ ...state, expiryInterval: 1 }))
      const sessions = await kit.sessions()
      expect(sessions.map((session) => session.key.generation)).toEqual([4, 5])
      expect(sessions.map((session) => session.state.expiryInterval)).toEqual([1, 3600])
    })

    it('lets a late record of an ended session change and revive nothing', async () => {
      await kit.commitTo((session) => session.began(state))
      await kit.commitTo((session) => session.ended())
      await kit.commitTo((session) => {
        session.subscribed('late', options)
        session.changed(state)
        slot(session, 1, 1)
      })
      expect(await kit.sessions()).toEqual([])
    })

    it('changes nothing when a batch is committed once more', async () => {
      const batch = kit.newBatch()
      const session = batch.session(key)
      session.began(state)
      queue(session, 0, 1, 1)
      batch.retainedSet(retained('a', '1'))
      await kit.store.commit(batch)
      await kit.store.commit(batch)
      await kit.reopen()
      expect(await kit.read(0)).toEqual(['1 m1'])
      expect((await kit.theSession())?.snapshot.lanes).toEqual([lane(0, 1, 2, 1)])
      expect(await kit.retained()).toHaveLength(1)
    })
  })
}
