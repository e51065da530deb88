import type { Draft, Mapping } from './draft.ts'
import type { Path, Problem } from './problem.ts'

/** As deep as a file may be. */
const depthMax = 32

/**
 * Copies what a program wrote as a configuration, so that it can change it afterwards and nothing
 * but plain values, lists and mappings is looked at. A key without a value is as one that is absent.
 */
export function copyPlain(value: unknown, draft: Draft, path: Path, problems: Problem[]): unknown {
  if (value === undefined || value === null || typeof value !== 'object') return value
  const refuse = (message: string): undefined => {
    problems.push({ place: undefined, path: draft.describe(path.slice(0, 4)), message })
    return undefined
  }
  if (path.length > depthMax) return refuse(`is too deep; wanted: at most ${depthMax} levels`)
  if (Array.isArray(value)) {
    return value.map((item, index) => copyPlain(item, draft, [...path, index], problems))
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    return refuse('is an object of a class; wanted: a plain object, a list, a text or a number')
  }
  const mapping: Mapping = Object.create(null)
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== undefined) mapping[key] = copyPlain(inner, draft, [...path, key], problems)
  }
  return mapping
}
