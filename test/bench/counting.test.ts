import { expect, test } from 'vitest'
import { type Acknowledger, DelayedAcks } from '../../src/bench/delayed-acks.ts'
import { LatencyHistogram } from '../../src/bench/latency-histogram.ts'
import { elapsedUs, microseconds, readWord, stampPayload } from '../../src/bench/payload.ts'
import { SendWindow } from '../../src/bench/send-window.ts'
import { SequenceCheck } from '../../src/bench/sequence-check.ts'
import { AckType } from '../../src/mqtt/packets.ts'
import { median } from './table.ts'

test('a stream tells new, late and doubled messages apart, and knows what is missing', () => {
  const check = new SequenceCheck()
  const arrivals = [0, 1, 4, 2, 2, 4, 0, 5].map((sequence) => check.arrive(sequence))
  expect(arrivals).toEqual(['new', 'new', 'new', 'late', 'doubled', 'doubled', 'doubled', 'new'])
  expect(check.missing(6)).toBe(1)
  expect(check.missing(10)).toBe(5)
  expect(check.arrive(3)).toBe('late')
  expect(check.missing(6)).toBe(0)
})

test('a number that cannot have been sent is alien, and changes nothing', () => {
  const check = new SequenceCheck()
  expect(check.arrive(0xffffffff)).toBe('alien')
  expect(check.arrive(0)).toBe('new')
  expect(check.missing(1)).toBe(0)
})

test('quantiles are within 1 / 128 of the value, over the whole range', () => {
  const histogram = new LatencyHistogram()
  for (let value = 1; value <= 100_000; value++) histogram.add(value)
  for (const q of [0.001, 0.5, 0.9, 0.99, 0.999]) {
    const exact = q * 100_000
    expect(Math.abs(histogram.quantile(q) - exact) / exact).toBeLessThan(1 / 128)
  }
  expect(histogram.quantile(1)).toBe(100_000)
  histogram.add(Number.POSITIVE_INFINITY)
  histogram.add(-1)
  expect(histogram.max).toBe(0x7fffffff)
  expect(histogram.quantile(0)).toBe(0)
  expect(new LatencyHistogram().quantile(0.5)).toBe(0)
})

test('a window of QoS 1 has room again with each PUBACK, in any order', () => {
  const window = new SendWindow(1, 2)
  expect([window.take(10), window.take(20), window.take(30)]).toEqual([1, 2, 0])
  expect(window.acknowledge(AckType.Puback, 2, 0)).toBe('finished')
  expect(window.sentMs(2)).toBe(20)
  expect(window.room).toBe(1)
  expect(window.take(40)).toBe(3)
  expect(window.acknowledge(AckType.Puback, 2, 0)).toBe('alien')
  expect(window.acknowledge(AckType.Pubrec, 1, 0)).toBe('alien')
})

test('a window that was narrowed waits until fewer are under way', () => {
  const window = new SendWindow(1, 3)
  window.take(0)
  window.take(0)
  window.narrow(1)
  expect(window.take(0)).toBe(0)
  window.acknowledge(AckType.Puback, 1, 0)
  expect(window.take(0)).toBe(0)
  window.acknowledge(AckType.Puback, 2, 0)
  expect(window.take(0)).toBe(3)
})

test('a window of QoS 2 has room with PUBCOMP, or with a PUBREC that refuses', () => {
  const window = new SendWindow(2, 2)
  window.take(0)
  window.take(0)
  expect(window.acknowledge(AckType.Pubcomp, 1, 0)).toBe('alien')
  expect(window.acknowledge(AckType.Pubrec, 1, 0x10)).toBe('release')
  expect(window.acknowledge(AckType.Pubrec, 1, 0)).toBe('alien')
  expect(window.acknowledge(AckType.Pubcomp, 1, 0)).toBe('finished')
  expect(window.acknowledge(AckType.Pubrec, 2, 0x97)).toBe('finished')
  expect(window.isEmpty).toBe(true)
})

test('acknowledgements leave in their order, each as late as was asked for and not sooner', () => {
  const sent: string[] = []
  const client: Acknowledger = { ack: (type, id) => sent.push(`${type} ${id}`) }
  const delayed = new DelayedAcks(100)
  delayed.add(client, AckType.Puback, 1, 1000.2)
  delayed.add(client, AckType.Pubrec, 65535, 1000.9)
  delayed.add(client, AckType.Puback, 3, 1001)
  delayed.send(1100.9)
  expect(sent).toEqual([])
  delayed.send(1101)
  expect(sent).toEqual(['4 1', '5 65535'])
  delayed.add(client, AckType.Puback, 4, 1200)
  delayed.send(2000)
  expect(sent).toEqual(['4 1', '5 65535', '4 3', '4 4'])
  expect(delayed.isEmpty).toBe(true)
})

test('a payload says what it was stamped with, and time passes over an overflow', () => {
  const bytes = Buffer.alloc(20)
  stampPayload(bytes, 3, 999_999, 0xfffffffe, microseconds(5_000_000_000.25))
  expect([readWord(bytes, 3), readWord(bytes, 7)]).toEqual([999_999, 0xfffffffe])
  const earlier = readWord(bytes, 11)
  expect(elapsedUs(earlier, microseconds(5_000_000_001.5))).toBe(1250)
  expect(elapsedUs(0xffffffff, 4)).toBe(5)
})

test('a median is the middle one, or between the two in the middle', () => {
  expect(median([])).toBeUndefined()
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
})
