import { availableParallelism } from 'node:os'
import { Ring } from '../../base/ring.ts'
import type { PasswordHash } from '../password/password-hash.ts'
import { type HashOutcome, HashThread } from './hash-thread.ts'

/** Threads at most: each takes 19 MiB for an argon2id hash of ours, and its share of a processor. */
const threadsMax = 4
/** Checks that may wait; 10,000 of ours are minutes of work, so that clients have given up before. */
export const waitingMax = 10_000

/** Why a password was not checked: nobody waits for it any more, or too many wait already. */
export type Unchecked = 'not wanted' | 'too many'

interface Waiting {
  readonly hash: PasswordHash
  readonly password: Uint8Array
  readonly isWanted: () => boolean
  readonly settle: (outcome: HashOutcome | Unchecked) => void
}

/**
 * Checks passwords on threads of low priority, so that a storm of logins stalls no traffic.
 *
 * Invariants: 1. no more than `threadsMax` tasks run at a time, the others wait in the order in
 * which they came. 2. a task waits only while every thread is busy. 3. no more than `waitingMax` wait.
 */
export class HashPool {
  readonly #threadsMax: number
  readonly #waitingMax: number
  readonly #threads: HashThread[] = []
  readonly #waiting = new Ring<Waiting>()
  #isClosed = false

  /** By default a thread for each processor but one, at least 1. */
  constructor(threads = availableParallelism() - 1, waiting = waitingMax) {
    this.#threadsMax = Math.min(Math.max(threads, 1), threadsMax)
    this.#waitingMax = waiting
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Starts a thread ahead of the first login. */
  warmUp(): void {
    if (this.#threads.length === 0 && !this.#isClosed) this.#threads.push(new HashThread())
  }

  /**
   * Whether the hash was made of the password. A check that is no longer wanted when its turn comes
   * is skipped. Rejects when a thread fails, which is a fault of the environment.
   */
  async verify(
    hash: PasswordHash,
    password: Uint8Array,
    isWanted: () => boolean,
  ): Promise<boolean | Unchecked> {
    // A copy: a piece of a chunk would keep the chunk alive, and take it along to the thread.
    const own = new Uint8Array(password)
    const outcome = await new Promise<HashOutcome | Unchecked>((settle) => {
      this.#take({ hash, password: own, isWanted, settle })
    })
    if (outcome instanceof Error) throw outcome
    return outcome
  }

  /** Ends the threads; checks that wait are answered as not wanted. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      next.settle('not wanted')
    }
    await Promise.all(this.#threads.map((thread) => thread.close()))
  }

  #take(task: Waiting): void {
    if (this.#isClosed) return task.settle('not wanted')
    const thread = this.#freeThread()
    if (thread !== undefined) return this.#run(thread, task)
    if (this.#waiting.length >= this.#waitingMax) return task.settle('too many')
    this.#waiting.push(task)
  }

  /** A thread without work, a new one where there may be more; one that died is forgotten. */
  #freeThread(): HashThread | undefined {
    for (let index = this.#threads.length - 1; index >= 0; index--) {
      if (this.#threads[index]?.isOver === true) this.#threads.splice(index, 1)
    }
    const free = this.#threads.find((thread) => !thread.isBusy)
    if (free !== undefined || this.#threads.length >= this.#threadsMax) return free
    const thread = new HashThread()
    this.#threads.push(thread)
    return thread
  }

  #run(thread: HashThread, { hash, password, settle }: Waiting): void {
    thread.run({ hash, password }, (outcome) => {
      settle(outcome)
      this.#next()
    })
  }

  /** Gives the free threads what waits. */
  #next(): void {
    while (!this.#isClosed && this.#waiting.length > 0) {
      const thread = this.#freeThread()
      if (thread === undefined) return
      const task = this.#nextWanted()
      if (task !== undefined) this.#run(thread, task)
    }
  }

  #nextWanted(): Waiting | undefined {
    for (let task = this.#waiting.shift(); task !== undefined; task = this.#waiting.shift()) {
      if (task.isWanted()) return task
      task.settle('not wanted')
    }
    return undefined
  }
}
