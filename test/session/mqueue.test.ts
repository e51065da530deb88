import { describe, expect, it } from 'vitest'
import type { QoS } from '../../src/mqtt/subscription.ts'
import { at, message, SessionKit } from '../support/session-kit.ts'

/** Delivers to a topic; the payload is the name. */
function to(kit: SessionKit, topic: string, qos: QoS, ...texts: string[]): void {
  for (const text of texts) kit.session.deliver(message(text, qos, { topic }), at(qos), 0)
}

describe('overflow', () => {
  it('drops the oldest, counts it and tells it', () => {
    const kit = new SessionKit({ mqueueLengthMax: 2 }).deliver(1, 'a', 'b', 'c')
    expect(kit.observer.take()).toEqual(['queue_full a'])
    expect(kit.session.stats()).toMatchObject({ mqueue_len: 2, mqueue_dropped: 1, enqueue_cnt: 3 })
    expect(kit.connect().pump()).toEqual(['1 b#1', '1 c#2'])
  })

  it('drops the oldest QoS 0 first', () => {
    const kit = new SessionKit({ mqueueLengthMax: 4 })
    kit.deliver(1, 'a').deliver(0, 'b').deliver(1, 'c').deliver(0, 'd').deliver(1, 'e', 'f', 'g')
    expect(kit.observer.take()).toEqual(['queue_full b', 'queue_full d', 'queue_full a'])
    expect(kit.connect().pump()).toEqual(['1 c#1', '1 e#2', '1 f#3', '1 g#4'])
  })

  it('a QoS 0 message never pushes out a QoS 1 one', () => {
    const kit = new SessionKit({ mqueueLengthMax: 1 }).deliver(1, 'a').deliver(0, 'b')
    expect(kit.observer.take()).toEqual(['queue_full b'])
    expect(kit.connect().pump()).toEqual(['1 a#1'])
  })

  it('counts what waits, not what is in flight', () => {
    const kit = new SessionKit({ mqueueLengthMax: 1 }).connect(2).deliver(1, 'a', 'b', 'c')
    expect([kit.session.stats().mqueue_len, kit.observer.take()]).toEqual([1, []])
  })

  it('counts per class', () => {
    const mqueuePriorities = new Map([['high', 5]])
    const kit = new SessionKit({ mqueueLengthMax: 1, mqueuePriorities })
    to(kit, 'low', 1, 'a')
    to(kit, 'high', 1, 'b', 'c')
    expect(kit.observer.take()).toEqual(['queue_full b'])
    expect(kit.connect().pump()).toEqual(['1 c#1', '1 a#2'])
  })

  it('bounds the bytes of all classes, the lowest class first, its oldest first', () => {
    const mqueuePriorities = new Map([['high', 5]])
    const cost = message('a', 1).cost
    const kit = new SessionKit({ mqueueBytesMax: 3 * cost, mqueuePriorities })
    to(kit, 'low', 1, 'a', 'b')
    to(kit, 'high', 1, 'c', 'd', 'e', 'f')
    expect(kit.observer.take()).toEqual(['queue_full a', 'queue_full b', 'queue_full c'])
    to(kit, 'low', 1, 'g')
    expect(kit.observer.take()).toEqual(['queue_full g'])
    expect(kit.session.queuedBytes).toBe(3 * cost)
  })

  it('a message larger than the whole queue drops itself only', () => {
    const kit = new SessionKit({ mqueueBytesMax: 500 }).deliver(1, 'a', 'x'.repeat(500))
    expect(kit.observer.take()).toEqual([`queue_full ${'x'.repeat(500)}`])
    expect(kit.session.stats().mqueue_len).toBe(1)
  })

  it('a smaller limit is met at the next insert', () => {
    const kit = new SessionKit().deliver(1, 'a', 'b', 'c')
    kit.session.reconfigure({ ...kit.session.options, mqueueLengthMax: 1 })
    expect(kit.session.stats().mqueue_len).toBe(3)
    kit.deliver(1, 'd')
    expect(kit.observer.take()).toEqual(['queue_full a', 'queue_full b', 'queue_full c'])
  })
})

describe('priorities', () => {
  const mqueuePriorities = new Map([
    ['two', 2],
    ['one', 1],
  ])

  it('highest first, unnamed topics below all, or above all', () => {
    for (const mqueueDefaultPriority of ['lowest', 'highest'] as const) {
      const kit = new SessionKit({ mqueuePriorities, mqueueDefaultPriority })
      to(kit, 'other', 1, 'o')
      to(kit, 'one', 1, 'a')
      to(kit, 'two', 1, 'b')
      const named = ['b', 'a']
      const expected = mqueueDefaultPriority === 'lowest' ? [...named, 'o'] : ['o', ...named]
      expect(
        kit
          .connect()
          .pump()
          .map((line) => line.slice(2, 3)),
      ).toEqual(expected)
    }
  })

  it('after (priority + 1) × 10 messages of one class the next has its turn', () => {
    const kit = new SessionKit({ mqueuePriorities, inflightMax: 1000 })
    for (let i = 0; i < 70; i++) {
      to(kit, 'other', 1, 'o')
      to(kit, 'two', 1, 'b')
      to(kit, 'one', 1, 'a')
    }
    const order = kit
      .connect()
      .pump()
      .map((line) => line.slice(2, 3))
      .join('')
    const round = `${'b'.repeat(30)}${'a'.repeat(20)}${'o'.repeat(10)}`
    expect(order.slice(0, 120)).toBe(round + round)
    expect(order).toHaveLength(210)
  })

  it('a high class that is refilled all the time starves no low one', () => {
    const kit = new SessionKit({ mqueuePriorities, inflightMax: 1 }).connect()
    to(kit, 'other', 1, 'first', 'low')
    let order = ''
    for (let id = 1; id <= 60; id++) {
      to(kit, 'two', 1, 'b')
      order += kit.puback(id).join('')
    }
    expect(order.match(/b#|low#/g)?.indexOf('low#')).toBe(30)
  })

  it('a single class is first in, first out', () => {
    const kit = new SessionKit().deliver(1, 'a').deliver(0, 'b').deliver(2, 'c')
    expect(kit.connect().pump()).toEqual(['1 a#1', '0 b', '2 c#2'])
  })
})
