import { readFileSync } from 'node:fs'
import { FileProblems } from './file-problem.ts'

/** Bytes of a password or rule file: some 500,000 users. */
const fileBytesMax = 64 * 1024 * 1024

/** The text of a file of the operator's. Throws: FileProblems. */
export function readOperatorFile(file: string): string {
  const fault = (message: string): FileProblems => new FileProblems([{ file, line: 0, message }])
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw fault(explain((error as NodeJS.ErrnoException).code))
  }
  if (bytes.length > fileBytesMax) throw fault('is too large; wanted: at most 64MB')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw fault('is not UTF-8 text; wanted: lines of text')
  }
}

function explain(code: string | undefined): string {
  if (code === 'ENOENT') return 'there is no such file; wanted: one, which may be empty'
  if (code === 'EACCES') return 'may not be read by this user; wanted: permission to read it'
  if (code === 'EISDIR') return 'is a folder; wanted: a file'
  return `could not be read (${code ?? 'unknown error'}); wanted: a file that can be`
}
