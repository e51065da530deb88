import { describe, expect, it } from 'vitest'
import { ReasonCode } from '../../src/mqtt/reason-code.ts'
import { noRecorder } from '../../src/session/no-recorder.ts'
import { defaultSessionOptions } from '../../src/session/options.ts'
import { Session } from '../../src/session/session.ts'
import { emptySnapshot } from '../../src/session/snapshot.ts'
import { at, message, SessionKit } from '../support/session-kit.ts'

describe('QoS 1 to the client', () => {
  it('[MQTT-4.3.2-1] [MQTT-2.2.1-4] gives each new message an id that is not in use', () => {
    const kit = new SessionKit().connect()
    expect(kit.deliver(1, 'a', 'b').pump()).toEqual(['1 a#1', '1 b#2'])
    kit.puback(1)
    expect(kit.deliver(1, 'c').pump()).toEqual(['1 c#3'])
  })

  it('[MQTT-4.3.2-2] [MQTT-3.3.1-1] sends PUBLISH with DUP 0 first', () => {
    const kit = new SessionKit().connect()
    kit.deliver(1, 'a')
    expect(kit.sink.sent[0]).toMatchObject({ qos: 1, dup: false, packetId: 1 })
  })

  it('[MQTT-4.3.2-3] is unacknowledged until PUBACK, and done then', () => {
    const kit = new SessionKit().connect().deliver(1, 'a')
    expect(kit.session.stats().inflight_cnt).toBe(1)
    expect(kit.session.puback(1, 0, 0)).toBeUndefined()
    expect(kit.session.stats().inflight_cnt).toBe(0)
    expect(kit.observer.take()).toEqual(['acked a'])
  })

  it('[MQTT-4.4.0-2] a PUBACK ≥ 0x80 ends the delivery', () => {
    const kit = new SessionKit().connect().deliver(1, 'a')
    kit.session.puback(1, ReasonCode.NotAuthorized, 0)
    kit.sink.take()
    expect(kit.reconnect().pump()).toEqual([])
  })

  it('[MQTT-2.2.1-2] sends no packet id at QoS 0', () => {
    const kit = new SessionKit().connect().deliver(0, 'a')
    expect(kit.sink.sent[0]).toMatchObject({ qos: 0, packetId: 0, dup: false })
  })
})

