import { beforeEach, expect, test } from 'vitest'
import { defaultJournalOptions, Journal, type JournalOptions } from '../../src/broker/journal.ts'
import type { Store, StoreBatch } from '../../src/broker/ports.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { VolatileStore } from '../../src/store/memory/volatile-store.ts'
import { type CommitUnderWay, FaultyStore } from '../support/faulty-store.ts'
import { message } from '../support/session-kit.ts'
import { TestLog } from '../support/test-log.ts'
import { VirtualTime } from '../support/virtual-time.ts'

let time: VirtualTime
let log: TestLog
let turns: (() => void)[]
let underWay: CommitUnderWay[]
let committed: StoreBatch[]
let safeTopics: string[]
let journal: Journal

beforeEach(() => {
  time = new VirtualTime()
  log = new TestLog()
  turns = []
  underWay = []
  committed = []
  safeTopics = []
  const memory = new MemoryStore()
  const store = new FaultyStore(memory, (commit) => underWay.push(commit))
  const commit = store.commit.bind(store)
  store.commit = (batch) => {
    committed.push(batch)
    return commit(batch)
  }
  journal = journalOver(store)
})

function journalOver(store: Store, options: Partial<JournalOptions> = {}): Journal {
  return new Journal({
    store,
    afterTurn: (work) => turns.push(work),
    clock: time.clock,
    deadlines: time.deadlines,
    log,
    options: { ...defaultJournalOptions, commitIntervalMs: 0, ...options },
    onRetainedSafe: ({ topic }) => safeTopics.push(topic),
  })
}

/** Something changes: who did it is answered when it is safe, unless `isAwaited` is false. */
function change(topic: string, isAwaited = true): void {
  journal.retained(topic, undefined, isAwaited)
}

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
  change('a')
  change('b')
  await endTurn()
  expect(journal.openBatch).toBe(batch + 1)
  change('c')
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
  change('a')
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
  change('a')
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
  change('a')
  journal.wait(waiter)
  await endTurn()
  await settle()
  await endTurn()
  expect(told).toEqual([1, 2])
})

test('a batch that fails is tried again as it is, and its waiters go on waiting', async () => {
  const waiter = new Waiter()
  const batch = journal.openBatch
  change('a')
  journal.wait(waiter)
  await endTurn()
  await settle('fail')
  change('b')
  await endTurn()
  expect(committed).toHaveLength(1)
  await time.pass(1000)
  expect(committed).toHaveLength(2)
  expect(committed[1]).toBe(committed[0])
  await settle('late')
  expect(waiter.told).toBe(0)
  expect(log.messages('error')).toEqual([
    'the store fails: nothing is acknowledged until it works again',
  ])
  expect(journal.isFailing).toBe(true)
  await time.pass(1000)
  await settle()
  expect(waiter.told).toBe(1)
  expect(journal.committed).toBe(batch)
  expect(journal.isFailing).toBe(false)
  expect(log.messages('info')).toEqual(['the store works again'])
  await endTurn()
  expect(committed.at(-1)).not.toBe(committed[0])
})

test('a bug behind one waiter keeps the others from nothing', async () => {
  const waiter = new Waiter()
  change('a')
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
  change('b')
  await endTurn()
  await settle()
  expect(journal.committed).toBe(2)
})

test('flush ends at once when nothing is recorded, else when all of it is safe', async () => {
  await journal.flush()
  change('a')
  await endTurn()
  change('b')
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
  change('a')
  await endTurn()
  const flushed = journal.flush()
  await settle()
  await flushed
  expect(committed).toHaveLength(1)
})

test('a volatile store has no batches, and nobody waits', async () => {
  journal = journalOver(new VolatileStore())
  change('a')
  await journal.flush()
  expect(journal.openBatch).toBeLessThanOrEqual(journal.committed)
  expect(turns).toEqual([])
})

test('batches start no faster than the commit interval', async () => {
  journal = journalOver(new MemoryStore(), { commitIntervalMs: 5 })
  change('a')
  await endTurn()
  expect(journal.committed).toBe(1)
  change('b')
  await endTurn()
  await time.pass(4)
  expect(turns).toEqual([])
  await time.pass(1)
  await endTurn()
  expect(journal.committed).toBe(2)
})

