/**
 * A deque in a circular array whose capacity is a power of two: adding and taking at either end
 * cost the same whatever its length, and what was taken is not kept alive. It starts without an
 * array at all, so an empty one costs an object.
 */
export class Ring<T> {
  #items: (T | undefined)[] = []
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  get isEmpty(): boolean {
    return this.#length === 0
  }

  push(item: T): void {
    if (this.#length === this.#items.length) this.#grow()
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item
    this.#length++
  }

  unshift(item: T): void {
    if (this.#length === this.#items.length) this.#grow()
    this.#head = (this.#head - 1) & (this.#items.length - 1)
    this.#items[this.#head] = item
    this.#length++
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#items.length - 1)
    this.#length--
    if (this.#length === 0 && this.#items.length > 64) {
      this.#items = []
      this.#head = 0
    }
    return item
  }

  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#items[this.#head]
  }

  /** The item `index` places behind the head. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined
    return this.#items[(this.#head + index) & (this.#items.length - 1)]
  }

  /** Takes out the item `index` places behind the head; costs the distance to the nearer end. */
  removeAt(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined
    const mask = this.#items.length - 1
    const removed = this.#items[(this.#head + index) & mask]
    if (index < this.#length / 2) {
      for (let i = index; i > 0; i--) {
        this.#items[(this.#head + i) & mask] = this.#items[(this.#head + i - 1) & mask]
      }
      this.shift()
      return removed
    }
    for (let i = index; i < this.#length - 1; i++) {
      this.#items[(this.#head + i) & mask] = this.#items[(this.#head + i + 1) & mask]
    }
    this.#items[(this.#head + this.#length - 1) & mask] = undefined
    this.#length--
    return removed
  }

  clear(): void {
    this.#items = []
    this.#head = 0
    this.#length = 0
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.#length; i++) yield this.at(i) as T
  }

  #grow(): void {
    const old = this.#items
    const items = new Array<T | undefined>(Math.max(8, old.length * 2))
    for (let i = 0; i < this.#length; i++) items[i] = old[(this.#head + i) & (old.length - 1)]
    this.#items = items
    this.#head = 0
  }
}
