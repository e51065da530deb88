import { describe, expect, it } from 'vitest'
import type { Message } from '../../src/mqtt/message.ts'
import type { Delivery, QoS } from '../../src/mqtt/subscription.ts'
import { at, message } from '../support/session-kit.ts'
import {
  all,
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

/** What comes back, and how exactly. */
export function survivalContract(backend: StoreBackend): void {
  describe(`${backend.name}: what comes back`, () => {
    const kit = new StoreKit(backend)

    it('keeps the last retained message of each topic until it is cleared', async () => {
      await kit.commit((batch) => {
        batch.retainedSet(retained('a', '1'))
        batch.retainedSet(retained('a', '2'))
        batch.retainedSet(retained('b', '3'))
        batch.retainedSet(retained('c/é', '4'))
      })
      await kit.commit((batch) => batch.retainedCleared('b'))
      const kept = await kit.retained()
      expect(kept.map((m) => `${m.topic} ${m.payload}`).sort()).toEqual(['a 2', 'c/é 4'])
      expect(kept.every((m) => m.retain)).toBe(true)
    })

    it('reads the retained message of a topic', async () => {
      await kit.commit((batch) => {
        batch.retainedSet(retained('a', '1'))
        batch.retainedSet(retained('b', '2'))
      })
      await kit.commit((batch) => {
        batch.retainedSet(retained('a', '3'))
        batch.retainedCleared('b')
      })
      for (let time = 0; time < 2; time++) {
        expect((await kit.store.readRetained('a'))?.payload.toString()).toBe('3')
        expect(await kit.store.readRetained('b')).toBeUndefined()
        expect(await kit.store.readRetained('c')).toBeUndefined()
        await kit.reopen()
      }
    })

    it('gives back all that a message and its delivery are', async () => {
      const sent = new Map<string, [Message, Delivery]>()
      await kit.commitTo((session) => {
        session.began(state)
        for (const [text, wish, delivery] of variants()) {
          const original = message(text, wish.qos, { topic: 't/ü', from: 'publisher', ...wish })
          sent.set(text, [original, delivery])
          session.queued(0, sent.size, original, delivery)
        }
        session.lane(lane(0, 1, sent.size + 1, sent.size))
      })
      await kit.reopen()
      const entries = await kit.store.readQueue(key, 0, 0, all)
      expect(entries).toHaveLength(sent.size)
      for (const entry of entries) {
        const [original, delivery] = sent.get(entry.message.payload.toString()) ?? []
        expect(fieldsOf(entry.message)).toEqual(fieldsOf(original as Message))
        expect(deliveryFieldsOf(entry.delivery)).toEqual(deliveryFieldsOf(delivery as Delivery))
      }
    })

    it('gives everything back when it is opened again', async () => {
      await kit.commit((batch) => {
        const session = batch.session(key)
        session.began(state)
        session.subscribed('a', options)
        queue(session, 0, 1, 4)
        session.page(0, entriesOf(1, 3))
        slot(session, 7, 1)
        session.awaitingRel(8, 1000)
        batch.retainedSet(retained('a', '1'))
      })
      const uncommitted = kit.newBatch()
      uncommitted.session(key).ended()
      const session = await kit.theSession()
      expect(session?.snapshot.subscriptions).toEqual([['a', options]])
      expect(session?.snapshot.inflight.map(({ packetId }) => packetId)).toEqual([7])
      expect(session?.snapshot.awaitingRel.map(([packetId]) => packetId)).toEqual([8])
      expect(session?.snapshot.lanes).toEqual([lane(0, 1, 5, 4)])
      expect(await kit.read(0)).toEqual(['1 m1', '2 m2', '3 m3', '4 m4'])
      expect((await kit.retained()).map((m) => m.payload.toString())).toEqual(['1'])
      await kit.commitTo((writer) => writer.lane(lane(0, 3, 5, 2)))
      await kit.commitTo((writer) => writer.unsubscribed('a'))
      expect((await kit.theSession())?.snapshot).toMatchObject({
        subscriptions: [],
        lanes: [lane(0, 3, 5, 2)],
      })
      expect(await kit.read(0, 3)).toEqual(['3 m3', '4 m4'])
    })

    if (backend.features.carriesTime) {
      it('lets time go on from where the last process left it, as the wall clock says', async () => {
        await kit.commitTo((session) => {
          session.began({ ...state, disconnectedAt: 4000 })
          session.queued(0, 1, message('m', 1, { expiresAt: 65_000 }), at(1))
          session.lane(lane(0, 1, 2, 1))
        })
        await kit.reopen({ now: 100, wallMs: kit.time.wallMs + 20_000 })
        const [session] = await kit.foundSessions()
        expect(session?.state.disconnectedAt).toBe(100 - 21_000)
        const [entry] = await kit.store.readQueue(key, 0, 0, all)
        expect(entry?.message.expiresAt).toBe(100 + 40_000)
      })

      it('never lets time go backwards', async () => {
        await kit.commitTo((session) => session.began({ ...state, disconnectedAt: 4000 }))
        await kit.reopen({ now: 100, wallMs: 0 })
        const [session] = await kit.foundSessions()
        expect(session?.state.disconnectedAt).toBe(100 - 1000)
      })
    }
  })
}

/** Messages of every kind, with deliveries of every kind. */
function variants(): [text: string, wish: { qos: QoS; [wish: string]: unknown }, Delivery][] {
  const plain = at(1)
  return [
    ['qos 0', { qos: 0 }, at(0)],
    ['retain', { qos: 1, retain: true }, at(1, { retainAsPublished: true })],
    ['qos 2', { qos: 2, from: '' }, at(2, { subscriptionIds: [1, 268_435_455] })],
    ['expires', { qos: 1, expiresAt: 123_456_789 }, plain],
    ['shared', { qos: 1 }, at(1, { shared: '$share/g/ü/#' })],
    ['both', { qos: 1 }, at(2, { shared: '$share/g/t', subscriptionIds: [9] })],
    ['', { qos: 1 }, plain],
    ['x'.repeat(100_000), { qos: 1 }, plain],
  ]
}

/** When it came in counts only for what is retained. */
function fieldsOf(of: Message): object {
  const { expiresAt, from, isRetained, number, qos, receivedAt, retain, topic } = of
  const payload = of.payload.toString()
  const received = retain && { receivedAt }
  return { expiresAt, from, isRetained, number, payload, qos, retain, topic, ...received }
}

function deliveryFieldsOf({ qos, retainAsPublished, shared, subscriptionIds }: Delivery): object {
  return { qos, retainAsPublished, shared, subscriptionIds }
}
