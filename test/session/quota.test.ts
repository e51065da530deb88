import { describe, expect, it } from 'vitest'
import { SessionKit } from '../support/session-kit.ts'

describe('flow control', () => {
  it('[MQTT-3.3.4-9] [MQTT-4.9.0-1] never sends beyond the receive maximum', () => {
    const kit = new SessionKit().connect(2)
    expect(kit.deliver(1, 'a', 'b', 'c').pump()).toEqual(['1 a#1', '1 b#2'])
    expect(kit.session.hasWaiting).toBe(true)
    expect(kit.puback(2)).toEqual(['1 c#3'])
  })

  it('never sends beyond max_inflight', () => {
    const kit = new SessionKit({ inflightMax: 1 }).connect(10)
    expect(kit.deliver(1, 'a', 'b').pump()).toEqual(['1 a#1'])
    expect(kit.puback(1)).toEqual(['1 b#2'])
  })

  it('[MQTT-4.9.0-2] PUBACK, PUBCOMP and PUBREC ≥ 0x80 give quota back, PUBREC < 0x80 does not', () => {
    const kit = new SessionKit().connect(1)
    expect(kit.deliver(2, 'a', 'b', 'c', 'd').pump()).toEqual(['2 a#1'])
    expect(kit.pubrec(1)).toEqual(['pubrel 1'])
    expect(kit.pubcomp(1)).toEqual(['2 b#2'])
    kit.session.pubrec(2, 0x97, 0)
    expect(kit.pump()).toEqual(['2 c#3'])
  })

  it('[MQTT-4.9.0-2] quota never rises above its start, whatever is acknowledged again', () => {
    const kit = new SessionKit().connect(1).deliver(1, 'a', 'b', 'c')
    kit.sink.take()
    expect(kit.puback(1, 1, 1)).toEqual(['1 b#2'])
  })

  it('[MQTT-4.9.0-2] a PUBCOMP for a PUBREL that was resent gives back what it never took', () => {
    const kit = new SessionKit().connect(3).deliver(2, 'a', 'b', 'c')
    kit.pubrec(1)
    kit.reconnect(2)
    expect(kit.pump()).toEqual(['pubrel 1', '2 b#2 dup', '2 c#3 dup'])
    kit.deliver(1, 'd')
    expect(kit.pubcomp(1)).toEqual([])
    expect(kit.pubrec(2)).toEqual(['pubrel 2'])
    expect(kit.pubcomp(2)).toEqual(['1 d#4'])
  })

  it('[MQTT-4.9.0-3] [MQTT-3.3.4-10] PUBREL is sent while the quota is used up', () => {
    const kit = new SessionKit().connect(1).deliver(2, 'a', 'b')
    kit.sink.take()
    expect(kit.pubrec(1)).toEqual(['pubrel 1'])
  })

  it('QoS 0 takes no quota and passes a full window', () => {
    const kit = new SessionKit().connect(1).deliver(1, 'a')
    expect(kit.deliver(0, 'b', 'c').pump()).toEqual(['1 a#1', '0 b', '0 c'])
  })

  it('a smaller receive maximum on resume lets resends through as it allows', () => {
    const kit = new SessionKit().connect(4).deliver(1, 'a', 'b', 'c', 'd', 'e')
    expect(kit.reconnect(2).pump()).toEqual(['1 a#1 dup', '1 b#2 dup'])
    expect(kit.puback(1)).toEqual(['1 c#3 dup'])
    expect(kit.puback(2)).toEqual(['1 d#4 dup'])
    expect(kit.puback(3)).toEqual(['1 e#5'])
  })

  it('another zone on resume brings its window', () => {
    const kit = new SessionKit({ inflightMax: 2 }).connect().deliver(1, 'a', 'b', 'c', 'd')
    kit.disconnect()
    kit.session.reconfigure({ ...kit.session.options, inflightMax: 3 })
    expect(kit.connect().pump()).toEqual(['1 a#1 dup', '1 b#2 dup', '1 c#3'])
  })
})

describe('a slow socket', () => {
  it('sends nothing while it is not writable and goes on in order', () => {
    const kit = new SessionKit().connect()
    kit.sink.writable = false
    expect(kit.deliver(1, 'a').deliver(0, 'b').deliver(2, 'c').pump()).toEqual([])
    expect(kit.session.stats().mqueue_len).toBe(3)
    kit.sink.writable = true
    expect(kit.pump()).toEqual(['1 a#1', '0 b', '2 c#2'])
  })

  it('next sends at most one packet', () => {
    const kit = new SessionKit().deliver(1, 'a', 'b').connect()
    expect(kit.session.next(0)).toBe(true)
    expect(kit.sink.take()).toEqual(['1 a#1'])
  })
})
