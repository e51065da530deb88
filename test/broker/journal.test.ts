import { beforeEach, expect, test } from 'vitest'
import { Journal } from '../../src/broker/journal.ts'
import type { StoreBatch } from '../../src/broker/ports.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { VolatileStore } from '../../src/store/memory/volatile-store.ts'
import { type CommitUnderWay, FaultyStore } from '../support/faulty-store.ts'
import { TestLog } from '../support/test-log.ts'
import { VirtualTime } from '../support/virtual-time.ts'

let time: VirtualTime
let log: TestLog
let turns: (() => void)[]
let underWay: CommitUnderWay[]
let committed: StoreBatch[]
let journal: Journal

beforeEach(() => {
  time = new VirtualTime()
  log = new TestLog()
  turns = []
  underWay = []
  committed = []
  const memory = new MemoryStore()
  const store = new FaultyStore(memory, (commit) => underWay.push(commit))
  const commit = store.commit.bind(store)
  store.commit = (batch) => {
    committed.push(batch)
    return commit(batch)
  }
  journal = new Journal(store, (work) => turns.push(work), time.clock, time.deadlines, log)
})

/** Ends the turn of the event loop, and what it put off to its end. */
async function endTurn(): Promise<void> {
  for (const work of turns.splice(0)) work()
  await time.settle()
}

/** Ends the only commit under way. */
async function settle(fate: 'commit' | 'fail' | 'late' = 'commit'): Promise<void> {
  expect(underWay).toHaveLength(1)
  underWay.pop()?.settle(fate)
  await time.settle()
}

/** Counts how often it is told of a commit. */
class Waiter {
  told = 0
  onCommitted(): void {
    this.told++
  }
}

test('the records of one turn are one batch; what comes while it commits is the next', async () => {
  const batch = journal.openBatch
  journal.batch.retainedCleared('a')
  journal.batch.retainedCleared('b')
  expect(journal.openSize).toBe(2)
  await endTurn()
  expect(journal.openBatch).toBe(batch + 1)
  journal.batch.retainedCleared('c')
  await endTurn()
  expect(committed.map(({ size }) => size)).toEqual([2])
  expect(journal.committed).toBeLessThan(batch)
  await settle()
  expect(journal.committed).toBe(batch)
  await endTurn()
  expect(committed.map(({ size }) => size)).toEqual([2, 1])
  await settle()
  expect(journal.committed).toBe(batch + 1)
})

test('without records nothing is scheduled and nothing is written', async () => {
  journal.batch.retainedCleared('a')
  await endTurn()
  await settle()
  expect(turns).toEqual([])
  expect(time.deadlines.size).toBe(0)
  expect(committed).toHaveLength(1)
})

test('who waits without a record is told at the end of the turn, and the store is not asked', async () => {
  const waiter = new Waiter()
  const batch = journal.openBatch
  journal.wait(waiter)
  journal.wait(waiter)
  expect(waiter.told).toBe(0)
  await endTurn()
  expect(waiter.told).toBe(1)
  expect(journal.committed).toBe(batch)
  expect(committed).toEqual([])
  expect(turns).toEqual([])
})

test('who waits while a batch commits is told once, with that batch', async () => {
  journal.batch.retainedCleared('a')
  await endTurn()
  const waiter = new Waiter()
  journal.wait(waiter)
  await endTurn()
  expect(waiter.told).toBe(0)
  await settle()
  expect(waiter.told).toBe(1)
  await endTurn()
  expect(waiter.told).toBe(1)
})

test('who waits again from within being told is told of the next batch', async () => {
  const told: number[] = []
  const waiter = {
    onCommitted: () => {
      told.push(journal.committed)
      if (told.length < 2) journal.wait(waiter)
    },
  }
  journal.batch.retainedCleared('a')
  journal.wait(waiter)
  await endTurn()
  await settle()
  await endTurn()
  expect(told).toEqual([1, 2])
})

test('a batch that fails is tried again as it is, and its waiters go on waiting', async () => {
  const waiter = new Waiter()
  const batch = journal.openBatch
  journal.batch.retainedCleared('a')
  journal.wait(waiter)
  await endTurn()
  await settle('fail')
  journal.batch.retainedCleared('b')
  await endTurn()
  expect(committed).toHaveLength(1)
  await time.pass(1000)
  expect(committed).toHaveLength(2)
  expect(committed[1]).toBe(committed[0])
  await settle('late')
  expect(waiter.told).toBe(0)
  expect(log.messages('error')).toEqual([
    'the store failed; trying again',
    'the store failed; trying again',
  ])
  await time.pass(1000)
  await settle()
  expect(waiter.told).toBe(1)
  expect(journal.committed).toBe(batch)
  await endTurn()
  expect(committed.at(-1)).not.toBe(committed[0])
})

test('a bug behind one waiter keeps the others from nothing', async () => {
  const waiter = new Waiter()
  journal.batch.retainedCleared('a')
  journal.wait({
    onCommitted: () => {
      throw new Error('a bug')
    },
  })
  journal.wait(waiter)
  await endTurn()
  await settle()
  expect(waiter.told).toBe(1)
  expect(log.messages('error')).toEqual(['a bug in the broker, behind a commit'])
  journal.batch.retainedCleared('b')
  await endTurn()
  await settle()
  expect(journal.committed).toBe(2)
})

test('flush ends at once when nothing is recorded, else when all of it is safe', async () => {
  await journal.flush()
  journal.batch.retainedCleared('a')
  await endTurn()
  journal.batch.retainedCleared('b')
  let isFlushed = false
  void journal.flush().then(() => {
    isFlushed = true
  })
  await settle()
  expect(isFlushed).toBe(false)
  await endTurn()
  await settle()
  expect(isFlushed).toBe(true)
})

test('flush waits for the batch under way when nothing was recorded behind it', async () => {
  journal.batch.retainedCleared('a')
  await endTurn()
  const flushed = journal.flush()
  await settle()
  await flushed
  expect(committed).toHaveLength(1)
})

test('a volatile store has no batches, and nobody waits', async () => {
  const afterTurn = (work: () => void): void => {
    turns.push(work)
  }
  const none = new Journal(new VolatileStore(), afterTurn, time.clock, time.deadlines, log)
  none.batch.retainedCleared('a')
  await none.flush()
  expect(none.openBatch).toBeLessThanOrEqual(none.committed)
  expect(turns).toEqual([])
})
