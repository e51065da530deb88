/** Something with bytes to write at the end of the turn. */
export interface Flushable {
  flush(): void
}

/**
 * One write per socket and turn: connections that have something to say are flushed together,
 * when everything that this turn of the event loop brought has been handled.
 */
export class OutputFlusher {
  #dirty: Flushable[] = []
  #flushing: Flushable[] = []
  #isScheduled = false
  readonly #afterTurn: (work: () => void) => void
  readonly #flushAll = (): void => this.flush()

  constructor(afterTurn: (work: () => void) => void) {
    this.#afterTurn = afterTurn
  }

  // hot:
  add(connection: Flushable): void {
    this.#dirty.push(connection)
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#afterTurn(this.#flushAll)
  }

  flush(): void {
    const dirty = this.#dirty
    this.#dirty = this.#flushing
    this.#flushing = dirty
    this.#isScheduled = false
    for (let i = 0; i < dirty.length; i++) dirty[i]?.flush()
    dirty.length = 0
  }
}
