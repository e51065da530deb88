import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { StoreDamaged, type StoreError } from '../errors.ts'
import { StoreFenced, StoreLost } from './errors.ts'
import type { RedisKeys } from './keys.ts'
import type { Link } from './link.ts'
import type { Owned, Ownership } from './ownership.ts'
import { RecentBatches } from './recent-batches.ts'
import { scripts } from './scripts/scripts.ts'
import type { SealedBatch } from './sealed-batch.ts'

/** What a committer works with. */
export interface CommitterParts {
  readonly link: Link
  readonly keys: RedisKeys
  readonly ownership: Ownership
  readonly clock: Clock
  readonly log: Logger
}

type Admission = readonly [
  answer: 'admitted' | 'done' | 'behind' | 'fenced' | 'lost',
  last?: string,
]

/**
 * Brings batches into Redis, each as one transaction, all of it or nothing, once. Whether one whose answer
 * was lost was written says Redis, by its number.
 *
 * Invariants: 1. numbers follow one another without a gap, in the order of the first attempts. 2. after
 * `fail` nothing is written and nothing succeeds any more: another broker may own the store.
 */
export class Committer {
  readonly #parts: CommitterParts
  readonly #recent = new RecentBatches()
  #lastNumber = 0
  /** The last batch that Redis said it has. */
  #safeNumber = 0
  #attempts = 0
  #failure: StoreError | undefined

  constructor(parts: CommitterParts) {
    this.#parts = parts
  }

  /** Resolves when the batch is in Redis. Rejects: StoreUnavailable, StoreFenced, StoreLost, StoreDamaged. */
  async commit(batch: SealedBatch): Promise<void> {
    if (batch.number === 0) batch.number = ++this.#lastNumber
    await this.#write(batch)
    batch.isSafe = true
    this.#safeNumber = batch.number
    this.#recent.add(batch, this.#parts.clock.now())
  }

  /**
   * The heartbeat of the owner, which also tells whether Redis has what it had, when there is nothing to
   * commit. Rejects: as `commit` does.
   */
  async beat(): Promise<void> {
    const safeNumber = this.#safeNumber
    const [whose, last = 0] = await this.#parts.ownership.beat()
    if (whose !== 'ours') return this.#noteOwner(whose)
    if (last < safeNumber) await this.#writeAgain(last, safeNumber + 1)
  }

  #noteOwner(whose: Owned[0]): void {
    if (whose === 'fenced') this.#fenced()
    if (whose === 'lost') this.#lost('it does not know this broker any more')
  }

  async #write(batch: SealedBatch): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const [answer, last] = await this.#send(batch)
      if (answer === 'admitted' || answer === 'done') return
      if (answer === 'behind') await this.#writeAgain(Number(last), batch.number)
      else this.#noteOwner(answer)
    }
  }

  /** Writes once more what Redis has lost behind batch `last`, up to the one before `number`. */
  async #writeAgain(last: number, number: number): Promise<void> {
    const { link, log } = this.#parts
    const batches = this.#recent.after(last)
    if (batches === undefined) {
      return this.#lost(`its last batch is ${last}, of ${number - 1}, and not all are kept here`)
    }
    const fields = { last, missing: batches.length }
    log.warn(fields, `${link.name} came back without what it had acknowledged: writing it again`)
    for (const batch of batches) if (batch.number < number) await this.#write(batch)
  }

  async #send(batch: SealedBatch): Promise<Admission> {
    const { keys, link, ownership } = this.#parts
    const { epoch, incarnation } = ownership
    const token = `${incarnation}:${++this.#attempts}`
    const admit = {
      script: scripts.admit,
      keys: [keys.owner],
      args: [incarnation, epoch, batch.number, token],
    }
    const [admission, ...answers] = await link.replicate([admit, ...batch.calls(token)])
    if (admission instanceof Error) this.#damaged(admission.message)
    for (const answer of answers) {
      if (answer === 'fenced') return ['fenced']
      if (answer instanceof Error) this.#damaged(answer.message)
    }
    return admission as Admission
  }

  #fenced(): void {
    const advice = 'this one acknowledges nothing any more and must be stopped'
    const { keys, link } = this.#parts
    this.#fail(
      new StoreFenced(
        `${link.name}, keys ${keys.prefix}:*, was taken over by another broker; ${advice}`,
      ),
    )
  }

  #lost(because: string): void {
    const advice = 'start the broker again to go on with what Redis has'
    const { keys, link } = this.#parts
    this.#fail(
      new StoreLost(
        `${link.name}, keys ${keys.prefix}:*, has lost what was acknowledged: ${because}; ${advice}`,
      ),
    )
  }

  /** A part of a batch was refused that is not checked before: what is in Redis now is not whole. */
  #damaged(words: string): never {
    const { keys, link } = this.#parts
    throw this.#fail(
      new StoreDamaged(`${link.name}, keys ${keys.prefix}:*, took a batch only in parts: ${words}`),
    )
  }

  #fail(failure: StoreError): StoreError {
    if (this.#failure === undefined) this.#parts.log.error({}, failure.message)
    this.#failure ??= failure
    return failure
  }
}