describe('QoS 2 to the client', () => {
  it('[MQTT-4.3.3-1] [MQTT-4.3.3-2] sends PUBLISH with an unused id and DUP 0', () => {
    const kit = new SessionKit().connect().deliver(2, 'a')
    expect(kit.sink.sent[0]).toMatchObject({ qos: 2, dup: false, packetId: 1 })
  })

  it('[MQTT-4.3.3-3] [MQTT-4.3.3-4] PUBREC < 0x80 is answered PUBREL', () => {
    const kit = new SessionKit().connect().deliver(2, 'a')
    kit.sink.take()
    expect(kit.session.pubrec(1, ReasonCode.NoMatchingSubscribers, 0)).toBeUndefined()
    expect(kit.sink.take()).toEqual(['pubrel 1'])
  })

  it('[MQTT-4.3.3-5] PUBREL is unacknowledged until PUBCOMP', () => {
    const kit = new SessionKit().connect().deliver(2, 'a')
    kit.pubrec(1)
    expect(kit.session.info().inflight).toEqual([[1, 'pubrel']])
    expect(kit.session.pubcomp(1, 0, 0)).toBeUndefined()
    expect(kit.session.info().inflight).toEqual([])
    expect(kit.observer.take()).toEqual(['acked a'])
  })

  it('[MQTT-4.3.3-6] never sends PUBLISH again once PUBREL was sent', () => {
    const kit = new SessionKit().connect().deliver(2, 'a')
    kit.pubrec(1)
    expect(kit.reconnect().pump()).toEqual(['pubrel 1'])
    expect(kit.reconnect().pump()).toEqual(['pubrel 1'])
  })

  it('[MQTT-4.4.0-2] a PUBREC ≥ 0x80 ends the delivery without PUBREL', () => {
    const kit = new SessionKit().connect().deliver(2, 'a')
    kit.sink.take()
    expect(kit.session.pubrec(1, ReasonCode.QuotaExceeded, 0)).toBeUndefined()
    expect(kit.sink.take()).toEqual([])
    expect(kit.session.stats().inflight_cnt).toBe(0)
  })

  it('[MQTT-4.3.3-4] a PUBREC that comes again is answered PUBREL again', () => {
    const kit = new SessionKit().connect().deliver(2, 'a')
    kit.pubrec(1)
    expect(kit.session.pubrec(1, 0, 0)).toBeUndefined()
    expect(kit.sink.take()).toEqual(['pubrel 1'])
  })

  it('[MQTT-4.6.0-4] PUBREL packets leave in the order of their PUBRECs', () => {
    const kit = new SessionKit().connect().deliver(2, 'a', 'b', 'c')
    kit.sink.take()
    kit.sink.writable = false
    kit.pubrec(2, 3, 1)
    expect(kit.sink.take()).toEqual([])
    kit.sink.writable = true
    expect(kit.pump()).toEqual(['pubrel 2', 'pubrel 3', 'pubrel 1'])
  })

  it('keeps one PUBREL a slot for a client that repeats PUBREC and reads nothing', () => {
    const kit = new SessionKit().connect().deliver(2, 'a')
    kit.sink.take()
    kit.sink.writable = false
    kit.pubrec(1, 1, 1, 1)
    kit.sink.writable = true
    expect(kit.pump()).toEqual(['pubrel 1'])
  })
})

describe('acknowledgements that do not fit', () => {
  const codes = (kit: SessionKit, packetId: number) => [
    kit.session.puback(packetId, 0, 0)?.code,
    kit.session.pubrec(packetId, 0, 0)?.code,
    kit.session.pubcomp(packetId, 0, 0)?.code,
  ]

  it('an unknown id is refused 0x92', () => {
    const kit = new SessionKit().connect().deliver(1, 'a')
    const notFound = ReasonCode.PacketIdentifierNotFound
    expect(codes(kit, 2)).toEqual([notFound, notFound, notFound])
    expect(codes(new SessionKit().connect(), 1)).toEqual([notFound, notFound, notFound])
  })

  it('PUBREC and PUBCOMP for a QoS 1 message are protocol errors and free nothing', () => {
    const kit = new SessionKit().connect().deliver(1, 'a')
    expect(kit.session.pubrec(1, 0, 0)?.code).toBe(ReasonCode.ProtocolError)
    expect(kit.session.pubrec(1, 0x80, 0)?.code).toBe(ReasonCode.ProtocolError)
    expect(kit.session.pubcomp(1, 0, 0)?.code).toBe(ReasonCode.ProtocolError)
    expect(kit.session.info().inflight).toEqual([[1, 'publish']])
  })

  it('PUBACK for a QoS 2 message is a protocol error in either phase and frees nothing', () => {
    const kit = new SessionKit().connect().deliver(2, 'a')
    expect(kit.session.puback(1, 0, 0)?.code).toBe(ReasonCode.ProtocolError)
    kit.pubrec(1)
    expect(kit.session.puback(1, 0, 0)?.code).toBe(ReasonCode.ProtocolError)
    expect(kit.session.info().inflight).toEqual([[1, 'pubrel']])
  })

  it('PUBCOMP before PUBREC, and an error behind it, are refused 0x91 and free nothing', () => {
    const kit = new SessionKit().connect().deliver(2, 'a')
    expect(kit.session.pubcomp(1, 0, 0)?.code).toBe(ReasonCode.PacketIdentifierInUse)
    kit.pubrec(1)
    expect(kit.session.pubrec(1, 0x80, 0)?.code).toBe(ReasonCode.PacketIdentifierInUse)
    expect(kit.session.info().inflight).toEqual([[1, 'pubrel']])
  })

  it('PUBCOMP while its PUBREL still waits for the socket frees nothing', () => {
    const kit = new SessionKit().connect().deliver(2, 'a')
    kit.sink.writable = false
    kit.pubrec(1)
    expect(kit.session.pubcomp(1, 0, 0)?.code).toBe(ReasonCode.PacketIdentifierInUse)
    kit.session.checkInvariants()
  })
})

