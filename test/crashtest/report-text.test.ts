import { expect, test } from 'vitest'
import { Faults } from '../../src/crashtest/audit/faults.ts'
import type { Report } from '../../src/crashtest/report/report.ts'
import { reportText } from '../../src/crashtest/report/text.ts'

function report(faults: Faults): Report {
  const spread = { median: 300, p99: 700, max: 900 }
  return {
    verdict: faults.total === 0 ? 'sound' : 'broken',
    seed: 7,
    store: 'embedded',
    durationMs: 61_499,
    kills: 3,
    killsByKind: { pubrecAtPublisher: 2, random: 1 },
    messages: {
      published1: 10,
      published2: 20,
      acknowledged1: 9,
      acknowledged2: 19,
      delivered1: 8,
      delivered2: 18,
      resent: 3,
      refused: 0,
      qos1Duplicates: 2,
    },
    checks: { retained: 5, wills: 1, willLateMsMax: 40, sessionsKept: 2, sessionsExpired: 3 },
    startMs: spread,
    servedMs: { ...spread, first: 400 },
    killsWithInTheAir: { qos1: 2, unreleased: 1 },
    faults: faults.counts,
    lost: faults.lost,
    details: faults.list,
    brokerErrors: [],
    rounds: [],
  }
}

test('says what was done, where the kills were, how long recovery took, and that nothing is lost', () => {
  const text = reportText(report(new Faults()))
  expect(text).toContain('crashtest: 3 kills in 61 s, embedded store, seed 7')
  expect(text).toMatch(
    /^kills +2 {2}pubrecAtPublisher {2}the publisher has PUBREC and has not sent/m,
  )
  expect(text).toMatch(/^ +1 {2}random +at any time$/m)
  expect(text).toContain('start to listening: median 300 ms, p99 700 ms, max 900 ms')
  expect(text).toMatch(/^lost +0 /m)
  expect(text).toMatch(/^verdict +nothing was lost, nothing was doubled$/m)
})

test('tells a few faults of each kind, and how many there are', () => {
  const faults = new Faults()
  for (let i = 0; i < 9; i++) faults.add('session', `session ${i} is gone`)
  faults.add('retained', 'a topic holds nothing')
  const text = reportText(report(faults))
  expect(text.match(/^ {2}session: life 0: session \d is gone$/gm)).toHaveLength(5)
  expect(text).toContain('  session: … and 4 more, see --report')
  expect(text).toContain('  retained: life 0: a topic holds nothing')
  expect(text).toMatch(/^verdict +BROKEN, 10 faults$/m)
})
