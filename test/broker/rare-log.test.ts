import { beforeEach, expect, test } from 'vitest'
import { RareLog } from '../../src/broker/rare-log.ts'
import { TestLog } from '../support/test-log.ts'
import { VirtualTime } from '../support/virtual-time.ts'

let time: VirtualTime
let log: TestLog
let rare: RareLog

beforeEach(() => {
  time = new VirtualTime()
  log = new TestLog()
  rare = new RareLog(time.clock, log)
})

test('a key is logged once a minute, with how often it happened in between', async () => {
  for (let i = 0; i < 5; i++) rare.warn('a', { clientId: 'a' }, 'it happened')
  rare.warn('b', { clientId: 'b' }, 'it happened')
  await time.pass(60_000)
  rare.warn('a', { clientId: 'a' }, 'it happened')
  expect(log.lines.map(({ fields }) => fields)).toEqual([
    { clientId: 'a' },
    { clientId: 'b' },
    { clientId: 'a', times: 4 },
  ])
})

test('more keys than it tells apart share one line a minute', async () => {
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 1500; i++) rare.warn(`key ${i}`, {}, 'it happened')
  }
  expect(log.lines).toHaveLength(1001)
  await time.pass(60_000)
  rare.warn('new', {}, 'it happened')
  expect(log.lines).toHaveLength(1002)
  rare.warn('new', {}, 'it happened')
  expect(log.lines).toHaveLength(1002)
})
