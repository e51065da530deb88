/** Something that is done when everything that a turn of the event loop brought has been handled. */
export interface TurnWork {
  endTurn(): void
}

/**
 * The end of a turn, shared by the clients of a process: who asked for it gets its `endTurn`, once.
 * So what a turn brought is answered with one write a socket.
 */
export class Turn {
  #asked: TurnWork[] = []
  #served: TurnWork[] = []
  #isScheduled = false
  readonly #after: () => void
  readonly #end = (): void => this.end()

  /** `after` is called behind the last `endTurn` of each turn that had one. */
  constructor(after: () => void = () => undefined) {
    this.#after = after
  }

  // hot:
  ask(work: TurnWork): void {
    this.#asked.push(work)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#end)
  }

  /** Ends the turn now. Who asks meanwhile waits for the next one. */
  end(): void {
    const served = this.#asked
    this.#asked = this.#served
    this.#served = served
    this.#isScheduled = false
    for (let i = 0; i < served.length; i++) served[i]?.endTurn()
    served.length = 0
    this.#after()
  }
}
