import { describe, expect, test } from 'vitest'
import { arrive, LedgerKit } from './kit.ts'

describe('a message is owed to a session', () => {
  test('from its acknowledgement until it comes', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    const message = kit.send()
    expect(kit.ledger.debts).toBe(0)
    kit.ledger.acknowledged(message)
    expect(kit.ledger.debts).toBe(1)
    arrive(session, message)
    expect(kit.ledger.debts).toBe(0)
    kit.ledger.audit()
    expect(kit.found).toEqual({})
  })

  test('each of two, and to nobody who wants other topics', () => {
    const kit = new LedgerKit()
    kit.subscriber('s')
    kit.subscriber('t')
    kit.publish(1, 'b')
    kit.publish(1, 'a')
    expect(kit.ledger.debts).toBe(2)
  })

  test('not when it came before its acknowledgement', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    const message = kit.send()
    arrive(session, message)
    kit.ledger.acknowledged(message)
    expect(kit.ledger.debts).toBe(0)
  })

  test.each([
    ['asked for behind its first PUBLISH', 'late'],
    ['asked for and not acknowledged', 'asked'],
    ['of QoS 0', 'qos0'],
    ['that UNSUBSCRIBE was sent for', 'leaving'],
    ['that SUBSCRIBE was sent for again', 'again'],
  ] as const)('not by a subscription %s', (_title, what) => {
    const kit = new LedgerKit()
    const session = kit.ledger.beginSession('s')
    if (what !== 'late') session.subscribing('a', what === 'qos0' ? 0 : 2)
    if (what !== 'late' && what !== 'asked') session.subscribed('a', what === 'qos0' ? 0 : 2)
    const message = kit.send()
    if (what === 'leaving') session.unsubscribing('a')
    if (what === 'late' || what === 'again') session.subscribing('a', 1)
    if (what === 'late') session.subscribed('a', 1)
    kit.ledger.acknowledged(message)
    expect(kit.ledger.debts).toBe(0)
  })

  test('also when it unsubscribes behind the acknowledgement', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    kit.publish()
    session.unsubscribing('a')
    session.unsubscribed('a')
    expect(kit.ledger.debts).toBe(1)
  })

  test('no longer when the session ends as agreed', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    kit.publish()
    kit.ledger.endSession(session)
    kit.publish()
    expect(kit.ledger.audit()).toBe(0)
    expect(kit.found).toEqual({})
  })
})

describe('a message is lost', () => {
  test('when it has not come at the audit: by name, with the life that acknowledged it', () => {
    const kit = new LedgerKit()
    kit.subscriber('s')
    kit.publish()
    kit.restart()
    const other = kit.subscriber('t')
    arrive(other, kit.publish(2))
    kit.restart()
    expect(kit.ledger.audit()).toBe(2)
    expect(kit.found).toEqual({ lost: 2 })
    const { lost, list } = kit.faults
    expect(lost).toEqual([
      { publisher: 'p', topic: 'a', number: 0, qos: 1, session: 's', acknowledgedInLife: 1 },
      { publisher: 'p', topic: 'a', number: 1, qos: 2, session: 's', acknowledgedInLife: 2 },
    ])
    expect(list[1]?.text).toContain("p's message 1 to a at QoS 2, acknowledged in life 2")
  })

  test('once: it is not owed any more afterwards', () => {
    const kit = new LedgerKit()
    kit.subscriber()
    kit.publish()
    kit.ledger.audit()
    kit.ledger.audit()
    expect(kit.found).toEqual({ lost: 1 })
  })

  test('when its session is gone, which is a fault of its own', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    kit.publish()
    kit.publish(2)
    kit.ledger.loseSession(session)
    expect(kit.found).toEqual({ lost: 2, session: 1 })
  })
})

describe('while a clean start is not answered', () => {
  test('nothing new is owed, and nothing old is told', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    kit.publish()
    session.doubt()
    kit.publish()
    expect(session.owedAtDoubt).toBe(1)
    expect(kit.ledger.audit()).toBe(0)
    expect(kit.found).toEqual({})
  })

  test('and the old session turns out to be there, what it was owed is owed still', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    kit.publish()
    session.doubt()
    session.trust()
    kit.publish()
    expect(kit.ledger.debts).toBe(2)
  })

  test('and a new one turns out to be there, it is owed nothing and must get nothing of it', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    const old = kit.publish()
    session.doubt()
    session.subscribing('b', 1)
    session.subscribed('b', 1)
    const next = kit.ledger.replaceSession(session)
    expect(kit.ledger.debts).toBe(0)
    arrive(next, kit.publish(1, 'b'))
    expect(kit.found).toEqual({})
    arrive(next, old)
    expect(kit.found).toEqual({ stray: 1 })
  })
})

describe('what is safe', () => {
  test('is what the broker knew when a message was sent that it had to write down', () => {
    const kit = new LedgerKit()
    kit.subscriber()
    const before = kit.ledger.nextTick()
    const message = kit.send()
    const between = kit.ledger.nextTick()
    expect(kit.ledger.safeTick).toBeLessThan(before)
    kit.ledger.acknowledged(message)
    expect(kit.ledger.safeTick).toBeGreaterThan(before)
    expect(kit.ledger.safeTick).toBeLessThan(between)
  })

  test('is not told by a message that nobody was to get', () => {
    const kit = new LedgerKit()
    const before = kit.ledger.nextTick()
    kit.publish()
    expect(kit.ledger.safeTick).toBeLessThan(before)
  })
})
