import { describe, expect, test } from 'vitest'
import { defaultRetainedOptions, RetainedStore } from '../../src/broker/retained.ts'
import type { Message } from '../../src/mqtt/message.ts'
import { ReasonCode } from '../../src/mqtt/reason-code.ts'
import { messageOf } from './routing.ts'

function newStore(options: Partial<typeof defaultRetainedOptions> = {}) {
  return new RetainedStore({ ...defaultRetainedOptions, ...options })
}

const onRemoved = (): void => {}

function textsAt(store: RetainedStore, now: number): string[] {
  const found = store.find('#', now)
  return found.map((retained) => `${retained.topic}=${retained.toMessage()?.payload}`).sort()
}

function messageAt(store: RetainedStore, topic: string): Message {
  return store.get(topic)?.toMessage() as Message
}

describe('one message a topic', () => {
  test('[MQTT-3.3.1-5] a later message replaces the earlier one', () => {
    const store = newStore()
    expect(store.set(messageOf('a', { payload: 'first', qos: 2 }))).toBe('set')
    expect(store.set(messageOf('a', { payload: 'second', qos: 1 }))).toBe('set')
    expect(textsAt(store, 0)).toEqual(['a=second'])
    expect(store.get('a')?.qos).toBe(1)
    expect(store.count).toBe(1)
  })

  test('[MQTT3-3.3.1-7] one at QoS 0 replaces one at QoS 2', () => {
    const store = newStore()
    store.set(messageOf('a', { payload: 'first', qos: 2 }))
    store.set(messageOf('a', { payload: 'second', qos: 0 }))
    expect(messageAt(store, 'a').payload.toString()).toBe('second')
  })

  test('[MQTT-3.3.1-6] an empty payload removes it', () => {
    const store = newStore()
    store.set(messageOf('a'))
    expect(store.set(messageOf('a', { payload: '' }))).toBe('cleared')
    expect(store.find('#', 0)).toEqual([])
    expect([store.count, store.bytes]).toEqual([0, 0])
  })

  test('[MQTT-3.3.1-7] an empty payload is never kept itself', () => {
    const store = newStore()
    expect(store.set(messageOf('a', { payload: '' }))).toBe('cleared')
    expect(store.count).toBe(0)
  })

  test('[MQTT3-3.3.1-8] answers with RETAIN set and everything else as it was published', () => {
    const store = newStore()
    const payload = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    const message = messageOf('käse/\u{1f9c0}', {
      payload,
      qos: 1,
      from: 'me',
      receivedAt: 5,
      expiresAt: 9,
    })
    const { number } = message
    store.set(message)
    message.frame.bytes.fill(0)
    const answer = messageAt(store, 'käse/\u{1f9c0}')
    expect(answer).toMatchObject({ qos: 1, retain: true, isRetained: true, from: 'me', number })
    expect(answer).toMatchObject({ topic: 'käse/\u{1f9c0}', receivedAt: 5, expiresAt: 9 })
    expect(answer.payload).toEqual(payload)
    expect(answer.frame).toMatchObject({ shape: 3, start: 0, count: 1, owned: true })
    expect(answer.frame.payloadAt - answer.frame.idAt).toBe(2)
  })

  test('a large payload is copied whole', () => {
    const store = newStore()
    const payload = Buffer.alloc(100_000, 'xyz')
    const message = messageOf('a', { payload })
    store.set(message)
    message.frame.bytes.fill(0)
    expect(messageAt(store, 'a').payload.equals(payload)).toBe(true)
  })
})

describe('matching', () => {
  const topics = ['a', 'a/b', 'a/b/c', 'b', '/b', '$SYS/b', '$SYS']
  const store = newStore()
  for (const topic of topics) store.set(messageOf(topic))
  const found = (filter: string) =>
    store
      .find(filter, 0)
      .map((message) => message.topic)
      .sort()

  test('[MQTT-3.3.1-9] finds the last message of every topic that a filter matches', () => {
    expect(found('a/#')).toEqual(['a', 'a/b', 'a/b/c'])
    expect(found('+/b')).toEqual(['/b', 'a/b'])
    expect(found('a')).toEqual(['a'])
    expect(found('x')).toEqual([])
  })

  test('[MQTT-4.7.2-1] a wildcard in the first level finds nothing that begins with $', () => {
    expect(found('#')).toEqual(['/b', 'a', 'a/b', 'a/b/c', 'b'])
    expect(found('+')).toEqual(['a', 'b'])
    expect(found('$SYS/#')).toEqual(['$SYS', '$SYS/b'])
    expect(found('$SYS/b')).toEqual(['$SYS/b'])
  })

  test('lists all of them', () => {
    expect([...store.list(0)].map((message) => message.topic)).toEqual(topics)
  })
})

