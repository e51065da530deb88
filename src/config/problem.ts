/** Where a setting came from: a file, an environment variable, or a flag of the command line. */
export type Place =
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'flag'; readonly name: string }

/** Keys and list indices from the top of the configuration down. */
export type Path = readonly (string | number)[]

/** One fault of the operator's: where, which setting, what is wrong and what is wanted. */
export interface Problem {
  readonly place: Place | undefined
  /** The setting, as `zones.default.max_inflight` or `listeners[tcp].bind`; empty for the whole. */
  readonly path: string
  readonly message: string
}

/** One line: `zone.yaml:3:20 zones.default.max_inflight: what is wrong; wanted: what is wanted`. */
export function formatProblem(problem: Problem): string {
  const where = problem.place === undefined ? '' : formatPlace(problem.place)
  const head = [where, problem.path].filter((part) => part !== '').join(' ')
  return head === '' ? problem.message : `${head}: ${problem.message}`
}

/** Sorts by file, line and column, what comes from elsewhere last; equal places keep their order. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => {
    const [left, right] = [a.place, b.place]
    if (left?.kind !== 'file' || right?.kind !== 'file') {
      return Number(left?.kind !== 'file') - Number(right?.kind !== 'file')
    }
    return left.line - right.line || left.column - right.column
  })
}

function formatPlace(place: Place): string {
  return place.kind === 'file' ? `${place.file}:${place.line}:${place.column}` : place.name
}
