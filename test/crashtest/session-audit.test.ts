import { describe, expect, test } from 'vitest'
import { arrive, LedgerKit } from './kit.ts'

describe('doubled', () => {
  test('is a QoS 2 message that comes twice, also in another life', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    const message = kit.publish(2)
    arrive(session, message)
    kit.restart()
    arrive(session, message, { packetId: 9 })
    expect(kit.found).toEqual({ doubled: 1 })
    expect(kit.faults.list[0]?.text).toBe("life 2: s got p's message 0 (a, QoS 2), twice at QoS 2")
  })

  test('is not a QoS 1 message in another life: it is counted', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    const message = kit.publish(1)
    arrive(session, message)
    kit.restart()
    arrive(session, message, { packetId: 9 })
    expect(kit.found).toEqual({})
    expect(kit.ledger.tally.qos1Duplicates).toBe(1)
  })

  test('is not a QoS 2 message that a subscription takes at QoS 1', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber('s', 1)
    const message = kit.publish(2)
    arrive(session, message, { qos: 1 })
    kit.restart()
    arrive(session, message, { qos: 1 })
    expect(kit.found).toEqual({})
  })
})

describe('sent again in the same life, a QoS 1 message that was published once', () => {
  test('has DUP and its identifier', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    const message = kit.publish()
    arrive(session, message, { packetId: 7 })
    arrive(session, message, { packetId: 7, isDup: true })
    expect(kit.found).toEqual({})
  })

  test.each([
    ['without DUP', { packetId: 7 }],
    ['under another identifier', { packetId: 8, isDup: true }],
  ])('%s is a fault', (_title, how) => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    const message = kit.publish()
    arrive(session, message, { packetId: 7 })
    arrive(session, message, how)
    expect(kit.found).toEqual({ resend: 1 })
  })

  test('is another copy when its publisher had to send it again', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    const message = kit.send()
    kit.ledger.sending(message)
    kit.ledger.acknowledged(message)
    arrive(session, message, { packetId: 7 })
    arrive(session, message, { packetId: 8 })
    expect(kit.found).toEqual({})
  })
})

describe('order', () => {
  test('is that of the publisher, for each topic and QoS', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    const [first, second] = [kit.publish(), kit.publish()]
    const other = kit.publish(2)
    arrive(session, other)
    arrive(session, second)
    expect(kit.found).toEqual({})
    arrive(session, first)
    expect(kit.found).toEqual({ outOfOrder: 1 })
  })

  test('is that of first arrivals', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    const [first, second] = [kit.publish(), kit.publish()]
    arrive(session, first)
    arrive(session, second)
    kit.restart()
    arrive(session, first, { isDup: true })
    expect(kit.found).toEqual({})
  })

  test('is not kept by what a subscription may have missed when it was first sent', () => {
    const kit = new LedgerKit()
    const session = kit.ledger.beginSession('s')
    session.subscribing('a', 1)
    const [first, second] = [kit.send(), kit.send()]
    session.subscribed('a', 1)
    arrive(session, second)
    arrive(session, first)
    expect(kit.found).toEqual({})
  })
})

describe('stray', () => {
  test('is a message that came in front of every subscription that matches it', () => {
    const kit = new LedgerKit()
    const session = kit.ledger.beginSession('s')
    const message = kit.publish()
    session.subscribing('a', 1)
    session.subscribed('a', 1)
    arrive(session, message)
    expect(kit.found).toEqual({ stray: 1 })
  })

  test('is one that was sent behind the UNSUBACK', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber()
    session.unsubscribing('a')
    const before = kit.publish()
    session.unsubscribed('a')
    const behind = kit.publish()
    arrive(session, before)
    expect(kit.found).toEqual({})
    arrive(session, behind)
    expect(kit.found).toEqual({ stray: 1 })
  })

  test('is one above the QoS of the subscription', () => {
    const kit = new LedgerKit()
    const session = kit.subscriber('s', 1)
    arrive(session, kit.publish(2), { qos: 2 })
    expect(kit.found).toEqual({ stray: 1 })
  })

  test('is none that may have been matched: SUBSCRIBE was sent, and a kill hid the answer', () => {
    const kit = new LedgerKit()
    const session = kit.ledger.beginSession('s')
    session.subscribing('a', 1)
    kit.restart()
    arrive(session, kit.publish())
    expect(kit.found).toEqual({})
  })
})
