import { describe, expect, it } from 'vitest'
import { at, message, retainedItem, SessionKit } from '../support/session-kit.ts'

describe('resume', () => {
  it('[MQTT-4.4.0-1] [MQTT-4.6.0-1] resends in the original order with the original ids, then the queue', () => {
    const kit = new SessionKit({ inflightMax: 3 }).connect().deliver(2, 'a').deliver(1, 'b')
    kit.deliver(2, 'c').deliver(1, 'd')
    kit.pubrec(1)
    kit.disconnect().deliver(1, 'e')
    expect(kit.connect().pump()).toEqual(['pubrel 1', '1 b#2 dup', '2 c#3 dup'])
    expect(kit.puback(2)).toEqual(['1 d#4'])
    kit.pubcomp(1)
    expect(kit.session.stats().inflight_cnt).toBe(3)
  })

  it('[MQTT-3.3.1-1] sets DUP on what was sent before, and not on what was not', () => {
    const kit = new SessionKit().connect().deliver(1, 'a')
    kit.disconnect().deliver(1, 'b')
    expect(kit.connect().pump()).toEqual(['1 a#1 dup', '1 b#2'])
  })

  it('[MQTT-4.4.0-1] resends nothing while the connection lasts', () => {
    const kit = new SessionKit({ retryIntervalMs: 10 }).connect().deliver(1, 'a')
    kit.sink.take()
    kit.now = 1000
    expect(kit.session.retry(kit.now)).toBeUndefined()
    expect(kit.pump()).toEqual([])
  })

  it('PUBREL in the middle of a window is not held back by the quota', () => {
    const kit = new SessionKit().connect().deliver(2, 'a', 'b', 'c', 'd')
    kit.pubrec(2, 4)
    expect(kit.reconnect(1).pump()).toEqual(['2 a#1 dup', 'pubrel 2', 'pubrel 4'])
    expect(kit.pubrec(1)).toEqual(['pubrel 1'])
    expect(kit.pubcomp(1)).toEqual(['2 c#3 dup'])
  })

  it('a PUBREC that comes on the next connection before the resend moves the slot on', () => {
    const kit = new SessionKit().connect().deliver(2, 'a', 'b')
    kit.reconnect(1)
    expect(kit.session.pubrec(2, 0, 0)).toBeUndefined()
    expect(kit.session.pubrec(1, 0, 0)).toBeUndefined()
    expect(kit.pump()).toEqual(['pubrel 2', 'pubrel 1'])
  })

  it('a second cut before anything is resent changes nothing', () => {
    const kit = new SessionKit().connect().deliver(2, 'a').deliver(1, 'b')
    kit.reconnect().reconnect()
    expect(kit.pump()).toEqual(['2 a#1 dup', '1 b#2 dup'])
  })

  it('nothing is sent without a connection', () => {
    const kit = new SessionKit().connect().deliver(1, 'a')
    kit.sink.take()
    kit.disconnect().deliver(1, 'b')
    expect(kit.pump()).toEqual([])
    expect([kit.session.isConnected, kit.session.isWritable]).toEqual([false, false])
  })
})

describe('retry (MQTT 3.x)', () => {
  it('resends what is older than the interval, oldest first, DUP or PUBREL', () => {
    const kit = new SessionKit({ retryIntervalMs: 100 }).connect(65535, 4)
    kit.deliver(2, 'a').deliver(1, 'b')
    kit.pubrec(1)
    kit.now = 50
    kit.deliver(1, 'c')
    kit.sink.take()
    expect(kit.session.retry(99)).toBe(100)
    expect(kit.sink.take()).toEqual([])
    expect(kit.session.retry(100)).toBe(150)
    expect(kit.sink.take()).toEqual(['pubrel 1', '1 b#2 dup'])
    expect(kit.session.retry(150)).toBe(200)
    expect(kit.sink.take()).toEqual(['1 c#3 dup'])
  })

  it('is off at interval 0, without a connection, and sends nothing into a full socket', () => {
    const off = new SessionKit().connect(65535, 4).deliver(1, 'a')
    expect(off.session.retry(1e9)).toBeUndefined()
    const kit = new SessionKit({ retryIntervalMs: 100 }).connect(65535, 3).deliver(1, 'a')
    kit.sink.take()
    kit.sink.writable = false
    expect(kit.session.retry(1000)).toBe(1100)
    expect(kit.sink.take()).toEqual([])
    kit.disconnect()
    expect(kit.session.retry(2000)).toBeUndefined()
  })
})

describe('retained messages of a new subscription', () => {
  const retained = (...texts: string[]) =>
    texts.map((text) => retainedItem(message(text, 1, { retain: true })))

  it('[MQTT-3.3.1-8] [MQTT-3.3.4-9] go out with RETAIN set, as the window allows', () => {
    const kit = new SessionKit().connect(2)
    kit.session.sendRetained(retained('a', 'b', 'c'), at(1))
    expect(kit.session.hasWaiting).toBe(true)
    expect(kit.pump()).toEqual(['1 a#1 retain', '1 b#2 retain'])
    expect(kit.session.retainedLength).toBe(1)
    expect(kit.puback(1)).toEqual(['1 c#3 retain'])
    expect(kit.session.hasWaiting).toBe(false)
  })

  it('come before what is in the mqueue, and new messages do not pass them', () => {
    const kit = new SessionKit().connect()
    kit.sink.writable = false
    kit.deliver(1, 'live')
    kit.session.sendRetained(retained('a'), at(0))
    kit.session.sendRetained(retained('b'), at(1))
    kit.sink.writable = true
    kit.deliver(1, 'later').deliver(0, 'last')
    expect(kit.pump()).toEqual(['0 a retain', '1 b#1 retain', '1 live#2', '1 later#3', '0 last'])
  })

  it('a message that is delivered before the pump ran does not pass them', () => {
    const kit = new SessionKit().connect()
    kit.session.sendRetained(retained('a'), at(1))
    expect(kit.deliver(1, 'live').pump()).toEqual(['1 a#1 retain', '1 live#2'])
  })

  it('count to no limit of the mqueue and survive a cut', () => {
    const kit = new SessionKit({ mqueueLengthMax: 1 }).connect(1)
    kit.session.sendRetained(retained('a', 'b', 'c'), at(1))
    expect(kit.pump()).toEqual(['1 a#1 retain'])
    expect(kit.reconnect().pump()).toEqual(['1 a#1 dup retain', '1 b#2 retain', '1 c#3 retain'])
    expect(kit.observer.take()).toEqual([])
  })

  it('[MQTT-3.3.2-5] skip what has expired meanwhile', () => {
    const kit = new SessionKit().connect()
    const expiring = retainedItem(message('a', 1, { retain: true, expiresAt: 10 }))
    kit.session.sendRetained([expiring, ...retained('b')], at(1))
    kit.now = 10
    expect(kit.pump()).toEqual(['1 b#1 retain'])
    expect(kit.observer.take()).toEqual(['expired a'])
  })
})