describe('packet ids', () => {
  const startingAt = (nextPacketId: number) => {
    const kit = new SessionKit()
    const snapshot = { ...emptySnapshot('client', 1, 0), nextPacketId }
    kit.session = Session.restore(snapshot, defaultSessionOptions, noRecorder, kit.observer)
    return kit.connect()
  }

  it('[MQTT-2.2.1-3] 65535 is followed by 1, never by 0', () => {
    expect(startingAt(65534).deliver(1, 'a', 'b', 'c').pump()).toEqual([
      '1 a#65534',
      '1 b#65535',
      '1 c#1',
    ])
  })

  it('[MQTT-2.2.1-4] skips ids in flight, also around 65535 → 1', () => {
    const kit = startingAt(65535).deliver(1, 'a', 'b', 'c')
    kit.puback(1)
    for (let i = 0; i < 65531; i++) {
      kit.session.deliver(message('x', 1), at(1), 0)
      kit.session.puback(kit.session.stats().next_pkt_id - 1, 0, 0)
    }
    kit.sink.take()
    expect(kit.deliver(1, 'd', 'e', 'f').pump()).toEqual(['1 d#65534', '1 e#1', '1 f#3'])
  })
})

describe('what expires or is too large', () => {
  const expiring = (text: string, expiresAt: number) => message(text, 1, { expiresAt })

  it('[MQTT-3.3.2-5] what expires in the mqueue is deleted, counted and told', () => {
    const kit = new SessionKit()
    kit.session.deliver(expiring('a', 100), at(1), 0)
    kit.session.deliver(expiring('b', 200), at(1), 0)
    kit.now = 100
    expect(kit.connect().pump()).toEqual(['1 b#1'])
    expect(kit.observer.take()).toEqual(['expired a'])
    expect(kit.session.stats().deliver_stats.expired).toBe(1)
  })

  it('[MQTT-4.3.3-7] nothing expires once PUBLISH was sent', () => {
    const kit = new SessionKit().connect()
    kit.session.deliver(message('a', 2, { expiresAt: 100 }), at(2), 0)
    kit.session.deliver(expiring('b', 100), at(1), 0)
    kit.sink.take()
    kit.now = 1000
    expect(kit.reconnect().pump()).toEqual(['2 a#1 dup', '1 b#2 dup'])
  })

  it('[MQTT-3.1.2-25] what is too large counts as sent: no slot, no stall', () => {
    const kit = new SessionKit().connect(1)
    kit.sink.payloadSizeMax = 3
    expect(kit.deliver(1, 'large', 'a').pump()).toEqual(['1 a#2'])
    expect(kit.deliver(0, 'large').pump()).toEqual([])
    expect(kit.deliver(2, 'large', 'b').puback(2)).toEqual(['2 b#4'])
    expect(kit.observer.take()).toEqual([
      'too_large large',
      'too_large large',
      'acked a',
      'too_large large',
    ])
  })

  it('[MQTT-3.1.2-25] what is too large for the next connection frees its slot on resume', () => {
    const kit = new SessionKit().connect()
    kit.deliver(1, 'large', 'a')
    kit.reconnect()
    kit.sink.payloadSizeMax = 3
    expect(kit.pump()).toEqual(['1 a#2 dup'])
    expect(kit.session.stats().inflight_cnt).toBe(1)
  })
})
