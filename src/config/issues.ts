import type * as z from 'zod'
import { type Draft, isMapping, unreadable } from './draft.ts'
import type { FormIssue } from './form.ts'
import { inWords } from './forms.ts'
import { knownKeysAt, otherHomeOf } from './known-keys.ts'
import type { Path, Problem } from './problem.ts'
import { suggest } from './suggest.ts'

/** What is shown of a value at most, in characters. */
const shownMax = 60

/** Says what the schema found in the operator's words. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], draft: Draft): Problem[] {
  return issues.flatMap((issue) => {
    const path = issue.path as Path
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey([...path, key], draft))
    }
    if (draft.at(path) === unreadable) return []
    return [{ place: draft.placeOf(path), path: draft.describe(path), message: say(issue, draft) }]
  })
}

function say(issue: z.core.$ZodIssue, draft: Draft): string {
  const path = issue.path as Path
  if (issue.code === 'custom') {
    const { because, isSecret, wanted } = issue.params as FormIssue
    const value = draft.at(path)
    const isShown = value !== undefined && value !== null && !isSecret
    return `${isShown ? `${show(path, draft)} ` : ''}${because}; wanted: ${wanted}`
  }
  if (issue.code === 'invalid_type') {
    if (draft.at(path) === undefined) return 'is missing'
    const isList = issue.expected === 'array'
    const wanted = isList
      ? 'a list, whose items begin with -'
      : 'a mapping, that is lines of key: value'
    return `${show(path, draft)} is not ${isList ? 'a list' : 'a mapping'}; wanted: ${wanted}`
  }
  return issue.message
}

function unknownKey(path: Path, draft: Draft): Problem {
  const key = String(path.at(-1))
  const known = knownKeysAt(path.slice(0, -1))
  const meant = suggest(key, known)
  const home = otherHomeOf(key)
  let wanted = `one of ${inWords(known)}`
  if (meant !== undefined) wanted = `did you mean ${meant}?`
  else if (home !== undefined) wanted = `it belongs to ${home}`
  const message = `unknown key; ${meant === undefined && home === undefined ? `wanted: ${wanted}` : wanted}`
  return { place: draft.keyPlaceOf(path), path: draft.describe(path), message }
}

/**
 * A value as it is shown to people. What came out of an environment variable is not, because it may
 * be a secret: there the text before it was put in, or no text at all.
 */
function show(path: Path, draft: Draft): string {
  const origin = draft.originOf(path)
  if (origin?.place.kind === 'variable') return 'its value'
  const value = origin?.source ?? draft.at(path)
  if (Array.isArray(value)) return 'a list'
  if (isMapping(value)) return 'a mapping'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  const unsigned = text.replace(/\/\/[^/@]*@/g, '//…@')
  return unsigned.length > shownMax ? `${unsigned.slice(0, shownMax)}…` : unsigned
}
