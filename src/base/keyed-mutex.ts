/** Serialises work per key: what is asked for one key runs one after another, keys run freely. */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<void>>()

  /** Keys with work running or waiting. */
  get size(): number {
    return this.#tails.size
  }

  /**
   * Runs `work` when everything asked earlier for `key` has ended, whether well or not.
   * Rejects with what `work` rejects with.
   */
  async run<T>(key: string, work: () => T | Promise<T>): Promise<T> {
    const before = this.#tails.get(key)
    let release!: () => void
    const mine = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#tails.set(key, mine)
    try {
      if (before !== undefined) await before
      return await work()
    } finally {
      release()
      if (this.#tails.get(key) === mine) this.#tails.delete(key)
    }
  }
}
