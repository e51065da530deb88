import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { TimeOffset } from '../codec/message-codec.ts'
import { StoreInUse, StoreVersion } from '../errors.ts'
import { formatVersion, type RedisKeys } from './keys.ts'
import type { Link } from './link.ts'
import { scripts } from './scripts/scripts.ts'

/** Milliseconds between looks at the heartbeat of another broker. */
const lookAgainMs = 100
/** What a heartbeat is given beyond its deadline. */
const graceMs = 1000
/** Heartbeats in the time after which their absence counts. */
const beatsPerTakeover = 3

/** What Redis says to who was the owner, and the number of the last batch that it has. */
export type Owned = readonly [whose: 'ours' | 'fenced' | 'lost', last?: number]

/** What an ownership is made of. */
export interface OwnershipParts {
  readonly link: Link
  readonly keys: RedisKeys
  readonly clock: Clock
  readonly log: Logger
  readonly takeoverAfterMs: number
  /** Ms since 1970 in place of Redis' clock. */
  readonly serverTime: (() => number) | undefined
}

type Acquired =
  | readonly [answer: 'format', version: Buffer]
  | readonly [answer: 'held', beat: Buffer, lapsesInMs: number, description: Buffer]
  | readonly [answer: 'taken', epoch: number, time: Buffer]

/**
 * This broker's claim to the store: an epoch that is above that of every owner before, and a heartbeat
 * without which another broker may take over. Who has been followed by another is refused whatever it
 * writes, however late it comes: the epoch decides, the heartbeat only says when it may be raised.
 */
export class Ownership {
  readonly epoch: number
  /** Names this process: no other has the same. */
  readonly incarnation: string
  readonly offset: TimeOffset
  readonly #parts: OwnershipParts
  #beats = 0
  #timer: NodeJS.Timeout | undefined

  private constructor(parts: OwnershipParts, incarnation: string, epoch: number, time: number) {
    this.#parts = parts
    this.incarnation = incarnation
    this.epoch = epoch
    this.offset = time - parts.clock.now()
  }

  /**
   * Becomes the owner. Where there is one, waits whether its heartbeat goes on or lapses. Rejects:
   * StoreInUse, StoreVersion, StoreUnavailable.
   */
  static async take(parts: OwnershipParts): Promise<Ownership> {
    const incarnation = randomBytes(8).toString('hex')
    const description = `process ${process.pid} on ${hostname()}`
    const rival = new Rival(parts)
    for (;;) {
      const answer = await acquire(parts, incarnation, description)
      if (answer[0] === 'taken') {
        return new Ownership(parts, incarnation, answer[1], Number(answer[2]))
      }
      const [, beat, lapsesInMs, owner] = answer
      if (rival.lives(beat.toString(), lapsesInMs, owner.toString())) throw inUse(parts, owner)
      await delay(Math.min(lookAgainMs, Math.max(1, lapsesInMs)))
    }
  }

  /** Keeps the heartbeat going: has `beat` called, which calls ours. */
  start(beat: () => Promise<void>): void {
    this.#timer = setInterval(() => {
      // Who is not answered is told by the next commit, and the connection says so.
      beat().catch(() => undefined)
    }, this.#parts.takeoverAfterMs / beatsPerTakeover)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Says that another broker may follow at once. Rejects: StoreUnavailable. */
  async leave(): Promise<void> {
    this.stop()
    await this.#beat(0)
  }

  /** Says that this broker lives. Rejects: StoreUnavailable. */
  beat(): Promise<Owned> {
    return this.#beat(this.#parts.takeoverAfterMs)
  }

  async #beat(holdsMs: number): Promise<Owned> {
    const { clock, keys, link } = this.#parts
    const beat = `${this.incarnation} ${++this.#beats}`
    const time = Math.round(clock.now() + this.offset)
    const answer = (await link.call({
      script: scripts.beat,
      keys: [keys.owner, keys.alive],
      args: [this.incarnation, this.epoch, beat, holdsMs, time],
    })) as [Buffer, number?]
    return [answer[0].toString() as Owned[0], answer[1] ?? 0]
  }
}

/** The broker whose heartbeat was found: it lives when the heartbeat goes on, or does not lapse. */
class Rival {
  readonly #parts: OwnershipParts
  #beat: string | undefined
  #lapsedAt = 0

  constructor(parts: OwnershipParts) {
    this.#parts = parts
  }

  /** Whether it is known to live, by what is found now. */
  lives(beat: string, lapsesInMs: number, owner: string): boolean {
    const { clock, log } = this.#parts
    const now = clock.now()
    if (lapsesInMs < 0) return true
    if (this.#beat !== undefined) return beat !== this.#beat || now > this.#lapsedAt
    this.#beat = beat
    this.#lapsedAt = now + lapsesInMs + graceMs
    const words = 'another broker has used the store just now: waiting whether it lives'
    log.info({ owner, lapsesInMs }, words)
    return false
  }
}

/** Tries to become the owner. Rejects: StoreVersion, StoreUnavailable. */
async function acquire(
  { link, keys, serverTime, takeoverAfterMs }: OwnershipParts,
  incarnation: string,
  description: string,
): Promise<Exclude<Acquired, readonly ['format', ...unknown[]]>> {
  const answer = (await link.call({
    script: scripts.acquire,
    keys: [keys.owner, keys.alive],
    args: [incarnation, description, takeoverAfterMs, formatVersion, serverTime?.() ?? ''],
  })) as readonly [Buffer, ...unknown[]]
  const acquired = [answer[0].toString(), ...answer.slice(1)] as unknown as Acquired
  if (acquired[0] !== 'format') return acquired
  throw new StoreVersion(
    `${link.name}, keys ${keys.prefix}:*, was written by another version (format ${String(acquired[1])}, ` +
      `this one reads ${formatVersion}); start that version, or take another store.key_prefix`,
  )
}

function inUse({ link, keys }: OwnershipParts, owner: Buffer): StoreInUse {
  const advice = 'stop it, or give this one another store.key_prefix'
  return new StoreInUse(
    `${link.name}, keys ${keys.prefix}:*, is in use by another broker (${owner.toString()}); ${advice}`,
  )
}
