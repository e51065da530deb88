import { describe, expect, test } from 'vitest'
import { ReasonCode } from '../../src/mqtt/reason-code.ts'
import type { Session } from '../../src/session/session.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { TestBrokerWish } from '../support/test-broker.ts'
import { Owner, SessionsKit, stays, will } from './sessions-kit.ts'

describe('the fates of a session and their events', () => {
  test('created, resumed, taken over, discarded, terminated', async () => {
    const kit = new SessionsKit()
    const owner = new Owner()
    expect((await kit.open('c', { owner })).isPresent).toBe(false)
    kit.sessions.close('c', owner, stays)
    expect((await kit.open('c')).isPresent).toBe(true)
    expect((await kit.open('c')).isPresent).toBe(true)
    expect((await kit.open('c', { cleanStart: true })).isPresent).toBe(false)
    kit.sessions.destroy('c')
    expect(kit.events).toEqual([
      'created c',
      'resumed c',
      'takenover c',
      'resumed c',
      'discarded c',
      'created c',
      'terminated c',
    ])
  })

  test('subscribed and unsubscribed; what was not subscribed is told by nobody', async () => {
    const kit = new SessionsKit()
    const { session } = await kit.open('c')
    kit.subscribe(session, 'a/#')
    expect(kit.sessions.unsubscribe(session, 'a/#')).toBe(true)
    expect(kit.sessions.unsubscribe(session, 'a/#')).toBe(false)
    expect(kit.events).toEqual(['created c', 'subscribed c a/#', 'unsubscribed c a/#'])
  })

  test('a session of interval 0 ends when its connection is taken over, without being discarded', async () => {
    const kit = new SessionsKit()
    await kit.open('c', { expiryInterval: 0 })
    const { isPresent } = await kit.open('c')
    expect(isPresent).toBe(false)
    expect(kit.events).toEqual(['created c', 'terminated c', 'created c'])
  })

  test('a listener that throws leaves no session without an owner', async () => {
    let isThrowing = true
    const kit = new SessionsKit({
      events: {
        sessionCreated: () => {
          if (isThrowing) throw new Error('a bug in a hook')
        },
      },
    })
    const client = kit.test.open()
    client.sendConnect({ clientId: 'c', properties: { sessionExpiryInterval: 100 } })
    expect((await client.expect('connack')).reasonCode).toBe(ReasonCode.ServerUnavailable)
    await client.closed()
    expect(kit.sessions.connectedCount).toBe(0)
    isThrowing = false
    await kit.open('c')
    await kit.test.time.pass(200_000)
    expect(kit.sessions.connectedCount).toBe(1)
  })
})

describe('one owner at a time', () => {
  test('[MQTT-3.1.4-3] taking over evicts the earlier connection, which can end nothing any more', async () => {
    const kit = new SessionsKit()
    const first = new Owner()
    const { session } = await kit.open('c', { owner: first })
    const second = new Owner()
    expect((await kit.open('c', { owner: second })).session).toBe(session)
    expect(first.evictions).toEqual([ReasonCode.SessionTakenOver])
    kit.sessions.close('c', first, stays)
    expect(kit.sessions.lookup('c')?.owner).toBe(second)
    expect(kit.sessions.connectedCount).toBe(1)
  })

  test('many that come at once take over one after another: one is left', async () => {
    const kit = new SessionsKit()
    const owners = Array.from({ length: 10 }, () => new Owner())
    await Promise.all(owners.map((owner) => kit.open('c', { owner })))
    expect(kit.sessions.count).toBe(1)
    expect(owners.map(({ evictions }) => evictions.length)).toEqual([...Array(9).fill(1), 0])
    expect(kit.sessions.lookup('c')?.owner).toBe(owners[9])
  })

  test('messages published between two connections reach the session once, in order', async () => {
    const kit = new SessionsKit()
    const { session } = await kit.open('c')
    kit.subscribe(session, 't')
    kit.publish('t', '1')
    const opening = kit.open('c')
    kit.publish('t', '2')
    await opening
    kit.publish('t', '3')
    expect(kit.waitingFor(session)).toEqual(['1', '2', '3'])
  })

  test('kick disconnects with 0x98 and keeps the session for its interval', async () => {
    const kit = new SessionsKit()
    const owner = new Owner()
    await kit.open('c', { owner })
    expect(kit.sessions.kick('c')).toBe(true)
    expect(owner.evictions).toEqual([ReasonCode.AdministrativeAction])
    expect(kit.sessions.kick('c')).toBe(false)
    await kit.test.time.pass(99_999)
    expect(kit.sessions.has('c')).toBe(true)
    await kit.test.time.pass(1)
    expect(kit.sessions.has('c')).toBe(false)
  })

  test('destroy drops everything, connected or away', async () => {
    const kit = new SessionsKit()
    const owner = new Owner()
    const { session } = await kit.open('c', { owner })
    kit.subscribe(session, 't')
    await kit.away('d')
    expect([kit.sessions.destroy('c'), kit.sessions.destroy('d')]).toEqual([true, true])
    expect(owner.evictions).toEqual([ReasonCode.AdministrativeAction])
    expect(kit.sessions.destroy('c')).toBe(false)
    expect(kit.sessions.count).toBe(0)
    expect(kit.test.broker.router.match('t').targets).toEqual([])
    expect(kit.sessions.kick('nobody')).toBe(false)
  })

  test('list has all sessions, and an ended one leaves no deadline behind', async () => {
    const kit = new SessionsKit()
    const before = kit.test.time.deadlines.size
    await kit.away('a', { will: will(50) })
    await kit.open('b')
    expect([...kit.sessions.list()].map(({ session }) => session.clientId)).toEqual(['a', 'b'])
    expect(kit.test.time.deadlines.size).toBe(before + 2)
    kit.sessions.destroy('a')
    expect(kit.test.time.deadlines.size).toBe(before)
  })
})

