import { expect, test } from 'vitest'
import type { CommitWaiter, RoomWaiter } from '../../src/channel/ports.ts'
import { NotRunningError } from '../../src/library/errors.ts'
import { SafeWaiters } from '../../src/library/safe-waiters.ts'
import { ReasonCode } from '../../src/mqtt/reason-code.ts'

/** Commits that a test makes. */
class ManualCommits {
  readonly openBatch = 1
  readonly isRefusing = false
  committed = 0
  readonly waiting = new Set<CommitWaiter>()
  readonly held = new Set<RoomWaiter>()

  wait(waiter: CommitWaiter): void {
    this.waiting.add(waiter)
  }

  hold(waiter: RoomWaiter): void {
    this.held.add(waiter)
  }

  forget(waiter: CommitWaiter, held: RoomWaiter | undefined): void {
    this.waiting.delete(waiter)
    if (held !== undefined) this.held.delete(held)
  }

  commit(batch: number): void {
    this.committed = batch
    const waiting = [...this.waiting]
    this.waiting.clear()
    for (const waiter of waiting) waiter.onCommitted()
  }
}

const receipt = { code: ReasonCode.Success, batch: 2, isBehind: false }

function outcomeOf(promise: Promise<void>): { said: string } {
  const outcome = { said: 'pending' }
  promise.then(
    () => {
      outcome.said = 'safe'
    },
    (error: Error) => {
      outcome.said = error.name
    },
  )
  return outcome
}

test('who waits is told when its own batch is safe, not an earlier one', async () => {
  const commits = new ManualCommits()
  const outcome = outcomeOf(new SafeWaiters(commits).wait(receipt))
  commits.commit(1)
  await Promise.resolve()
  expect(outcome.said).toBe('pending')
  commits.commit(2)
  await Promise.resolve()
  expect(outcome.said).toBe('safe')
})

test('where the store is behind it is told when there is room, whichever comes first', async () => {
  const commits = new ManualCommits()
  const waiters = new SafeWaiters(commits)
  const early = outcomeOf(waiters.wait({ ...receipt, isBehind: true }))
  for (const held of commits.held) held.onRoom()
  await Promise.resolve()
  expect(early.said).toBe('pending')
  const late = outcomeOf(waiters.wait({ ...receipt, isBehind: true }))
  commits.commit(2)
  await Promise.resolve()
  expect([early.said, late.said]).toEqual(['safe', 'pending'])
  for (const held of commits.held) held.onRoom()
  await Promise.resolve()
  expect(late.said).toBe('safe')
})

test('the end of the broker rejects those who still wait, and they are forgotten', async () => {
  const commits = new ManualCommits()
  const waiters = new SafeWaiters(commits)
  const waiting = waiters.wait({ ...receipt, isBehind: true })
  waiters.end()
  await expect(waiting).rejects.toThrow(NotRunningError)
  expect([commits.waiting.size, commits.held.size]).toEqual([0, 0])
})
