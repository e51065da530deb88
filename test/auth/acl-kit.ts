import type { AclRule } from '../../src/auth/acl/rule.ts'

/** `{ allow: 'all', topics }`, as in zone.yaml. */
export function allow(action: AclRule['action'], ...topics: string[]): AclRule {
  return { isAllow: true, action, topics }
}

export function deny(action: AclRule['action'], ...topics: string[]): AclRule {
  return { isAllow: false, action, topics }
}
