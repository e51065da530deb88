import type { Fields } from './fields.ts'
import type { LaneLine, SessionLine } from './read-lines.ts'

/**
 * What the lines of one session must not contradict: what stands once, what grows, and what is
 * within what. All methods throw: WrongField.
 */
export class SessionChecks {
  readonly #session: SessionLine
  readonly #filters = new Set<string>()
  readonly #packetIds = new Set<number>()
  readonly #awaitingRel = new Set<number>()
  readonly #lanes = new Set<number>()
  #lastOrder = -1
  #lane: LaneLine | undefined
  #lastSequence = -1

  constructor(session: SessionLine) {
    this.#session = session
  }

  subscription(fields: Fields, filter: string): void {
    once(this.#filters, filter, fields, 'filter')
  }

  slot(fields: Fields, packetId: number, order: number): void {
    once(this.#packetIds, packetId, fields, 'packetId')
    if (order <= this.#lastOrder) throw notAbove(fields, 'order', order, this.#lastOrder)
    this.#lastOrder = order
  }

  awaitingRel(fields: Fields, packetId: number): void {
    once(this.#awaitingRel, packetId, fields, 'packetId')
  }

  lane(fields: Fields, lane: LaneLine): void {
    const { head, key, tail } = lane
    once(this.#lanes, key, fields, 'lane')
    const { nextSequence } = this.#session
    if (head > tail) throw fields.wrong('head', `is ${head}`, `at most the tail, ${tail}`)
    if (tail > nextSequence) {
      throw fields.wrong(
        'tail',
        `is ${tail}`,
        `at most the session's nextSequence, ${nextSequence}`,
      )
    }
    this.#lane = lane
    this.#lastSequence = head - 1
  }

  queued(fields: Fields, sequence: number): void {
    const tail = this.#lane?.tail ?? 0
    if (sequence <= this.#lastSequence) {
      throw notAbove(fields, 'sequence', sequence, this.#lastSequence)
    }
    if (sequence >= tail) {
      throw fields.wrong('sequence', `is ${sequence}`, `below the tail of its lane, ${tail}`)
    }
    this.#lastSequence = sequence
  }
}

function once<T>(seen: Set<T>, value: T, fields: Fields, name: string): void {
  const before = seen.size
  seen.add(value)
  if (seen.size > before) return
  throw fields.wrong(name, `is ${JSON.stringify(value)}, as it was before`, 'each of them once')
}

function notAbove(fields: Fields, name: string, value: number, before: number): Error {
  return fields.wrong(name, `is ${value}`, `more than ${before}, for it grows from line to line`)
}
