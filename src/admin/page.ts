/** Items of a page, when nobody says how many, and at most. */
export const pageLimitDefault = 100
export const pageLimitMax = 1000
/** Items that one page looks at, wanted or not: a few milliseconds of work. */
const lookedAtMax = 20_000
/** Bytes of a page as JSON: what goes over the control socket in one line has room for twice that. */
const pageBytesMax = 400 * 1024

/** Which part of a list is wanted. */
export interface PageWish {
  /** Where to begin: 0, or the `next` of the page before. */
  readonly cursor: number
  /** Items, 1 … `pageLimitMax`. */
  readonly limit: number
}

/** A part of a list, as the control socket and the HTTP API answer it. */
export interface Page<T> {
  readonly data: readonly T[]
  readonly meta: {
    readonly limit: number
    /** All items there are; only where no filter was asked for, which would be counted one by one. */
    readonly count?: number
    /** Where the next page begins; not there at the end of the list. */
    readonly next?: number
  }
}

/** A list to be told in pages, in its own order. */
export interface Listed<S, T> {
  readonly source: Iterable<S>
  readonly fits?: (item: S) => boolean
  readonly describe: (item: S) => T
  readonly count?: number | undefined
}

/**
 * The wanted part of a list. It looks at a limited number of items, so that nobody has to wait for
 * who looks for a few of many: a page may have fewer items than its limit, or none, and `next` says
 * whether there is more. Lists change while somebody pages through them: what ends meanwhile may
 * hide an item, what is new comes at the end.
 */
export function pageOf<S, T>(list: Listed<S, T>, { cursor, limit }: PageWish): Page<T> {
  const { count, describe, fits, source } = list
  const data: T[] = []
  let place = 0
  let bytes = 0
  let next: number | undefined
  for (const item of source) {
    if (place >= cursor) {
      if (data.length >= limit || bytes > pageBytesMax || place - cursor >= lookedAtMax) {
        next = place
        break
      }
      if (fits === undefined || fits(item)) {
        const described = describe(item)
        bytes += JSON.stringify(described).length
        data.push(described)
      }
    }
    place++
  }
  const meta = { limit, ...(count !== undefined && { count }), ...(next !== undefined && { next }) }
  return { data, meta }
}
