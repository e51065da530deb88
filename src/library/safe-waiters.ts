import type { Commits, Receipt } from '../channel/ports.ts'
import { NotRunningError } from './errors.ts'

interface Waiter {
  onCommitted(): void
  onRoom(): void
  readonly end: (error: Error) => void
}

/** Those who wait until what they published is safe, and until the store takes more. */
export class SafeWaiters {
  readonly #commits: Commits
  readonly #waiters = new Set<Waiter>()

  constructor(commits: Commits) {
    this.#commits = commits
  }

  /**
   * Resolves when the batch of a receipt is safe and, where the store is behind, when it takes more.
   * Rejects: NotRunningError, when the broker stops before that.
   */
  wait({ batch, isBehind }: Receipt): Promise<void> {
    const commits = this.#commits
    if (batch <= commits.committed && !isBehind) return Promise.resolve()
    return new Promise((resolve, reject) => {
      let hasRoom = !isBehind
      const proceed = (): void => {
        if (batch > commits.committed) commits.wait(waiter)
        else if (hasRoom) {
          this.#waiters.delete(waiter)
          resolve()
        }
      }
      const waiter: Waiter = {
        onCommitted: proceed,
        onRoom: () => {
          hasRoom = true
          if (batch <= commits.committed) proceed()
        },
        end: reject,
      }
      this.#waiters.add(waiter)
      if (isBehind) commits.hold(waiter)
      proceed()
    })
  }

  /** The broker has stopped: nobody is told any more. */
  end(): void {
    const error = new NotRunningError('the broker stopped before the message was safe')
    for (const waiter of this.#waiters) {
      this.#commits.forget(waiter, waiter)
      waiter.end(error)
    }
    this.#waiters.clear()
  }
}