test('what nobody waits for is written within the async interval, or with what is waited for', async () => {
  journal = journalOver(new MemoryStore(), { asyncIntervalMs: 100 })
  change('a', false)
  await endTurn()
  expect(journal.committed).toBe(1)
  change('b', false)
  await time.pass(99)
  expect(turns).toEqual([])
  await time.pass(1)
  await endTurn()
  expect(journal.committed).toBe(2)
  change('c', false)
  change('d')
  await endTurn()
  expect(journal.committed).toBe(3)
})

test('is behind while too much waits to be safe, and lets go who is held when half of it is', async () => {
  journal = journalOver(new FaultyStore(new MemoryStore(), (commit) => underWay.push(commit)), {
    pendingBytesMax: 1000,
  })
  let released = 0
  const retain = (size: number): void => {
    const large = message('x'.repeat(size), 1, { topic: 'large', retain: true })
    journal.retained('large', large, true)
  }
  retain(900)
  expect(journal.isBehind).toBe(true)
  journal.hold({ onRoom: () => released++ })
  await endTurn()
  expect(journal.isBehind).toBe(true)
  retain(500)
  await time.pass(100)
  await settle()
  expect([journal.isBehind, released]).toEqual([false, 0])
  await endTurn()
  await settle()
  expect([journal.pendingBytes, released, journal.heldCount]).toEqual([0, 1, 0])
})

test('looks again when the store makes room without a commit', async () => {
  const store = new FaultyStore(new MemoryStore(), (commit) => underWay.push(commit))
  journal = journalOver(store, { pendingBytesMax: 1000 })
  store.unsettledBytes = 2000
  let released = 0
  journal.hold({ onRoom: () => released++ })
  await time.pass(1000)
  expect([journal.isBehind, released]).toEqual([true, 0])
  store.unsettledBytes = 100
  await time.pass(100)
  expect([journal.isBehind, released]).toEqual([false, 1])
})

test('much that nobody waits for is written before the async interval is over', async () => {
  journal = journalOver(new MemoryStore(), { asyncIntervalMs: 100_000, pendingBytesMax: 4000 })
  change('a', false)
  await endTurn()
  journal.retained('r', message('x'.repeat(1000), 1, { topic: 'r', retain: true }), false)
  await time.pass(5)
  await endTurn()
  expect(journal.committed).toBe(2)
})

test('says which retained messages are safe, and which were replaced before they were', async () => {
  const retain = (topic: string, text: string): void => {
    journal.retained(topic, text === '' ? undefined : message(text, 1, { topic }), true)
  }
  retain('a', '1')
  retain('b', '1')
  retain('b', '')
  await endTurn()
  retain('c', '1')
  expect(safeTopics).toEqual([])
  await settle()
  expect(safeTopics).toEqual(['a'])
  await endTurn()
  await settle('fail')
  expect(safeTopics).toEqual(['a'])
  await time.pass(1000)
  await settle()
  expect(safeTopics).toEqual(['a', 'c'])
})

test('counts batches, records and how long they take', async () => {
  change('a')
  change('b')
  await endTurn()
  await time.pass(7)
  await settle()
  const { batchRecords, commitMs, records } = journal.meter
  expect([records, batchRecords.count, batchRecords.sum]).toEqual([2, 1, 2])
  expect([commitMs.max, commitMs.quantile(0.5)]).toEqual([7, 7])
})

test('tells how many records are not safe yet, and what batches were like', async () => {
  change('a')
  change('b')
  expect(journal.pendingRecords).toBe(2)
  await endTurn()
  change('c')
  expect(journal.pendingRecords).toBe(3)
  await settle()
  expect(journal.pendingRecords).toBe(1)
  await endTurn()
  await settle()
  expect(journal.pendingRecords).toBe(0)
  const { batchRecords, commitMs, records } = journal.meter
  expect({ records, batches: batchRecords.count, largest: batchRecords.max }).toEqual({
    records: 3,
    batches: 2,
    largest: 2,
  })
  expect(commitMs.count).toBe(2)
})
