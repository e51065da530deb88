/** A promise that the broker did not keep. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

const linesMax = 4000

/** The last things that happened in a simulated world, for whoever reads of a failure. */
export class Trace {
  readonly #now: () => number
  #lines: string[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  add(who: string, what: string): void {
    this.#lines.push(`${String(this.#now()).padStart(8)} ${who.padEnd(8)} ${what}`)
    if (this.#lines.length >= 2 * linesMax) this.#lines = this.#lines.slice(-linesMax)
  }

  tail(lines = linesMax): string {
    return this.#lines.slice(-lines).join('\n')
  }
}
