import type { AclRule } from './acl/rule.ts'

/** Rules about topics. */
export interface AclOptions {
  /** Whether what no rule is about is allowed. */
  readonly isAllowedElse: boolean
  /** Absolute; in mosquitto's format, asked after `rules`. */
  readonly file: string | undefined
  readonly rules: readonly AclRule[]
}

/** Who may connect through a listener, and what they may do. */
export interface AccessOptions {
  readonly allowAnonymous: boolean
  /** Absolute; without one nobody's password is asked for. */
  readonly passwordFile: string | undefined
  readonly acl: AclOptions
}

/** The same for all listeners, and for those that have their own. */
export interface AllAccessOptions extends AccessOptions {
  /** By the listener's name. */
  readonly listeners: ReadonlyMap<string, AccessOptions>
}

/** Lets everybody in, who may do everything; or nobody. */
export function openAccess(allowAnonymous: boolean): AllAccessOptions {
  return {
    allowAnonymous,
    passwordFile: undefined,
    acl: { isAllowedElse: true, file: undefined, rules: [] },
    listeners: new Map(),
  }
}
