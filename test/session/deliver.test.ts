import { describe, expect, it } from 'vitest'
import type { QoS } from '../../src/mqtt/subscription.ts'
import { at, message, SessionKit } from '../support/session-kit.ts'

describe('how a message goes to a client', () => {
  const qosOf = (kit: SessionKit, published: QoS, subscribed: QoS) => {
    kit.session.deliver(message('m', published), at(subscribed), 0)
    return kit.sink.sent.at(-1)
  }

  it('[MQTT-3.8.4-8] at the lower of the publisher’s and the subscription’s QoS', () => {
    const kit = new SessionKit().connect()
    for (const published of [0, 1, 2] as const) {
      for (const subscribed of [0, 1, 2] as const) {
        const qos = Math.min(published, subscribed)
        expect(qosOf(kit, published, subscribed)).toMatchObject({ qos })
      }
    }
  })

  it('at the higher one with upgrade_qos', () => {
    const kit = new SessionKit({ upgradeQoS: true }).connect()
    for (const published of [0, 1, 2] as const) {
      for (const subscribed of [0, 1, 2] as const) {
        const qos = Math.max(published, subscribed)
        expect(qosOf(kit, published, subscribed)).toMatchObject({ qos })
      }
    }
  })

  it('[MQTT-3.3.1-12] [MQTT-3.3.1-13] keeps RETAIN only with Retain As Published', () => {
    const kit = new SessionKit().connect()
    const retain = message('a', 0, { retain: true })
    kit.session.deliver(retain, at(0), 0)
    kit.session.deliver(retain, at(0, { retainAsPublished: true }), 0)
    kit.session.deliver(message('b', 1), at(1, { retainAsPublished: true }), 0)
    expect(kit.pump()).toEqual(['0 a', '0 a retain', '1 b#1'])
  })

  it('[MQTT-3.3.4-3] [MQTT-3.3.4-4] carries the subscription identifiers, also out of the queue', () => {
    const kit = new SessionKit()
    kit.session.deliver(message('a', 1), at(1, { subscriptionIds: [3, 7] }), 0)
    kit.connect().pump()
    kit.session.deliver(message('b', 0), at(0, { subscriptionIds: [9] }), 0)
    expect(kit.sink.sent).toMatchObject([{ subscriptionIds: [9] }])
  })

  it('a 3.x client does not get its own messages with ignore_loop_deliver', () => {
    const own = message('own', 1, { from: 'client' })
    const kit = new SessionKit({ ignoreLoopDeliver: true }).connect(65535, 4)
    kit.session.deliver(own, at(1), 0)
    expect(kit.deliver(1, 'other').pump()).toEqual(['1 other#1'])
    expect(kit.observer.take()).toEqual(['no_local own'])
    kit.reconnect(65535, 5).pump()
    kit.session.deliver(own, at(1), 0)
    expect(kit.pump()).toEqual(['1 own#2'])
  })

  it('copies what it keeps out of the socket’s chunk, and not what it sends at once', () => {
    const kit = new SessionKit().connect()
    const direct = message('a', 0)
    const slotted = message('b', 1)
    kit.session.deliver(direct, at(0), 0)
    kit.session.deliver(slotted, at(1), 0)
    expect([direct.frame.owned, slotted.frame.owned]).toEqual([false, true])
    kit.disconnect()
    kit.session.deliver(direct, at(0), 0)
    expect(direct.frame.owned).toBe(true)
  })
})

