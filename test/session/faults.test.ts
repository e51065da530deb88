import { describe, expect, it } from 'vitest'
import { at, message, SessionKit } from '../support/session-kit.ts'

/** What a session of this kind once got wrong elsewhere, and this one must not. */
describe('known faults', () => {
  it('1. [MQTT-4.3.3-10] resuming keeps the awaiting-rel ids: a PUBLISH sent again is routed once', () => {
    const kit = new SessionKit().connect()
    expect(kit.session.receive(5, 0)).toBe('new')
    kit.reconnect()
    expect(kit.session.receive(5, 1)).toBe('duplicate')
  })

  it('2. [MQTT-2.2.1-4] packet ids wrap without meeting one that is in flight', () => {
    const kit = new SessionKit().connect().deliver(1, 'held')
    for (let i = 0; i < 65535; i++) {
      kit.session.deliver(message('x', 1), at(1), 0)
      const packet = kit.sink.sent.at(-1)
      if (packet?.packetId === 1 && i > 0) throw new Error('id 1 is still in flight')
      kit.session.puback(packet?.packetId ?? 0, 0, 0)
    }
    expect(kit.session.info().inflight).toEqual([[1, 'publish']])
  })

  it('3. an acknowledgement of the wrong kind or phase frees nothing', () => {
    const kit = new SessionKit().connect().deliver(2, 'a').deliver(1, 'b')
    expect(kit.session.puback(1, 0, 0)).toBeDefined()
    expect(kit.session.pubcomp(2, 0, 0)).toBeDefined()
    kit.pubrec(1)
    expect(kit.session.puback(1, 0, 0)).toBeDefined()
    expect(kit.session.info().inflight).toEqual([
      [1, 'pubrel'],
      [2, 'publish'],
    ])
  })

  it('4. acked is told at PUBACK and PUBCOMP, not at PUBREC', () => {
    const kit = new SessionKit().connect().deliver(1, 'a').deliver(2, 'b')
    kit.pubrec(2)
    expect(kit.observer.take()).toEqual([])
    kit.pubcomp(2)
    kit.puback(1)
    expect(kit.observer.take()).toEqual(['acked b', 'acked a'])
  })

  it('5. [MQTT-4.4.0-1] nothing is resent to a slow MQTT 5 client, however long it takes', () => {
    const kit = new SessionKit({ retryIntervalMs: 20_000 }).connect().deliver(1, 'a')
    kit.sink.take()
    kit.now = 3_600_000
    expect(kit.session.retry(kit.now)).toBeUndefined()
    expect(kit.pump()).toEqual([])
  })

  it('6. a session has one connection at a time: a second one without a detach is a bug', () => {
    const kit = new SessionKit().connect()
    expect(() => kit.connect()).toThrow('one connection at a time')
  })

  it('7. the queue is bounded in bytes, not only in messages per class', () => {
    const mqueuePriorities = new Map(Array.from({ length: 50 }, (_, i) => [`t${i}`, i + 1]))
    const kit = new SessionKit({ mqueueBytesMax: 100_000, mqueuePriorities })
    for (let i = 0; i < 5000; i++) {
      kit.session.deliver(message('x'.repeat(1000), 1, { topic: `t${i % 50}` }), at(1), 0)
      if (kit.session.queuedBytes > 100_000) throw new Error('the queue is beyond its bound')
    }
    kit.session.checkInvariants()
    expect(kit.session.stats().mqueue_dropped).toBeGreaterThan(4900)
  })
})
