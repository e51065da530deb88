import { describe, expect, it } from 'vitest'
import { noRecorder } from '../../src/session/no-recorder.ts'
import { Session } from '../../src/session/session.ts'
import { emptySnapshot } from '../../src/session/snapshot.ts'
import { CollectingRecorder } from '../support/collecting-recorder.ts'
import { at, message, SessionKit } from '../support/session-kit.ts'

const began = emptySnapshot('client', 1, 1_700_000_000_000)

function durable(options = {}): { kit: SessionKit; recorder: CollectingRecorder } {
  const recorder = new CollectingRecorder(() => kit.session, began)
  const kit: SessionKit = new SessionKit(options, recorder)
  return { kit, recorder }
}

/** What was recorded, a short line each: `queued 3`, `slot #2`, `lane 4…7 (2)`. */
function recordsOf(recorder: CollectingRecorder): string[] {
  return recorder.changes.splice(0).map((change) => {
    if (change.type === 'lane') {
      const { head, tail, length } = change.lane
      return `lane ${head}…${tail} (${length})`
    }
    const { sequence, packetId } = { sequence: '', packetId: '', ...change }
    return `${change.type} ${sequence}${packetId === '' ? '' : `#${packetId}`}`
  })
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
    recorder.committed = recorder.openBatch - 1
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

  it('records what each message is when the batch starts, once', () => {
    const { kit, recorder } = durable({ mqueueLengthMax: 2 })
    kit.deliver(0, 'a').deliver(1, 'b').deliver(2, 'c')
    recorder.close()
    expect(recordsOf(recorder)).toEqual(['queued 2', 'queued 3', 'lane 2…4 (2)'])
    kit.connect().pump()
    kit.session.receive(9, 0)
    recorder.commit()
    kit.pump()
    expect(recordsOf(recorder)).toEqual(['slot #1', 'slot #2', 'lane 4…4 (0)', 'awaitingRel #9'])
    kit.pubrec(2)
    recorder.commit()
    kit.pump()
    kit.pubcomp(2)
    kit.puback(1)
    kit.session.receive(9, 0)
    kit.session.pubrel(9)
    recorder.commit()
    expect(recordsOf(recorder)).toEqual(['released #2', 'freed #2', 'freed #1', 'relReceived #9'])
  })

  it('leaves no trace of what is acknowledged before its batch starts', () => {
    const { kit, recorder } = durable({ inflightMax: 1 })
    kit.connect().deliver(1, 'a', 'b').deliver(0, 'c')
    expect(kit.pump()).toEqual(['1 a#1'])
    expect(kit.puback(1)).toEqual(['1 b#2', '0 c'])
    kit.puback(2)
    recorder.commit()
    expect(recordsOf(recorder)).toEqual([])
    expect(recorder.elided).toBe(3)
  })

  it('frees an id before another message takes it, within one batch too', () => {
    const { kit, recorder } = durable({ inflightMax: 1 })
    kit.connect().deliver(1, 'a', 'b')
    recorder.commit()
    recordsOf(recorder)
    for (let id = 1; id < 65535; id++) {
      kit.deliver(1, 'x').puback(id)
    }
    kit.deliver(1, 'x').puback(65535)
    recorder.commit()
    const last = kit.session.info().inflight
    expect(last).toEqual([[1, 'publish']])
    expect(recorder.folded().inflight.map(({ packetId }) => packetId)).toEqual([1])
  })

  it('leaves the middle of a long queue to the store, and reads it back in order', () => {
    const { kit, recorder } = durable({ mqueueLengthMax: 10_000 })
    const texts = Array.from({ length: 1000 }, (_, i) => `m${i}`)
    kit.deliver(1, ...texts)
    recorder.commit()
    expect([...kit.session.lanes].map(({ memoryLength }) => memoryLength)).toEqual([0])
    kit.deliver(1, 'last')
    expect(kit.session.stats().mqueue_len).toBe(1001)
    kit.connect()
    const sent: string[] = []
    for (let id = 1; id <= 1001; id++) {
      recorder.readPages(50)
      sent.push(...kit.pump())
      kit.session.puback(id, 0, 0)
      if (id % 100 === 0) recorder.commit()
    }
    expect(sent.map((line) => line.split('#')[0]?.slice(2))).toEqual([...texts, 'last'])
    recorder.commit()
    expect(recorder.folded()).toMatchObject({ lanes: [], mqueue: [], inflight: [] })
  })

  it('keeps two windows of a queue in memory while the client is there, and none while it is away', () => {
    const { kit, recorder } = durable({ inflightMax: 50 })
    kit.connect()
    kit.sink.writable = false
    for (let i = 0; i < 900; i++) kit.deliver(1, `m${i}`)
    recorder.commit()
    const lane = [...kit.session.lanes][0]
    expect([lane?.memoryLength, lane?.storedLength]).toEqual([100, 800])
    kit.disconnect()
    expect([lane?.memoryLength, lane?.storedLength]).toEqual([0, 900])
    kit.session.checkInvariants()
  })

  it('tells what a full queue drops although it is only in the store, once it is read', () => {
    const { kit, recorder } = durable({ mqueueLengthMax: 200 })
    for (let i = 0; i < 200; i++) kit.deliver(1, `m${i}`)
    recorder.commit()
    kit.deliver(1, 'a', 'b', 'c')
    expect(kit.session.stats().mqueue_len).toBe(200)
    expect(kit.observer.take()).toEqual([])
    recorder.readPages(2)
    expect(kit.observer.take()).toEqual(['queue_full m0', 'queue_full m1'])
    recorder.readPages(2)
    expect(kit.observer.take()).toEqual(['queue_full m2'])
    kit.session.checkInvariants()
    recorder.commit()
    expect(recorder.folded().lanes[0]).toMatchObject({ head: 4, length: 200 })
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
    recorder.commit()
    expect(recorder.folded()).toEqual(kit.session.snapshot())
  })

  it('a restored session resumes like the original', () => {
    const { kit, recorder } = durable({ inflightMax: 3 })
    kit.connect().deliver(2, 'a').deliver(1, 'b', 'c', 'd')
    recorder.commit()
    kit.pump()
    kit.pubrec(1)
    const { session } = kit.disconnect()
    recorder.commit()
    kit.session = Session.restore(session.snapshot(), session.options, recorder, kit.observer)
    expect(kit.connect().pump()).toEqual(['pubrel 1', '1 b#2 dup', '1 c#3 dup'])
    expect(kit.pubcomp(1)).toEqual(['1 d#4'])
    expect(kit.observer.take()).toEqual(['acked undefined'])
  })

  it('that begins to be durable lets QoS 2 wait for the batch of its snapshot', () => {
    const kit = new SessionKit()
    const recorder = new CollectingRecorder(() => kit.session, began)
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