describe('QoS 0', () => {
  it('is out at once when the socket is writable and nothing waits', () => {
    expect(new SessionKit().connect().deliver(0, 'a').sink.take()).toEqual(['0 a'])
  })

  it('[MQTT-4.6.0-6] queues behind what waits with mqueue_store_qos0', () => {
    const kit = new SessionKit().connect(1).deliver(1, 'a', 'b').deliver(0, 'c')
    expect(kit.pump()).toEqual(['1 a#1'])
    expect(kit.puback(1)).toEqual(['1 b#2', '0 c'])
  })

  it('overtakes what waits without mqueue_store_qos0', () => {
    const kit = new SessionKit({ mqueueStoreQoS0: false }).connect(1).deliver(1, 'a', 'b')
    expect(kit.deliver(0, 'c').pump()).toEqual(['1 a#1', '0 c'])
  })

  it('is dropped for a full socket or an absent client without mqueue_store_qos0', () => {
    const kit = new SessionKit({ mqueueStoreQoS0: false }).connect()
    kit.sink.writable = false
    kit.deliver(0, 'a').disconnect().deliver(0, 'b').deliver(1, 'c')
    expect(kit.observer.take()).toEqual(['qos0_msg a', 'qos0_msg b'])
    expect(kit.connect().pump()).toEqual(['1 c#1'])
  })

  it('waits for an absent client with mqueue_store_qos0', () => {
    expect(new SessionKit().deliver(0, 'a').deliver(1, 'b').connect().pump()).toEqual([
      '0 a',
      '1 b#1',
    ])
  })
})

describe('runs', () => {
  const run = (text = 'r') => message(text, 0, { count: 3 })

  it('pass whole to a connection that takes the bytes as they came', () => {
    const kit = new SessionKit().connect()
    kit.session.deliver(run(), at(2), 0)
    expect([kit.sink.frameCounts, kit.sink.take()]).toEqual([[3], []])
    expect(kit.session.stats().deliver_stats.delivered).toBe(3)
  })

  it('are split when the connection refuses them, something waits or nobody is there', () => {
    const kit = new SessionKit().connect()
    kit.sink.takesFrames = false
    kit.session.deliver(run(), at(0), 0)
    expect(kit.pump()).toEqual(['0 r', '0 r', '0 r'])
    kit.reconnect(1).deliver(1, 'a', 'b')
    kit.session.deliver(run(), at(0), 0)
    expect(kit.puback(1)).toEqual(['1 a#1', '1 b#2', '0 r', '0 r', '0 r'])
    kit.disconnect()
    kit.session.deliver(run(), at(0), 0)
    expect(kit.session.stats().mqueue_len).toBe(3)
    expect(kit.connect().pump()).toEqual(['1 b#2 dup', '0 r', '0 r', '0 r'])
    expect(kit.sink.frameCounts).toEqual([])
  })

  it('are split for subscription identifiers, and where QoS is upgraded', () => {
    const kit = new SessionKit().connect()
    kit.session.deliver(run(), at(0, { subscriptionIds: [1] }), 0)
    const upgraded = new SessionKit({ upgradeQoS: true }).connect()
    upgraded.session.deliver(run(), at(1), 0)
    expect([kit.sink.frameCounts, kit.pump().length]).toEqual([[], 3])
    expect(upgraded.pump()).toEqual(['1 r#1', '1 r#2', '1 r#3'])
  })

  it('are dropped message by message where they are too large', () => {
    const kit = new SessionKit().connect()
    kit.sink.takesFrames = false
    kit.sink.payloadSizeMax = 0
    kit.session.deliver(run(), at(0), 0)
    expect(kit.observer.take()).toEqual(['too_large r', 'too_large r', 'too_large r'])
  })
})

describe('the end of a session', () => {
  it('[MQTT-4.8.2-5] leaves QoS 1 in flight and the queue to others, QoS 2 in flight never', () => {
    const kit = new SessionKit({ inflightMax: 4 }).connect()
    kit.deliver(1, 'a').deliver(2, 'b', 'c').deliver(1, 'd', 'e').deliver(2, 'f').deliver(0, 'g')
    kit.pubrec(2)
    kit.disconnect()
    const left = kit.session.drain()
    expect(left.map(({ message, qos }) => `${qos} ${message.payload}`)).toEqual([
      '1 a',
      '1 d',
      '1 e',
      '2 f',
      '0 g',
    ])
    expect(kit.observer.take()).toEqual(['session_end c'])
  })

  it('tells over which shared subscription a message came', () => {
    const kit = new SessionKit()
    kit.session.deliver(message('a', 1), at(1, { shared: '$share/g/t' }), 0)
    expect(kit.session.drain()[0]?.delivery.shared).toBe('$share/g/t')
  })
})