describe('wills', () => {
  async function watching(
    wish: TestBrokerWish = {},
  ): Promise<{ kit: SessionsKit; watcher: Session }> {
    const kit = new SessionsKit(wish)
    const watcher = await kit.away('watcher', { expiryInterval: Number.POSITIVE_INFINITY })
    kit.subscribe(watcher, 'wills')
    return { kit, watcher }
  }

  test.each([
    ['[MQTT-3.1.3-9] a delayed one is dropped when the session goes on', {}, 50, {}, 0],
    ['one without delay is published', {}, 0, {}, 1],
    ['a delayed one is published at a clean start', {}, 50, { cleanStart: true }, 1],
    ['a delayed one is published when the session was to end', { expiryInterval: 0 }, 50, {}, 1],
  ])('of a connection taken over: %s', async (_title, first, delay, second, published) => {
    const { kit, watcher } = await watching()
    await kit.open('c', { will: will(delay), ...first })
    await kit.open('c', second)
    await kit.test.time.pass(200_000)
    expect(kit.waitingFor(watcher)).toHaveLength(published)
  })

  test('of an MQTT 3.x connection taken over is always published', async () => {
    const { kit, watcher } = await watching()
    const owner = new Owner()
    owner.protocolVersion = 4
    await kit.open('c', { owner, will: will(0) })
    await kit.open('c')
    expect(kit.waitingFor(watcher)).toEqual(['will'])
  })

  test.each(['kick', 'take over'])(
    '[MQTT-3.1.2-7] of a CONNECT that was not accepted does not exist: %s',
    async (how) => {
      const { kit, watcher } = await watching()
      const owner = new Owner()
      owner.isAccepted = false
      await kit.open('c', { owner, will: will(0) })
      if (how === 'kick') kit.sessions.kick('c')
      else await kit.open('c')
      await kit.test.time.pass(200_000)
      expect(kit.waitingFor(watcher)).toEqual([])
    },
  )

  test('[MQTT-3.1.3-9] is published when its delay has passed or the session ends, whichever is first', async () => {
    const { kit, watcher } = await watching()
    await kit.away('short', { will: will(10) })
    await kit.away('long', { will: will(1000) })
    await kit.test.time.pass(9_999)
    expect(kit.waitingFor(watcher)).toEqual([])
    await kit.test.time.pass(1)
    expect(kit.waitingFor(watcher)).toEqual(['will'])
    await kit.test.time.pass(90_000)
    expect(kit.waitingFor(watcher)).toEqual(['will', 'will'])
  })

  test('by kick and by dropping the session it is published, once', async () => {
    const { kit, watcher } = await watching()
    await kit.open('kicked', { will: will(0) })
    kit.sessions.kick('kicked')
    await kit.open('destroyed', { will: will(50) })
    kit.sessions.destroy('destroyed')
    await kit.test.time.pass(200_000)
    expect(kit.waitingFor(watcher)).toEqual(['will', 'will'])
  })

  test('DISCONNECT may shorten the expiry, and takes the will away', async () => {
    const { kit, watcher } = await watching()
    const owner = new Owner()
    await kit.open('c', { owner, will: will(50) })
    kit.sessions.close('c', owner, { publishWill: false, expiryInterval: 10 })
    await kit.test.time.pass(10_000)
    expect(kit.sessions.has('c')).toBe(false)
    expect(kit.waitingFor(watcher)).toEqual([])
  })

  test('due at a restart finds everybody who wants it, whoever is restored first', async () => {
    const store = new MemoryStore()
    const before = new SessionsKit({ store })
    await before.open('a', { will: will(0) })
    const { session } = await before.open('b')
    before.subscribe(session, 'wills')
    await before.test.settle()
    const after = new SessionsKit({ store })
    await after.test.broker.start()
    const restored = after.sessions.lookup('b')?.session as Session
    expect(after.waitingFor(restored)).toEqual(['will'])
  })
})
