import { assert } from '../base/assert.ts'

/** What can wait in an `ExpiryHeap`; only the heap changes `place`. */
export interface Expiring {
  readonly forgetAt: number
  /** −1 while it is not in a heap. */
  place: number
}

/**
 * Things by the time at which they are to be forgotten: a binary heap that also takes out of its
 * middle, so that a topic that is set again every second leaves nothing behind.
 *
 * Invariants: 1. items[i].place = i. 2. nothing is later than what is below it.
 */
export class ExpiryHeap<T extends Expiring> {
  readonly #items: T[] = []

  get size(): number {
    return this.#items.length
  }

  /** What is to be forgotten first. */
  get first(): T | undefined {
    return this.#items[0]
  }

  add(item: T): void {
    this.#items.push(item)
    this.#up(item, this.#items.length - 1)
  }

  /** Takes an item out; harmless when it is not in it. */
  remove(item: T): void {
    const place = item.place
    if (place < 0) return
    const last = this.#items.pop() as T
    item.place = -1
    if (last === item) return
    this.#down(last, place)
    this.#up(last, last.place)
  }

  checkInvariants(): void {
    this.#items.forEach((item, i) => {
      assert(item.place === i, 'an item knows its place')
      const parent = this.#items[(i - 1) >> 1]
      assert(
        parent === undefined || parent.forgetAt <= item.forgetAt,
        'nothing is later than below',
      )
    })
  }

  #up(item: T, from: number): void {
    let place = from
    while (place > 0) {
      const parent = this.#items[(place - 1) >> 1] as T
      if (parent.forgetAt <= item.forgetAt) break
      this.#put(parent, place)
      place = (place - 1) >> 1
    }
    this.#put(item, place)
  }

  #down(item: T, from: number): void {
    let place = from
    for (;;) {
      let childPlace = 2 * place + 1
      let child = this.#items[childPlace]
      const right = this.#items[childPlace + 1]
      if (child !== undefined && right !== undefined && right.forgetAt < child.forgetAt) {
        child = right
        childPlace++
      }
      if (child === undefined || item.forgetAt <= child.forgetAt) break
      this.#put(child, place)
      place = childPlace
    }
    this.#put(item, place)
  }

  #put(item: T, place: number): void {
    this.#items[place] = item
    item.place = place
  }
}
