import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { readOperatorFile } from '../read-file.ts'
import { userOfLine } from './password-file.ts'

/**
 * A password file that is changed: the lines of others stay as they are, comments and order too.
 */
export class PasswordFileEdit {
  readonly #lines: string[]

  /** Of the text that the file has; an empty one begins a file. */
  constructor(text: string) {
    this.#lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  }

  get users(): string[] {
    return this.#lines.flatMap((line) => userOfLine(line)?.user ?? [])
  }

  /** The hash of a user, as it stands there. */
  hashOf(user: string): string | undefined {
    const line = this.#lines[this.#indexOf(user)]
    return line === undefined ? undefined : userOfLine(line)?.hash
  }

  /** Adds a user, or gives one another hash. Answers whether the user is new. */
  set(user: string, hash: string): boolean {
    const index = this.#indexOf(user)
    if (index < 0) this.#lines.push(`${user}:${hash}`)
    else this.#lines[index] = `${user}:${hash}`
    return index < 0
  }

  /** Answers whether there was such a user. */
  delete(user: string): boolean {
    const index = this.#indexOf(user)
    if (index >= 0) this.#lines.splice(index, 1)
    return index >= 0
  }

  get text(): string {
    return this.#lines.map((line) => `${line}\n`).join('')
  }

  #indexOf(user: string): number {
    return this.#lines.findIndex((line) => userOfLine(line)?.user === user)
  }
}

/** Reads a password file to change it. Throws: FileProblems. */
export function openPasswordFile(file: string): PasswordFileEdit {
  return new PasswordFileEdit(readOperatorFile(file))
}

/**
 * Puts a new text in the place of a file's, whole or not at all, also when the power fails. A new
 * file is for its owner only (0600); one that was there keeps its mode and, where the system lets
 * us, its owner. Throws: what the system says.
 */
export function replaceFile(file: string, text: string): void {
  const target = realPath(file)
  const old = statSync(target, { throwIfNoEntry: false })
  const temporary = `${target}.${process.pid}.new`
  const descriptor = openSync(temporary, 'wx', 0o600)
  try {
    try {
      writeSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    if (old !== undefined) keepOwner(temporary, old)
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Where a link leads, so that the link stays one. */
function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

/** A broker that runs as somebody else goes on reading the file; nobody else gets to read it. */
function keepOwner(file: string, { gid, mode, uid }: Stats): void {
  try {
    chownSync(file, uid, gid)
    chmodSync(file, mode & 0o640)
  } catch {
    // Not ours to give away: it is ours now, and for us only.
  }
}
