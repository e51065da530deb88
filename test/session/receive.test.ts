import { describe, expect, it } from 'vitest'
import { ReasonCode } from '../../src/mqtt/reason-code.ts'
import { SessionKit } from '../support/session-kit.ts'

describe('QoS 2 from the client', () => {
  it('[MQTT-4.3.3-8] [MQTT-4.3.3-10] routes an id once until PUBREL', () => {
    const { session } = new SessionKit().connect()
    expect(session.receive(7, 0)).toBe('new')
    expect(session.receive(7, 0)).toBe('duplicate')
    expect(session.pubrel(7)).toBe(true)
    expect(session.receive(7, 0)).toBe('new')
  })

  it('[MQTT-4.3.3-9] PUBREC ≥ 0x80 frees the id', () => {
    const { session } = new SessionKit().connect()
    session.receive(7, 0)
    session.forget(7)
    expect(session.receive(7, 0)).toBe('new')
  })

  it('[MQTT-4.3.3-11] PUBREL of an unknown id is told apart', () => {
    const { session } = new SessionKit().connect()
    session.receive(7, 0)
    expect([session.pubrel(8), session.pubrel(7), session.pubrel(7)]).toEqual([false, true, false])
  })

  it('[MQTT-4.3.3-11] a PUBREL on the next connection finds its id', () => {
    const kit = new SessionKit().connect()
    kit.session.receive(7, 0)
    kit.reconnect()
    expect(kit.session.pubrel(7)).toBe(true)
  })

  it('refuses more ids than max_awaiting_rel', () => {
    const { session } = new SessionKit({ awaitingRelMax: 2 }).connect()
    session.receive(1, 0)
    session.receive(2, 0)
    expect(session.receive(3, 0)).toMatchObject({ code: ReasonCode.ReceiveMaximumExceeded })
    expect(session.receive(1, 0)).toBe('duplicate')
    expect(session.stats().awaiting_rel_cnt).toBe(2)
  })

  it('forgets ids at awaiting_rel_timeout, oldest first, and tells it', () => {
    const kit = new SessionKit({ awaitingRelTimeoutMs: 100 }).connect()
    expect(kit.session.expireAwaitingRel(0)).toBe(100)
    kit.session.receive(1, 0)
    kit.session.receive(2, 50)
    expect(kit.session.expireAwaitingRel(99)).toBe(100)
    expect(kit.session.expireAwaitingRel(100)).toBe(150)
    expect(kit.observer.take()).toEqual(['awaiting-rel 1'])
    expect(kit.session.pubrel(2)).toBe(true)
  })

  it('[MQTT-4.3.3-10] never forgets without a time-out', () => {
    const { session } = new SessionKit().connect()
    session.receive(1, 0)
    expect(session.expireAwaitingRel(1e12)).toBeUndefined()
    expect(session.receive(1, 0)).toBe('duplicate')
  })
})

describe('subscriptions', () => {
  const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const

  it('[MQTT-3.8.4-3] replaces an existing one and says whether it is new', () => {
    const { session } = new SessionKit()
    expect(session.subscribe('a/+', { ...options })).toBe(true)
    expect(session.subscribe('a/+', { ...options, qos: 2 })).toBe(false)
    expect(session.subscriptions.get('a/+')).toMatchObject({ qos: 2 })
    expect(session.subscriptions.size).toBe(1)
  })

  it('refuses a new one beyond max_subscriptions, 0x97, but replaces', () => {
    const { session } = new SessionKit({ subscriptionsMax: 1 })
    session.subscribe('a', { ...options })
    expect(session.subscribe('b', { ...options })).toMatchObject({ code: ReasonCode.QuotaExceeded })
    expect(session.subscribe('a', { ...options })).toBe(false)
  })

  it('[MQTT-3.10.4-1] answers what was unsubscribed, undefined for what was not', () => {
    const { session } = new SessionKit()
    session.subscribe('a', { ...options })
    expect(session.unsubscribe('a')).toMatchObject({ qos: 1 })
    expect(session.unsubscribe('a')).toBeUndefined()
  })
})
