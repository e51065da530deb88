import { describe, expect, test } from 'vitest'
import type { OpenedSession, OpenRequest, SessionOwner, Zone } from '../../src/channel/ports.ts'
import type { WillPacket } from '../../src/mqtt/packets.ts'
import { ReasonCode } from '../../src/mqtt/reason-code.ts'
import { Refusal } from '../../src/mqtt/refusal.ts'
import type { Session } from '../../src/session/session.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { message } from '../support/session-kit.ts'
import { TestBroker, type TestBrokerWish } from '../support/test-broker.ts'

/** A connection as the session manager sees it. */
class Owner implements SessionOwner {
  readonly evictions: ReasonCode[] = []
  isAccepted = true
  protocolVersion: 4 | 5 = 5

  onCommitted(): void {}

  evict(code: ReasonCode): void {
    this.evictions.push(code)
  }
}

/** A broker whose sessions are opened without connections, and what was told of them. */
class Kit {
  readonly events: string[] = []
  readonly test: TestBroker

  constructor(wish: TestBrokerWish = {}) {
    const tell = (what: string) => (session: Session, filter?: unknown) => {
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

const stays = { publishWill: true, expiryInterval: undefined }
const wanting1 = {
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
} as const

function will(delay: number): WillPacket {
  return { message: message('will', 1, { topic: 'wills' }), delay, expiryInterval: undefined }
}

describe('the fates of a session and their events', () => {
  test('created, resumed, taken over, discarded, terminated', async () => {
    const kit = new Kit()
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
    const kit = new Kit()
    const { session } = await kit.open('c')
    kit.subscribe(session, 'a/#')
    expect(kit.sessions.unsubscribe(session, 'a/#')).toBe(true)
    expect(kit.sessions.unsubscribe(session, 'a/#')).toBe(false)
    expect(kit.events).toEqual(['created c', 'subscribed c a/#', 'unsubscribed c a/#'])
  })

  test('a session of interval 0 ends when its connection is taken over, without being discarded', async () => {
    const kit = new Kit()
    await kit.open('c', { expiryInterval: 0 })
    const { isPresent } = await kit.open('c')
    expect(isPresent).toBe(false)
    expect(kit.events).toEqual(['created c', 'terminated c', 'created c'])
  })

  test('a listener that throws leaves no session without an owner', async () => {
    let isThrowing = true
    const kit = new Kit({
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
    const kit = new Kit()
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
    const kit = new Kit()
    const owners = Array.from({ length: 10 }, () => new Owner())
    await Promise.all(owners.map((owner) => kit.open('c', { owner })))
    expect(kit.sessions.count).toBe(1)
    expect(owners.map(({ evictions }) => evictions.length)).toEqual([...Array(9).fill(1), 0])
    expect(kit.sessions.lookup('c')?.owner).toBe(owners[9])
  })

  test('messages published between two connections reach the session once, in order', async () => {
    const kit = new Kit()
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
    const kit = new Kit()
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
    const kit = new Kit()
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
    const kit = new Kit()
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
  async function watching(wish: TestBrokerWish = {}): Promise<{ kit: Kit; watcher: Session }> {
    const kit = new Kit(wish)
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
    const before = new Kit({ store })
    await before.open('a', { will: will(0) })
    const { session } = await before.open('b')
    before.subscribe(session, 'wills')
    await before.test.settle()
    const after = new Kit({ store })
    await after.test.broker.start()
    const restored = after.sessions.lookup('b')?.session as Session
    expect(after.waitingFor(restored)).toEqual(['will'])
  })
})

describe('limits', () => {
  test('max_sessions: the longest disconnected ends for a new one, never a connected one', async () => {
    const kit = new Kit({ limits: { sessionsMax: 3 } })
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
    const kit = new Kit({ limits: { queuedBytesMax: 5000 } })
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
    const kit = new Kit({ limits: { queuedBytesMax }, session: { mqueueLengthMax: 1e9 } })
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
    const kit = new Kit({ store: new MemoryStore() })
    expect((await kit.open('c')).batch).toBeGreaterThan(0)
    await kit.test.settle()
    const { journal } = kit.test.broker
    const { batch } = await kit.open('c', { cleanStart: true, expiryInterval: 0 })
    expect(batch).toBeGreaterThan(journal.committed)
    expect((await kit.open('d', { expiryInterval: 0 })).batch).toBe(0)
  })

  test('a zone without durability takes the records away, one with brings everything back', async () => {
    const store = new MemoryStore()
    const kit = new Kit({ store })
    const none = { ...kit.zone, channel: { ...kit.zone.channel, durability: 'none' as const } }
    const session = await kit.away('c', { zone: none })
    kit.subscribe(session, 't')
    kit.publish('t', 'kept')
    await kit.test.settle()
    expect(store.sessionCount).toBe(0)
    await kit.away('c')
    await kit.test.settle()
    const restarted = new Kit({ store })
    await restarted.test.broker.start()
    const restored = restarted.sessions.lookup('c')?.session as Session
    expect([...restored.subscriptions.keys()]).toEqual(['t'])
    expect(restarted.waitingFor(restored)).toEqual(['kept'])
    expect((await kit.open('c', { zone: none })).batch).toBeGreaterThan(0)
    await kit.test.settle()
    expect(store.sessionCount).toBe(0)
  })

  test('the limits of the zone that it comes back through hold from then on', async () => {
    const kit = new Kit()
    const session = await kit.away('c')
    const small = { ...kit.zone, session: { ...kit.zone.session, subscriptionsMax: 1 } }
    await kit.open('c', { zone: small })
    kit.subscribe(session, 'a')
    const refusal = kit.sessions.subscribe(session, 'b', wanting1)
    expect(refusal).toMatchObject({ code: ReasonCode.QuotaExceeded })
    expect(kit.test.broker.router.match('b').targets).toEqual([])
  })
})