describe('limits', () => {
  test('refuses a new topic past the number of topics, not a known one', () => {
    const store = newStore({ messagesMax: 2 })
    store.set(messageOf('a'))
    store.set(messageOf('b'))
    expect(store.set(messageOf('c'))).toMatchObject({ code: ReasonCode.QuotaExceeded })
    expect(store.set(messageOf('a', { payload: 'again' }))).toBe('set')
    expect(store.set(messageOf('c', { payload: '' }))).toBe('cleared')
    store.delete('b')
    expect(store.set(messageOf('c'))).toBe('set')
  })

  test('refuses a payload past the limit and keeps what the topic had', () => {
    const store = newStore({ payloadBytesMax: 5 })
    expect(store.set(messageOf('a', { payload: '12345' }))).toBe('set')
    expect(store.set(messageOf('a', { payload: '123456' }))).toMatchObject({
      code: ReasonCode.QuotaExceeded,
    })
    expect(messageAt(store, 'a').payload.toString()).toBe('12345')
  })

  test('restoring knows no limit', () => {
    const store = newStore({ messagesMax: 0, payloadBytesMax: 0 })
    store.restore(messageOf('a'))
    expect(store.count).toBe(1)
  })
})

describe('expiry', () => {
  test('[MQTT-3.3.2-5] an expired message is not answered, swept away or not', () => {
    const store = newStore()
    store.set(messageOf('a', { expiresAt: 100 }))
    store.set(messageOf('b'))
    expect(textsAt(store, 99)).toEqual(['a=payload', 'b=payload'])
    expect(textsAt(store, 100)).toEqual(['b=payload'])
    expect(store.find('a', 100)).toEqual([])
    expect([...store.list(100)].length).toBe(1)
    expect(store.removeExpired(99, onRemoved)).toBe(100)
    const removed: string[] = []
    expect(store.removeExpired(100, (topic) => removed.push(topic))).toBeUndefined()
    expect([store.count, removed]).toEqual([1, ['a']])
  })

  test('the default is for messages without an expiry, and they do not begin to carry one', () => {
    const store = newStore({ expiryMs: 50 })
    store.set(messageOf('a', { receivedAt: 10 }))
    store.set(messageOf('b', { receivedAt: 10, expiresAt: 1000 }))
    expect(messageAt(store, 'a').expiresAt).toBe(Number.POSITIVE_INFINITY)
    expect(textsAt(store, 60)).toEqual(['b=payload'])
    expect(store.removeExpired(60, onRemoved)).toBe(1000)
  })

  test('a message that is replaced or removed leaves nothing to expire', () => {
    const store = newStore()
    for (let i = 0; i < 10; i++) store.set(messageOf('a', { expiresAt: 100 + i }))
    expect(store.removeExpired(0, onRemoved)).toBe(109)
    store.set(messageOf('a'))
    expect(store.removeExpired(0, onRemoved)).toBeUndefined()
    store.set(messageOf('a', { expiresAt: 100 }))
    store.delete('a')
    expect(store.removeExpired(0, onRemoved)).toBeUndefined()
  })

  test('sweeps a limited number at a call and says when more is due', () => {
    const store = newStore()
    const times = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 5000)
    for (const time of times) store.set(messageOf(`t/${time}`, { expiresAt: time }))
    store.checkInvariants()
    let calls = 1
    while (store.removeExpired(4000, onRemoved) === 4000) calls++
    expect(calls).toBeGreaterThan(1)
    expect(store.count).toBe(999)
    store.checkInvariants()
    expect(store.removeExpired(4000, onRemoved)).toBe(4001)
  })
})
