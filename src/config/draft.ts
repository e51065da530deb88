import type { Path, Place } from './problem.ts'

/** Where a value stands, and how it was written there when that is not what it is now. */
export interface Origin {
  readonly place: Place
  /** The text before environment variables were put in: the only form of it that is ever shown. */
  readonly source?: string
}

/** Stands for a value that has been reported already, so that no second problem is made of it. */
export const unreadable = Symbol('unreadable')

/** A mapping without a prototype, so that no key of a file means anything special. */
export type Mapping = Record<string, unknown>

/** Tells a mapping of a draft from its lists and single values. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What the operator wrote, before anybody looked whether it makes sense: values and their origins. */
export class Draft {
  root: unknown = Object.create(null)
  readonly #origins = new Map<string, Origin>()
  readonly #keyPlaces = new Map<string, Place>()

  /** Notes where the value at a path stands. */
  note(path: Path, origin: Origin): void {
    this.#origins.set(JSON.stringify(path), origin)
  }

  /** Where the value at a path stands, or else the nearest that contains it. */
  originOf(path: Path): Origin | undefined {
    for (let length = path.length; length >= 0; length--) {
      const origin = this.#origins.get(JSON.stringify(path.slice(0, length)))
      if (origin !== undefined) return origin
    }
    return undefined
  }

  /** Notes where the key at the end of a path stands; its value stands elsewhere. */
  noteKey(path: Path, place: Place): void {
    this.#keyPlaces.set(JSON.stringify(path), place)
  }

  /** Where the key at the end of a path stands: what a complaint about the key itself points at. */
  keyPlaceOf(path: Path): Place | undefined {
    const place = this.placeOf(path)
    return place?.kind === 'file' ? (this.#keyPlaces.get(JSON.stringify(path)) ?? place) : place
  }

  placeOf(path: Path): Place | undefined {
    return this.originOf(path)?.place
  }

  /** Puts a value in the place of what stands at a path, with all that it contained. */
  replace(path: Path, value: unknown, origin: Origin): void {
    const head = JSON.stringify(path).slice(0, -1)
    for (const key of this.#origins.keys()) {
      if (key.startsWith(`${head},`)) this.#origins.delete(key)
    }
    this.note(path, origin)
    const last = path.at(-1)
    if (last === undefined) {
      this.root = value
      return
    }
    const container = this.at(path.slice(0, -1))
    if (isMapping(container) || Array.isArray(container)) {
      ;(container as Mapping)[last] = value
    }
  }

  /** The value at a path, undefined where there is none. */
  at(path: Path): unknown {
    let value = this.root
    for (const key of path) {
      if (!isMapping(value) && !Array.isArray(value)) return undefined
      value = (value as Mapping)[key]
    }
    return value
  }

  /** A path as people read it: items of a list by their names, where they have one. */
  describe(path: Path): string {
    let text = ''
    for (const [index, key] of path.entries()) {
      if (typeof key === 'number') text += `[${this.#itemName(path.slice(0, index + 1)) ?? key}]`
      else if (!/^[\w-]+$/.test(key)) text += `[${key}]`
      else text += text === '' ? key : `.${key}`
    }
    return text
  }

  #itemName(path: Path): string | undefined {
    const item = this.at(path)
    const name = isMapping(item) ? item.name : undefined
    return typeof name === 'string' && /^[\w-]+$/.test(name) ? name : undefined
  }
}
