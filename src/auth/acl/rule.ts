import type { BlockList } from 'node:net'
import { isIPv6 } from 'node:net'

/** What a rule is about. */
export const aclActions = ['publish', 'subscribe', 'all'] as const
export type AclAction = (typeof aclActions)[number]

/** One rule as the operator wrote it; whom it is for is undefined where it is for everybody. */
export interface AclRule {
  readonly isAllow: boolean
  readonly action: AclAction
  /** Topic filters, in which `${clientid}` and `${username}` stand for the client's own. */
  readonly topics: readonly string[]
  readonly usernames?: readonly string[] | undefined
  readonly clientIds?: readonly string[] | undefined
  readonly addresses?: BlockList | undefined
}

/** Who asks. */
export interface Who {
  readonly clientId: string
  /** Undefined for an anonymous client. */
  readonly username: string | undefined
  /** An IP address without a port; undefined when nobody knows. */
  readonly ipAddress: string | undefined
}

/** A rule for one client: its placeholders are filled in. */
export interface CompiledRule {
  readonly isAllow: boolean
  readonly forPublish: boolean
  readonly forSubscribe: boolean
  readonly filters: readonly string[]
}

/** Where rules come from; later kinds have them from a token or a database. */
export interface RuleSource {
  /** The rules about one client, in their order. */
  rulesFor(who: Who): CompiledRule[]
}

const placeholders = /\$\{(clientid|username)\}/g

/** A placeholder that nobody knows, to be told to the operator; undefined when there is none. */
export function unknownPlaceholder(topic: string): string | undefined {
  return /\$\{[^}]*\}?/.exec(topic.replace(placeholders, ''))?.[0]
}

/** The rule for one client; undefined when it is not about this client, or about no topic of its. */
export function compileRule(rule: AclRule, who: Who): CompiledRule | undefined {
  if (!isAbout(rule, who)) return undefined
  const filters: string[] = []
  for (const topic of rule.topics) {
    const filter = topic.includes('${') ? fillIn(topic, rule.isAllow, who) : topic
    if (filter !== undefined) filters.push(filter)
  }
  if (filters.length === 0) return undefined
  return {
    isAllow: rule.isAllow,
    forPublish: rule.action !== 'subscribe',
    forSubscribe: rule.action !== 'publish',
    filters,
  }
}

function isAbout(rule: AclRule, who: Who): boolean {
  const { addresses, clientIds, usernames } = rule
  if (usernames !== undefined && (who.username === undefined || !usernames.includes(who.username)))
    return false
  if (clientIds?.includes(who.clientId) === false) return false
  if (addresses === undefined) return true
  const { ipAddress } = who
  return ipAddress !== undefined && addresses.check(ipAddress, isIPv6(ipAddress) ? 'ipv6' : 'ipv4')
}

/**
 * Puts the client's own into a filter. What it calls itself must not widen a rule: a name with + # or
 * /, an empty one, or one that would make a `$` topic of it, allows nothing; and a rule that denies
 * then denies what anybody's name could stand for. Undefined when there is no such name, or nothing
 * is allowed.
 */
function fillIn(topic: string, isAllow: boolean, who: Who): string | undefined {
  let isMissing = false
  const levels = topic.split('/').map((level, index) => {
    let isUnfit = false
    const filled = level.replace(placeholders, (_whole, name: string) => {
      const value = name === 'clientid' ? who.clientId : who.username
      if (value === undefined) isMissing = true
      else if (value === '' || /[+#/\0]/.test(value)) isUnfit = true
      return value ?? ''
    })
    if (index === 0 && level.startsWith('${') && filled.startsWith('$')) isUnfit = true
    if (!isUnfit) return filled
    if (isAllow) isMissing = true
    return '+'
  })
  return isMissing ? undefined : levels.join('/')
}
