/** Bits of one word. */
const wordBits = 32
const firstWords = 256

/** A set of whole numbers from 0 on, at a bit each: which messages have come, out of millions. */
export class NumberSet {
  #words = new Uint32Array(firstWords)

  has(number: number): boolean {
    return (((this.#words[number >>> 5] ?? 0) >>> (number & 31)) & 1) === 1
  }

  add(number: number): void {
    const word = number >>> 5
    if (word >= this.#words.length) this.#grow(word + 1)
    this.#words[word] = (this.#words[word] as number) | (1 << (number & (wordBits - 1)))
  }

  #grow(words: number): void {
    const larger = new Uint32Array(Math.max(words, 2 * this.#words.length))
    larger.set(this.#words)
    this.#words = larger
  }
}
