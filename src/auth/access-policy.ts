import { createHmac, randomBytes } from 'node:crypto'
import { readAclFile } from './acl/acl-file.ts'
import { Permissions } from './acl/permissions.ts'
import type { RuleSource, Who } from './acl/rule.ts'
import { RuleList } from './acl/rule-list.ts'
import { type FileProblem, FileProblems } from './file-problem.ts'
import type { AccessOptions } from './options.ts'
import { readPasswordFile, type Users } from './password/password-file.ts'
import type { PasswordHash } from './password/password-hash.ts'

/** What the files of one listener, or of all, said when they were last read. */
export class AccessPolicy {
  readonly allowAnonymous: boolean
  /** Undefined when no passwords are asked for. */
  readonly users: Users | undefined
  readonly #sources: readonly RuleSource[]
  readonly #isAllowedElse: boolean
  readonly #decoys: readonly PasswordHash[]

  /** Reads the files. Throws: FileProblems. */
  constructor({ acl, allowAnonymous, passwordFile }: AccessOptions) {
    this.allowAnonymous = allowAnonymous
    const faults: FileProblem[] = []
    const read = <T>(file: string | undefined, readFile: (file: string) => T): T | undefined =>
      file === undefined ? undefined : collect(faults, () => readFile(file))
    this.users = read(passwordFile, readPasswordFile)
    const fromFile = read(acl.file, readAclFile)
    if (faults.length > 0) throw new FileProblems(faults)
    this.#decoys = [...(this.users?.values() ?? [])]
    const sources: RuleSource[] = acl.rules.length > 0 ? [new RuleList(acl.rules)] : []
    if (fromFile !== undefined) sources.push(fromFile)
    this.#sources = sources
    this.#isAllowedElse = acl.isAllowedElse
  }

  permissionsOf(who: Who): Permissions {
    if (this.#sources.length === 0) return this.#isAllowedElse ? mayAll : mayNothing
    const rules = this.#sources.flatMap((source) => source.rulesFor(who))
    return new Permissions(rules, this.#isAllowedElse)
  }

  /**
   * The hash that the password of a user who is not there is checked against, so that the answer
   * takes as long as for one who is: always the same for a name, of the kinds that the file has.
   */
  decoyFor(username: string): PasswordHash | undefined {
    if (this.#decoys.length === 0) return undefined
    const number = createHmac('sha256', decoyKey).update(username).digest().readUInt32BE()
    return this.#decoys[number % this.#decoys.length]
  }
}

/** What `read` answers, or undefined and the problems that it throws. */
function collect<T>(faults: FileProblem[], read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FileProblems)) throw error
    faults.push(...error.problems)
    return undefined
  }
}

/** Nobody can tell which decoy a name gets. */
const decoyKey = randomBytes(32)

const mayAll = new Permissions([], true)
const mayNothing = new Permissions([], false)
