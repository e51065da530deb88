/** One fault in a file of the operator's; `line` counts from 1, 0 is the whole file. */
export interface FileProblem {
  readonly file: string
  readonly line: number
  /** What is wrong and what is wanted; never shows a secret. */
  readonly message: string
}

/** `passwd:3: what is wrong; wanted: what is wanted`. */
export function formatFileProblem({ file, line, message }: FileProblem): string {
  return line === 0 ? `${file}: ${message}` : `${file}:${line}: ${message}`
}

/** The operator's files are wrong: all that is, at once. */
export class FileProblems extends Error {
  override name = 'FileProblems'
  readonly problems: readonly FileProblem[]

  constructor(problems: readonly FileProblem[]) {
    super(problems.map(formatFileProblem).join('\n'))
    this.problems = problems
  }
}
