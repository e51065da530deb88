import type { Clock } from '../base/clock.ts'
import type { Deadlines } from '../base/deadlines.ts'
import type { Logger } from '../base/logger.ts'
import type { Lane } from '../session/lane.ts'
import type { PageLimit, Store } from './ports.ts'
import type { SessionRecorder } from './session-recorder.ts'
import type { StoreMeter } from './store-meter.ts'

/** Entries of a page, unless its lane has more to drop. */
const pageLength = 128
/** Bytes of a page: entries above it come with the next one. */
const pageBytes = 128 * 1024
/** A store that could not be read is asked again after this. */
const readAgainMs = 1000

/** What a pager works with. */
export interface PagerParts {
  readonly store: Store
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly log: Logger
  readonly meter: StoreMeter
}

/** Reads the parts of queues that are only in the store, page by page, when a session asks for them. */
export class Pager {
  readonly #parts: PagerParts

  constructor(parts: PagerParts) {
    this.#parts = parts
  }

  /** Reads on in a lane; what comes goes to the session, and its owner pumps. */
  read(recorder: SessionRecorder, lane: Lane): void {
    const { store } = this.#parts
    const limit: PageLimit = { length: Math.max(pageLength, lane.surplus), bytes: pageBytes }
    store.readQueue(recorder.key, lane.key, lane.storedFrom, limit).then(
      (entries) => {
        this.#parts.meter.pagesRead++
        if (!recorder.onPage(lane, entries)) this.#onLost(recorder, lane)
      },
      (error: unknown) => this.#onFailed(recorder, lane, error),
    )
  }

  #onFailed(recorder: SessionRecorder, lane: Lane, error: unknown): void {
    const { clock, deadlines, log } = this.#parts
    const { clientId } = recorder.key
    log.error({ err: error, clientId }, 'a queue cannot be read from the store; trying again')
    deadlines.set(clock.now() + readAgainMs, () => {
      if (!recorder.isOver) this.read(recorder, lane)
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
