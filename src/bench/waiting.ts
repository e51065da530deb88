import { setTimeout as delay } from 'node:timers/promises'
import type { Tally } from './tally.ts'

/** Milliseconds between two looks. */
const lookMs = 20

/** Waits until it is done, or until nothing has come for `quietMsMax`. Answers whether it is. */
export async function untilDone(
  isDone: () => boolean,
  tally: Tally,
  quietMsMax: number,
): Promise<boolean> {
  const startMs = performance.now()
  while (!isDone()) {
    if (performance.now() - Math.max(startMs, tally.progressMs) > quietMsMax) return false
    await delay(lookMs)
  }
  return true
}

/** Does `work` for 0 … `count` − 1, at most `limit` at a time. Rejects with the first failure. */
export async function atMost(
  limit: number,
  count: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(limit, count) }, lane))
}
