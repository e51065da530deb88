/** What one message turned out to be; `late` is new, and behind one that was sent after it. */
export type Arrival = 'new' | 'late' | 'doubled' | 'alien'

/** A number so far ahead was never sent: the payload is damaged. */
const gapMax = 1_000_000

/**
 * The messages of one stream at their receiver: numbered from 0, each is to come once and in order.
 * It remembers what was skipped, so a message that comes late is told from one that comes twice.
 */
export class SequenceCheck {
  #next = 0
  #skipped: Set<number> | undefined

  arrive(sequence: number): Arrival {
    // hot: all of them, when nothing is wrong.
    if (sequence === this.#next) {
      this.#next++
      return 'new'
    }
    if (sequence < this.#next) return this.#skipped?.delete(sequence) ? 'late' : 'doubled'
    if (sequence - this.#next > gapMax) return 'alien'
    this.#skipped ??= new Set()
    while (this.#next < sequence) this.#skipped.add(this.#next++)
    this.#next++
    return 'new'
  }

  /** How many of the first `sent` messages have not come. */
  missing(sent: number): number {
    return sent - this.#next + (this.#skipped?.size ?? 0)
  }
}
