import type { Clock } from '../base/clock.ts'
import type { Deadlines } from '../base/deadlines.ts'
import type { Logger } from '../base/logger.ts'
import { Ring } from '../base/ring.ts'
import type { Lane } from '../session/lane.ts'
import type { PageLimit, Store } from './ports.ts'
import type { SessionRecorder } from './session-recorder.ts'
import type { StoreMeter } from './store-meter.ts'

/** Entries of a page, unless its lane has more to drop. */
const pageLength = 128
/** Bytes of a page: entries above it come with the next one. */
const pageBytes = 128 * 1024
/**
 * Pages that are read at once. When a thousand sessions drain, reading all of their pages at once
 * would hold up what is to be written, and with it everything in memory that waits to be safe.
 */
const readsMax = 3
/** A store that could not be read is asked again after this. */
const readAgainMs = 1000
/** While that goes on it is said again after so many attempts. */
const sayAgainAfter = 60

/** What a pager works with. */
export interface PagerParts {
  readonly store: Store
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly log: Logger
  readonly meter: StoreMeter
}

/**
 * Reads the parts of queues that are only in the store, page by page, when a session asks for them,
 * in the order in which they ask.
 */
export class Pager {
  readonly #parts: PagerParts
  readonly #asked = new Ring<readonly [recorder: SessionRecorder, lane: Lane]>()
  #reading = 0
  /** Lanes that could not be read the last time, and how often in a row. */
  readonly #failures = new Map<Lane, number>()

  constructor(parts: PagerParts) {
    this.#parts = parts
  }

  /** Reads on in a lane; what comes goes to the session, and its owner pumps. */
  read(recorder: SessionRecorder, lane: Lane): void {
    this.#asked.push([recorder, lane])
    this.#readNext()
  }

  #readNext(): void {
    while (this.#reading < readsMax) {
      const next = this.#asked.shift()
      if (next === undefined) return
      this.#read(...next)
    }
  }

  #read(recorder: SessionRecorder, lane: Lane): void {
    const { meter, store } = this.#parts
    const limit: PageLimit = { length: Math.max(pageLength, lane.surplus), bytes: pageBytes }
    this.#reading++
    store.readQueue(recorder.key, lane.key, lane.beginReading(), limit).then(
      (entries) => {
        this.#onRead()
        this.#failures.delete(lane)
        meter.pagesRead++
        if (!recorder.onPage(lane, entries)) this.#onLost(recorder, lane)
      },
      (error: unknown) => {
        this.#onRead()
        this.#onFailed(recorder, lane, error)
      },
    )
  }

  #onRead(): void {
    this.#reading--
    this.#readNext()
  }

  #onFailed(recorder: SessionRecorder, lane: Lane, error: unknown): void {
    const { clock, deadlines, log } = this.#parts
    const { clientId } = recorder.key
    const attempts = (this.#failures.get(lane) ?? 0) + 1
    this.#failures.set(lane, attempts)
    if (attempts % sayAgainAfter === 1) {
      const fields = { err: error, clientId, attempts }
      log.error(fields, 'a queue cannot be read from the store; trying again')
    }
    deadlines.set(clock.now() + readAgainMs, () => {
      if (!recorder.isOver) this.read(recorder, lane)
      else this.#failures.delete(lane)
    })
  }

  /** The store is damaged: says so, and lets the session go on with what there is. */
  #onLost(recorder: SessionRecorder, lane: Lane): void {
    const { clientId } = recorder.key
    const messages = lane.loseStored()
    this.#parts.log.error({ clientId, messages }, 'queued messages are missing in the store')
    recorder.lane(lane)
    recorder.owner?.onCommitted()
  }
}
