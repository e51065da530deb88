import { isJsonObject, type JsonObject } from '../../base/json-object.ts'

/** Characters of a wrong value that are shown. */
const shownMax = 40

/** A field of an export is not what it must be: which, what is wrong, and what is wanted. */
export class WrongField extends Error {
  override name = 'WrongField'

  constructor(path: string, because: string, wanted: string) {
    super(`${path}: ${because}; wanted: ${wanted}`)
  }
}

/**
 * The fields of one object in an export. Each is taken by its name, and checked; at the end nothing
 * may be left. All methods throw: WrongField.
 */
export class Fields {
  readonly #path: string
  readonly #values: JsonObject
  readonly #taken: string[] = []

  /** `path`: what stands in front of the fields' names, empty or with a dot at its end. */
  constructor(path: string, values: JsonObject) {
    this.#path = path
    this.#values = values
  }

  /** Whether a field is there that may be missing. */
  has(name: string): boolean {
    return Object.hasOwn(this.#values, name)
  }

  /** Whether a field is this word, which stands for no other value of it. */
  is(name: string, word: string): boolean {
    if (this.#values[name] !== word) return false
    this.#taken.push(name)
    return true
  }

  /** A text in Unicode, without U+0000. */
  text(name: string, bytesMax: number): string {
    const value = this.#take(name)
    const wanted = `a text of at most ${bytesMax} bytes`
    if (typeof value !== 'string') throw this.wrong(name, shown(value), wanted)
    if (/[\0\p{Surrogate}]/u.test(value)) {
      throw this.wrong(name, 'has U+0000 or half a character in it', wanted)
    }
    const size = Buffer.byteLength(value)
    if (size > bytesMax) throw this.wrong(name, `has ${size} bytes`, wanted)
    return value
  }

  /** A whole number. */
  whole(name: string, min: number, max: number): number {
    const value = this.#take(name)
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) {
      return value as number
    }
    throw this.wrong(name, shown(value), `a whole number from ${min} to ${max}`)
  }

  flag(name: string): boolean {
    const value = this.#take(name)
    if (typeof value === 'boolean') return value
    throw this.wrong(name, shown(value), 'true or false')
  }

  /** One of a few values. */
  choice<T extends string | number>(name: string, choices: readonly T[]): T {
    const value = this.#take(name)
    if (choices.includes(value as T)) return value as T
    const last = choices.at(-1)
    const wanted = choices.length > 1 ? `${choices.slice(0, -1).join(', ')} or ${last}` : `${last}`
    throw this.wrong(name, shown(value), wanted)
  }

  /** Bytes in base64, as `Buffer.toString` writes them. */
  bytes(name: string): Buffer {
    const value = this.#take(name)
    if (typeof value !== 'string') throw this.wrong(name, shown(value), 'a text in base64')
    // What is no base64 would be passed over in silence.
    if (value.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(value)) {
      return Buffer.from(value, 'base64')
    }
    throw this.wrong(name, `${shown(value)}, which is no base64`, 'a text in base64')
  }

  /** Whole numbers, at least one. */
  wholes(name: string, min: number, max: number): number[] {
    const value = this.#take(name)
    const isWhole = (item: unknown): boolean =>
      Number.isInteger(item) && (item as number) >= min && (item as number) <= max
    if (Array.isArray(value) && value.length > 0 && value.every(isWhole)) return value as number[]
    throw this.wrong(name, shown(value), `a list of whole numbers from ${min} to ${max}`)
  }

  /** An object of its own; `read` takes its fields, all of them. */
  object<T>(name: string, read: (fields: Fields) => T): T {
    const value = this.#take(name)
    if (!isJsonObject(value)) throw this.wrong(name, shown(value), 'an object')
    const fields = new Fields(`${this.#path}${name}.`, value)
    const result = read(fields)
    fields.finish()
    return result
  }

  /** Nothing more is taken: what is left is unknown. */
  finish(): void {
    const names = Object.keys(this.#values)
    if (names.length === this.#taken.length) return
    const unknown = names.find((name) => !this.#taken.includes(name)) ?? ''
    throw this.wrong(nameOf(unknown), 'is unknown', 'only what the format has')
  }

  /** What is to be thrown when a field is wrong in a way that only who takes it knows. */
  wrong(name: string, because: string, wanted: string): WrongField {
    return new WrongField(`${this.#path}${name}`, because, wanted)
  }

  #take(name: string): unknown {
    if (!this.has(name)) throw this.wrong(name, 'is missing', 'a value')
    this.#taken.push(name)
    return this.#values[name]
  }
}

/** A wrong value, cut short, as the beginning of a sentence. */
function shown(value: unknown): string {
  const text = Array.isArray(value) ? 'a list' : isJsonObject(value) ? 'an object' : textOf(value)
  return `is ${text}`
}

/** A name out of a file, fit to be printed. */
function nameOf(name: string): string {
  return textOf(name).slice(1, -1)
}

function textOf(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text
}
