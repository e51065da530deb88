import { existsSync } from 'node:fs'
import { FileProblems } from '../auth/file-problem.ts'
import { openPasswordFile, PasswordFileEdit, replaceFile } from '../auth/password/edit-file.ts'
import { parsePasswordHash } from '../auth/password/password-hash.ts'
import { hashPassword, verifyPassword } from '../auth/password/verify.ts'
import { ExitCode } from './exit-code.ts'
import { readPassword } from './read-password.ts'
import { UsageError } from './usage-error.ts'

/** Adds a user with a password, or gives a user another one. A file that is not there begins. */
export function add(file: string, user: string): Promise<ExitCode> {
  return reporting(file, async () => {
    const fault = faultOfName(user)
    if (fault !== undefined) throw new UsageError(`a user name ${fault}`)
    open(file)
    const password = await readPassword(`New password for ${user}`)
    if (process.stdin.isTTY === true) await repeated(password)
    const hash = hashPassword(password)
    // Read again: others may have changed the file while the password was typed.
    const edit = open(file)
    const isNew = edit.set(user, hash)
    replaceFile(file, edit.text)
    return say(`${file}: user ${user} ${isNew ? 'added' : 'has another password now'}`)
  })
}

export function remove(file: string, user: string): Promise<ExitCode> {
  return reporting(file, () => {
    const edit = openPasswordFile(file)
    if (!edit.delete(user)) return complain(`${file}: there is no user ${user}`)
    replaceFile(file, edit.text)
    return say(`${file}: user ${user} deleted`)
  })
}

/** The users and how their passwords are kept, a line each. */
export function list(file: string): Promise<ExitCode> {
  return reporting(file, () => {
    const edit = openPasswordFile(file)
    for (const user of edit.users) {
      const hash = parsePasswordHash(edit.hashOf(user) ?? '')
      process.stdout.write(`${user}\t${typeof hash === 'string' ? `! ${hash}` : hash.kind}\n`)
    }
    return ExitCode.Ok
  })
}

/** Says whether a password is the user's: 0 it is, 1 it is not, or there is no such user. */
export function verify(file: string, user: string): Promise<ExitCode> {
  return reporting(file, async () => {
    const text = openPasswordFile(file).hashOf(user)
    const password = await readPassword(`Password of ${user}`)
    if (text === undefined) return complain(`${file}: there is no user ${user}`)
    const hash = parsePasswordHash(text)
    if (typeof hash === 'string') return complain(`${file}: user ${user} ${hash}`)
    if (!verifyPassword(hash, password))
      return complain(`${file}: that is not the password of ${user}`)
    return say(`${file}: that is the password of ${user}`)
  })
}

async function repeated(password: Buffer): Promise<void> {
  const again = await readPassword('Once more')
  if (!again.equals(password)) throw new UsageError('they are not the same: nothing was changed')
}

function open(file: string): PasswordFileEdit {
  return existsSync(file) ? openPasswordFile(file) : new PasswordFileEdit('')
}

/** What would be read back as another name, or as none. */
function faultOfName(user: string): string | undefined {
  if (user === '') return 'is wanted, and it is empty'
  if (user.startsWith('#')) return 'cannot begin with #: the line would be a comment'
  if (/[:\p{Cc}]/u.test(user)) return 'cannot hold a colon or control characters'
  return Buffer.byteLength(user) > 65_535 ? 'has at most 65535 bytes' : undefined
}

function say(line: string): ExitCode {
  process.stdout.write(`${line}\n`)
  return ExitCode.Ok
}

function complain(line: string): ExitCode {
  process.stderr.write(`${line}\n`)
  return ExitCode.Failure
}

/** What the system or the file has against it is one line, and exit code 1. */
async function reporting(
  file: string,
  work: () => ExitCode | Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof FileProblems) return complain(error.message)
    const code = (error as NodeJS.ErrnoException).code
    if (code === undefined || error instanceof UsageError) throw error
    return complain(`${file}: could not be written (${code}); nothing was changed`)
  }
}
