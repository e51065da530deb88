import type { RedisKeys } from './keys.ts'
import type { Call } from './link.ts'
import { scripts } from './scripts/scripts.ts'

/** What one call writes to a session: the ops are in the batch's bytes. */
export interface SessionPart {
  readonly key: string
  readonly lanes: readonly string[]
  /** It goes on, begins, or ends. */
  readonly fate: 0 | 1 | 2
  /** The sequence that its next message gets, at least. */
  readonly sequence: number
  readonly start: number
  readonly end: number
}

/** A batch that is written: it goes to Redis as often as it must, and is the same each time. */
export class SealedBatch {
  /** Counts the batches of this owner that have something in them; 0 before the first attempt. */
  number = 0
  isSafe = false
  readonly #keys: RedisKeys
  readonly #epoch: number
  readonly #sessions: readonly SessionPart[]
  readonly #bytes: Buffer
  readonly #shared: Buffer | undefined

  constructor(
    keys: RedisKeys,
    epoch: number,
    sessions: readonly SessionPart[],
    bytes: Buffer,
    shared: Buffer | undefined,
  ) {
    this.#keys = keys
    this.#epoch = epoch
    this.#sessions = sessions
    this.#bytes = bytes
    this.#shared = shared
  }

  /** Whether there is nothing in it for Redis. */
  get isEmpty(): boolean {
    return this.#sessions.length === 0 && this.#shared === undefined
  }

  /** Bytes that it keeps. */
  get size(): number {
    return this.#bytes.length + (this.#shared?.length ?? 0) + 100 * this.#sessions.length
  }

  /** One call for each session, and one for what belongs to none; they write under this token. */
  calls(token: string): Call[] {
    const { owner, sessions, retained } = this.#keys
    const calls: Call[] = this.#sessions.map((part) => ({
      script: scripts.writeSession,
      keys: [owner, part.key, ...part.lanes],
      args: [token, this.#epoch, this.#bytes.subarray(part.start, part.end), ...restOf(part)],
    }))
    if (this.#shared !== undefined) {
      const keys = [owner, sessions, retained]
      calls.push({ script: scripts.writeShared, keys, args: [token, this.#shared] })
    }
    return calls
  }
}

/** What most parts do not have, and so need not send: each argument costs as much as a message. */
function restOf({ fate, sequence }: SessionPart): number[] {
  if (fate > 0) return [sequence, fate]
  return sequence > 0 ? [sequence] : []
}
