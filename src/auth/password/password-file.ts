import { type FileProblem, FileProblems } from '../file-problem.ts'
import { readOperatorFile } from '../read-file.ts'
import { type PasswordHash, parsePasswordHash } from './password-hash.ts'

/** Problems that are told of one file. */
const problemsMax = 50

/** Users by name, in the order of their file. */
export type Users = ReadonlyMap<string, PasswordHash>

/**
 * Reads a password file: `user:hash` a line; empty lines and those that begin with `#` mean
 * nothing. mosquitto's files and htpasswd's with bcrypt are of this form. Throws: FileProblems.
 */
export function readPasswordFile(file: string): Users {
  return parsePasswordFile(file, readOperatorFile(file))
}

/** The same, of a text. `file` is for the problems. Throws: FileProblems. */
export function parsePasswordFile(file: string, text: string): Users {
  const users = new Map<string, PasswordHash>()
  const lineOf = new Map<string, number>()
  const problems: FileProblem[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const entry = userOfLine(raw)
    if (entry === undefined) continue
    const line = index + 1
    const { hash, user } = entry
    const first = lineOf.get(user)
    const message =
      first === undefined ? faultOf(user, hash) : `is a user of line ${first} already; wanted: once`
    if (message !== undefined) problems.push({ file, line, message })
    else users.set(user, parsePasswordHash(hash) as PasswordHash)
    if (first === undefined) lineOf.set(user, line)
    if (problems.length >= problemsMax) break
  }
  if (problems.length > 0) throw new FileProblems(problems)
  return users
}

/** The user and the rest of a line; undefined for one that names nobody. */
export function userOfLine(raw: string): { user: string; hash: string } | undefined {
  const line = raw.trimEnd()
  if (line === '' || line.startsWith('#')) return undefined
  const colon = line.indexOf(':')
  if (colon < 0) return { user: '', hash: '' }
  return { user: line.slice(0, colon), hash: line.slice(colon + 1) }
}

function faultOf(user: string, hash: string): string | undefined {
  if (user === '') return 'names no user; wanted: user:hash'
  const parsed = parsePasswordHash(hash)
  return typeof parsed === 'string' ? `user ${JSON.stringify(user)} ${parsed}` : undefined
}
