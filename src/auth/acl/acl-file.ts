import { checkTopicFilter } from '../../mqtt/topic.ts'
import { type FileProblem, FileProblems } from '../file-problem.ts'
import { readOperatorFile } from '../read-file.ts'
import type { RuleSource, Who } from './rule.ts'
import { type AclAction, type AclRule, type CompiledRule, compileRule } from './rule.ts'

/** Problems that are told of one file. */
const problemsMax = 50

/** mosquitto's words for what a rule is about; `deny` denies both. */
const actions: Readonly<Record<string, AclAction>> = {
  read: 'subscribe',
  write: 'publish',
  readwrite: 'all',
  deny: 'all',
}

/**
 * The rules of a file in the format of mosquitto's `acl_file`: those of a user, or of anonymous
 * clients, and the patterns that hold for everybody. In each of the two, what is denied goes before
 * what is allowed.
 */
export class AclFile implements RuleSource {
  /** By user; the rules above the first `user` line are those of anonymous clients. */
  readonly #users = new Map<string | undefined, AclRule[]>()
  readonly #patterns: AclRule[] = []

  addTo(user: string | undefined, rule: AclRule): void {
    const rules = this.#users.get(user)
    if (rules === undefined) this.#users.set(user, [rule])
    else rules.push(rule)
  }

  addPattern(rule: AclRule): void {
    this.#patterns.push(rule)
  }

  rulesFor(who: Who): CompiledRule[] {
    const own = compileAll(this.#users.get(who.username) ?? [], who)
    return [...own, ...compileAll(this.#patterns, who)]
  }
}

/** Reads a rule file. Throws: FileProblems. */
export function readAclFile(file: string): AclFile {
  return parseAclFile(file, readOperatorFile(file))
}

/** The same, of a text. `file` is for the problems. Throws: FileProblems. */
export function parseAclFile(file: string, text: string): AclFile {
  const rules = new AclFile()
  const problems: FileProblem[] = []
  let user: string | undefined
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const [, keyword = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? []
    const fault = (message: string): void => {
      problems.push({ file, line: index + 1, message })
    }
    if (keyword === 'user') {
      if (rest === '') fault('names no user; wanted: user <name>')
      else user = rest
    } else if (keyword === 'topic' || keyword === 'pattern') {
      const rule = readRule(keyword, rest)
      if (typeof rule === 'string') fault(rule)
      else if (keyword === 'topic') rules.addTo(user, rule)
      else rules.addPattern(rule)
    } else fault(`${JSON.stringify(keyword)} is no rule; wanted: user, topic or pattern`)
    if (problems.length >= problemsMax) break
  }
  if (problems.length > 0) throw new FileProblems(problems)
  return rules
}

/** `[read|write|readwrite|deny] <topic>`; the topic may hold spaces where the word is there. */
function readRule(keyword: 'topic' | 'pattern', rest: string): AclRule | string {
  const [, word = '', behind = ''] = /^(\S+)\s+(.*)$/.exec(rest) ?? []
  const action = word === '' ? 'all' : actions[word]
  const topic = word === '' ? rest : behind
  const wanted = `wanted: ${keyword} [read|write|readwrite|deny] <topic>`
  if (action === undefined) return `${JSON.stringify(word)} is no kind of access; ${wanted}`
  if (topic === '') return `names no topic; ${wanted}`
  const refusal = checkTopicFilter(topic)
  if (refusal !== undefined) return `is no topic filter: ${refusal.because}; ${wanted}`
  const filter =
    keyword === 'topic'
      ? topic
      : topic.replaceAll('%c', '${clientid}').replaceAll('%u', '${username}')
  return { isAllow: word !== 'deny', action, topics: [filter] }
}

function compileAll(rules: readonly AclRule[], who: Who): CompiledRule[] {
  const denied: CompiledRule[] = []
  const allowed: CompiledRule[] = []
  for (const rule of rules) {
    const own = compileRule(rule, who)
    if (own !== undefined) (own.isAllow ? allowed : denied).push(own)
  }
  return [...denied, ...allowed]
}
