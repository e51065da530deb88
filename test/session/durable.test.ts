import { describe, expect, it } from 'vitest'
import { noRecorder } from '../../src/session/no-recorder.ts'
import { Session } from '../../src/session/session.ts'
import { emptySnapshot } from '../../src/session/snapshot.ts'
import { CollectingRecorder } from '../support/collecting-recorder.ts'
import { at, message, SessionKit } from '../support/session-kit.ts'

function durable(options = {}): { kit: SessionKit; recorder: CollectingRecorder } {
  const recorder = new CollectingRecorder()
  return { kit: new SessionKit(options, recorder), recorder }
}

describe('a durable session', () => {
  it('sends QoS 0 and 1 without waiting for a commit', () => {
    const { kit } = durable()
    expect(kit.connect().deliver(1, 'a').deliver(0, 'b').pump()).toEqual(['1 a#1', '0 b'])
  })

  it('[MQTT-4.3.3-1] sends a QoS 2 PUBLISH when its slot is committed, all of a turn together', () => {
    const { kit, recorder } = durable()
    kit.connect().deliver(2, 'a', 'b')
    expect(kit.pump()).toEqual([])
    expect(kit.session.hasWaiting).toBe(true)
    recorder.close()
    kit.deliver(2, 'c')
    recorder.committed = 1
    expect(kit.pump()).toEqual(['2 a#1', '2 b#2'])
    recorder.commit()
    expect(kit.pump()).toEqual(['2 c#3'])
  })

  it('takes slots for a whole queue while the first waits for its commit', () => {
    const { kit, recorder } = durable()
    kit.deliver(2, 'a', 'b', 'c').connect()
    expect(kit.pump()).toEqual([])
    expect(kit.session.stats()).toMatchObject({ inflight_cnt: 3, mqueue_len: 0 })
    recorder.commit()
    expect(kit.pump()).toEqual(['2 a#1', '2 b#2', '2 c#3'])
  })

  it('[MQTT-4.6.0-1] what has an id stays in order behind a PUBLISH that waits', () => {
    const { kit, recorder } = durable()
    kit.connect().deliver(2, 'a').deliver(1, 'b').deliver(0, 'c')
    expect(kit.pump()).toEqual([])
    recorder.commit()
    expect(kit.pump()).toEqual(['2 a#1', '1 b#2', '0 c'])
    expect(kit.reconnect().pump()).toEqual(['2 a#1 dup', '1 b#2 dup'])
  })

  it('sends PUBREL when the phase change is committed', () => {
    const { kit, recorder } = durable()
    kit.connect().deliver(2, 'a')
    recorder.commit()
    kit.pump()
    expect(kit.pubrec(1)).toEqual([])
    expect(kit.session.hasWaiting).toBe(true)
    recorder.commit()
    expect(kit.pump()).toEqual(['pubrel 1'])
  })

  it('an id that was never sent is none that a client can answer', () => {
    const { kit } = durable()
    kit.connect().deliver(2, 'a')
    expect(kit.session.pubrec(1, 0, 0)?.code).toBe(0x92)
    expect(kit.session.stats().inflight_cnt).toBe(1)
  })

  it('[MQTT-3.3.2-5] what waits for its commit when the connection ends may still expire', () => {
    const { kit, recorder } = durable()
    kit.connect().session.deliver(message('a', 2, { expiresAt: 10 }), at(2), 0)
    kit.disconnect()
    recorder.commit()
    kit.now = 10
    expect(kit.connect().pump()).toEqual([])
    expect(kit.observer.take()).toEqual(['expired a'])
  })

  it('records each change once', () => {
    const { kit, recorder } = durable({ mqueueLengthMax: 2 })
    kit.deliver(0, 'a').deliver(1, 'b').deliver(2, 'c').connect()
    kit.pump()
    recorder.commit()
    kit.pump()
    kit.pubrec(2)
    recorder.commit()
    kit.pump()
    kit.pubcomp(2)
    kit.puback(1)
    kit.session.receive(9, 0)
    kit.session.receive(9, 0)
    kit.session.pubrel(9)
    const lines = recorder.changes.map((change) => {
      const { type, sequence, packetId } = { sequence: '', packetId: '', ...change }
      return `${type} ${sequence}${packetId === '' ? '' : `#${packetId}`}`
    })
    expect(lines).toEqual([
      'queued 1',
      'queued 2',
      'unqueued 1',
      'queued 3',
      'taken 2#1',
      'taken 3#2',
      'released #2',
      'freed #2',
      'freed #1',
      'awaitingRel #9',
      'relReceived #9',
    ])
  })

  it('is what its folded changes say', () => {
    const { kit, recorder } = durable({ inflightMax: 2 })
    const options = { qos: 1, noLocal: false, retainAsPublished: true, retainHandling: 0 } as const
    kit.session.subscribe('a', { ...options })
    kit.session.subscribe('b', { ...options })
    kit.session.unsubscribe('a')
    kit.session.receive(4, 20)
    kit.connect().deliver(2, 'a').deliver(1, 'b', 'c')
    recorder.commit()
    kit.pump()
    kit.pubrec(1)
    kit.disconnect()
    const began = emptySnapshot('client', 1, kit.session.createdAtWallMs)
    expect(recorder.folded(began)).toEqual(kit.session.snapshot())
  })

  it('a restored session resumes like the original', () => {
    const { kit, recorder } = durable({ inflightMax: 3 })
    kit.connect().deliver(2, 'a').deliver(1, 'b', 'c', 'd')
    recorder.commit()
    kit.pump()
    kit.pubrec(1)
    const { session } = kit.disconnect()
    kit.session = Session.restore(session.snapshot(), session.options, recorder, kit.observer)
    recorder.commit()
    expect(kit.connect().pump()).toEqual(['pubrel 1', '1 b#2 dup', '1 c#3 dup'])
    expect(kit.pubcomp(1)).toEqual(['1 d#4'])
    expect(kit.observer.take()).toEqual(['acked undefined'])
  })

  it('that begins to be durable lets QoS 2 wait for the batch of its snapshot', () => {
    const kit = new SessionKit()
    const recorder = new CollectingRecorder()
    kit.connect().deliver(2, 'a')
    expect([kit.session.isDurable, kit.sink.take()]).toEqual([false, ['2 a#1']])
    kit.disconnect()
    kit.session.recordTo(recorder)
    expect([kit.session.isDurable, kit.connect().pump()]).toEqual([true, []])
    recorder.commit()
    expect(kit.pump()).toEqual(['2 a#1 dup'])
  })

  it('that ends to be durable waits for nothing', () => {
    const { kit } = durable()
    kit.connect().deliver(2, 'a')
    kit.session.recordTo(noRecorder)
    expect(kit.pump()).toEqual(['2 a#1'])
  })
})
