/** Chance, handed in: a simulation replays from its seed. */
export interface Random {
  /** A whole number, 0 ≤ n < `bound`. */
  below(bound: number): number
  /** A text of `length` characters out of 0-9, A-Z, a-z. */
  text(length: number): string
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Reproducible chance from a 32-bit seed (mulberry32): for simulations, never for secrets. */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  below(bound: number): number {
    return Math.floor(this.fraction() * bound)
  }

  text(length: number): string {
    let text = ''
    for (let i = 0; i < length; i++) text += alphabet[this.below(alphabet.length)]
    return text
  }

  /** A number, 0 ≤ n < 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
