import { describe, expect, test } from 'vitest'
import { ReasonCode } from '../../src/mqtt/reason-code.ts'
import { Refusal } from '../../src/mqtt/refusal.ts'
import type { Session } from '../../src/session/session.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { SessionsKit, wanting1, will } from './sessions-kit.ts'

describe('limits', () => {
  test('max_sessions: the longest disconnected ends for a new one, never a connected one', async () => {
    const kit = new SessionsKit({ limits: { sessionsMax: 3 } })
    await kit.away('old')
    await kit.away('older')
    await kit.open('old')
    await kit.open('connected')
    await kit.open('new')
    expect([...kit.sessions.list()].map(({ session }) => session.clientId)).toEqual([
      'old',
      'connected',
      'new',
    ])
    expect(await kit.tryOpen('one more')).toMatchObject({ code: ReasonCode.QuotaExceeded })
    expect((await kit.tryOpen('new', { cleanStart: true })) instanceof Refusal).toBe(false)
    expect(kit.test.broker.metrics.sessionsEndedByLimit).toBe(1)
  })

  test('max_queued_bytes: the longest disconnected that have a queue end', async () => {
    const kit = new SessionsKit({ limits: { queuedBytesMax: 5000 } })
    await kit.away('nothing queued')
    for (const clientId of ['a', 'b', 'c']) kit.subscribe(await kit.away(clientId), clientId)
    for (const topic of ['b', 'a', 'c']) kit.publish(topic, 'x'.repeat(2000))
    const left = [...kit.sessions.list()].map(({ session }) => session.clientId)
    expect(left).toEqual(['nothing queued', 'b', 'c'])
    expect(kit.test.broker.metrics.sessionsEndedByLimit).toBe(1)
    expect(kit.test.logged.filter(({ level }) => level === 'warn')).toMatchObject([
      { fields: { clientId: 'a' }, message: 'a session ended: limits.max_queued_bytes is reached' },
    ])
  })

  test('max_queued_bytes: however many sessions end, their wills do not nest', async () => {
    const queuedBytesMax = 2_000_000
    const kit = new SessionsKit({ limits: { queuedBytesMax }, session: { mqueueLengthMax: 1e9 } })
    for (let i = 0; i < 3000; i++) {
      kit.subscribe(await kit.away(`c${i}`, { will: will(50) }), `to/${i}`)
      kit.publish(`to/${i}`)
    }
    const watcher = await kit.away('watcher')
    kit.subscribe(watcher, 'wills')
    kit.publish('to/2999', 'x'.repeat(queuedBytesMax))
    expect(kit.waitingFor(watcher).length).toBe(kit.test.broker.metrics.sessionsEndedByLimit)
    expect(kit.sessions.has('c2999')).toBe(false)
  })
})

describe('what is recorded', () => {
  test('CONNACK waits for the end of a durable session, also when a new one leaves no trace', async () => {
    const kit = new SessionsKit({ store: new MemoryStore() })
    expect((await kit.open('c')).batch).toBeGreaterThan(0)
    await kit.test.settle()
    const { journal } = kit.test.broker
    const { batch } = await kit.open('c', { cleanStart: true, expiryInterval: 0 })
    expect(batch).toBeGreaterThan(journal.committed)
    expect((await kit.open('d', { expiryInterval: 0 })).batch).toBe(0)
  })

  test('a zone without durability takes the records away, one with brings everything back', async () => {
    const store = new MemoryStore()
    const kit = new SessionsKit({ store })
    const none = { ...kit.zone, channel: { ...kit.zone.channel, durability: 'none' as const } }
    const session = await kit.away('c', { zone: none })
    kit.subscribe(session, 't')
    kit.publish('t', 'kept')
    await kit.test.settle()
    expect(store.sessionCount).toBe(0)
    await kit.away('c')
    await kit.test.settle()
    const restarted = new SessionsKit({ store })
    await restarted.test.broker.start()
    const restored = restarted.sessions.lookup('c')?.session as Session
    expect([...restored.subscriptions.keys()]).toEqual(['t'])
    expect(restored.stats().mqueue_len).toBe(1)
    expect((await kit.open('c', { zone: none })).batch).toBeGreaterThan(0)
    await kit.test.settle()
    expect(store.sessionCount).toBe(0)
  })

  test('the limits of the zone that it comes back through hold from then on', async () => {
    const kit = new SessionsKit()
    const session = await kit.away('c')
    const small = { ...kit.zone, session: { ...kit.zone.session, subscriptionsMax: 1 } }
    await kit.open('c', { zone: small })
    kit.subscribe(session, 'a')
    const refusal = kit.sessions.subscribe(session, 'b', wanting1)
    expect(refusal).toMatchObject({ code: ReasonCode.QuotaExceeded })
    expect(kit.test.broker.router.match('b').targets).toEqual([])
  })
})
