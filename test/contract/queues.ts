import { describe, expect, it } from 'vitest'
import type { StoredSession } from '../../src/broker/ports.ts'
import { at, message } from '../support/session-kit.ts'
import {
  all,
  entriesOf,
  key,
  lane,
  options,
  queue,
  range,
  type StoreBackend,
  StoreKit,
  slot,
  state,
} from './kit.ts'

/** What a store keeps of the queues of sessions, and how it is read. */
export function queueContract(backend: StoreBackend): void {
  describe(`${backend.name}: queues`, () => {
    const kit = new StoreKit(backend)

    it('keeps what lanes say of themselves, and reads their entries in order', async () => {
      await kit.commitTo((session) => {
        session.began(state)
        queue(session, 0, 1, 12)
      })
      await kit.commitTo((session) => session.lane(lane(0, 2, 13, 11)))
      const session = await kit.theSession()
      expect(session?.snapshot.mqueue).toEqual([])
      expect(session?.snapshot.lanes).toEqual([lane(0, 2, 13, 11)])
      expect(session?.snapshot.nextSequence).toBe(13)
      const entries = await kit.store.readQueue(key, 0, 2, all)
      expect(entries.map(({ sequence }) => sequence)).toEqual(range(2, 12))
      expect(entries[0]?.message.payload.toString()).toBe('m2')
      expect(entries[0]?.delivery).toMatchObject({ qos: 2, subscriptionIds: [3, 4] })
    })

    it('reads as many entries as are wanted, from a sequence on', async () => {
      await kit.commitTo((session) => {
        session.began(state)
        queue(session, 0, 1, 40)
        session.page(0, entriesOf(1, 30))
        session.page(0, entriesOf(31, 40))
      })
      expect(await kit.read(0, 29, { length: 3, bytes: 1000 })).toEqual([
        '29 m29',
        '30 m30',
        '31 m31',
      ])
      expect(await kit.read(0, 7, { length: 2, bytes: 1 })).toEqual(['7 m7'])
      expect(await kit.read(0, 40)).toEqual(['40 m40'])
      expect(await kit.read(0, 41)).toEqual([])
    })

    it('keeps lanes apart, also in their pages', async () => {
      await kit.commitTo((session) => {
        session.began(state)
        queue(session, 0, 1, 3)
        queue(session, 1, 4, 5)
        queue(session, 1022, 6, 6)
        session.page(0, entriesOf(1, 3))
        session.page(1, entriesOf(4, 5))
        session.page(1022, entriesOf(6, 6))
      })
      expect(await kit.read(0)).toEqual(['1 m1', '2 m2', '3 m3'])
      expect(await kit.read(1)).toEqual(['4 m4', '5 m5'])
      expect(await kit.read(1022)).toEqual(['6 m6'])
      expect(await kit.read(2)).toEqual([])
    })

    it('forgets a lane in which nothing waits, but not that its sequences are used up', async () => {
      await kit.commitTo((session) => {
        session.began(state)
        queue(session, 0, 1, 9)
        session.page(0, entriesOf(1, 9))
      })
      await kit.commitTo((session) => session.lane(lane(0, 10, 10, 0)))
      expect((await kit.theSession())?.snapshot).toMatchObject({ lanes: [], nextSequence: 10 })
      await kit.commitTo((session) => queue(session, 0, 10, 10))
      await kit.reopen()
      expect(await kit.read(0, 10)).toEqual(['10 m10'])
    })

    it('takes a snapshot for everything but what waits, which is in pages', async () => {
      await kit.commitTo((session) => {
        session.began(state)
        session.subscribed('s', options)
        slot(session, 1, 1)
        session.awaitingRel(5, 1000)
        queue(session, 0, 1, 2)
      })
      const before = (await kit.theSession())?.snapshot as StoredSession['snapshot']
      await kit.commitTo((session) => {
        session.page(0, entriesOf(1, 2))
        session.snapshot(state, before)
      })
      await kit.commitTo((session) => {
        session.unsubscribed('s')
        session.relReceived(5)
        queue(session, 0, 3, 3, 1)
      })
      const after = (await kit.theSession())?.snapshot
      expect(after).toMatchObject({ subscriptions: [], awaitingRel: [], lanes: [lane(0, 1, 4, 3)] })
      expect(after?.inflight).toEqual(before.inflight)
      expect(await kit.read(0)).toEqual(['1 m1', '2 m2', '3 m3'])
    })

    it('finds pages at once, and what is in none when it is opened again', async () => {
      await kit.commitTo((session) => {
        session.began(state)
        queue(session, 0, 1, 300)
        session.page(0, entriesOf(1, 200))
      })
      expect(await kit.read(0, 199, { length: 2, bytes: 1000 })).toEqual(['199 m199', '200 m200'])
      await kit.commitTo((session) => queue(session, 0, 301, 310, 1))
      for (let time = 0; time < 2; time++) {
        await kit.reopen()
        const texts = await kit.read(0)
        expect([texts.length, texts[0], texts.at(-1)]).toEqual([310, '1 m1', '310 m310'])
      }
    })

    it('lets many sessions share a message', async () => {
      const shared = message('shared', 1)
      await kit.commit((batch) => {
        for (let generation = 10; generation < 20; generation++) {
          const session = batch.session({ clientId: `c${generation}`, generation })
          session.began(state)
          session.queued(0, 1, shared, at(1))
          session.lane(lane(0, 1, 2, 1))
        }
      })
      await kit.reopen()
      for (let generation = 10; generation < 20; generation++) {
        const session = { clientId: `c${generation}`, generation }
        const entries = await kit.store.readQueue(session, 0, 0, all)
        expect(entries.map((entry) => entry.message.payload.toString())).toEqual(['shared'])
      }
    })
  })
}
