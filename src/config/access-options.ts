import { resolve as resolvePath } from 'node:path'
import type { AccessOptions, AclOptions, AllAccessOptions } from '../auth/options.ts'
import type { AclKeys, AuthKeys } from './access-schema.ts'
import { isLoopback } from './bind.ts'
import type { ListenerKeys } from './listener-schema.ts'
import type { Path } from './problem.ts'
import type { Keys } from './schema.ts'

type HomeOf = (path: Path) => string

/**
 * Who may connect and what they may do, for all listeners and for those that say it themselves. What
 * nobody says is closed: anonymous clients are let in only where no other machine reaches and no
 * passwords are asked for, and what no rule is about is denied as soon as there are rules.
 */
export function accessOptions(keys: Keys, homeOf: HomeOf): AllAccessOptions {
  const listeners = keys.listeners ?? []
  const isPrivate = listeners
    .filter((listener) => !saysAnything(listener.auth))
    .every(({ bind }) => isPrivateBind(bind))
  const auth = resolveAuth(keys.auth ?? {}, isPrivate, homeOf, ['auth'])
  const acl = resolveAcl(keys.acl ?? {}, homeOf, ['acl'])
  const own = new Map<string, AccessOptions>()
  for (const [index, listener] of listeners.entries()) {
    const access = ofListener(listener, { ...auth, acl }, homeOf, ['listeners', index])
    if (access !== undefined) own.set(listener.name, access)
  }
  return { ...auth, acl, listeners: own }
}

/** Undefined for a listener that says nothing of its own. */
function ofListener(
  { acl, auth, bind }: ListenerKeys,
  all: AccessOptions,
  homeOf: HomeOf,
  path: Path,
): AccessOptions | undefined {
  if (!saysAnything(auth) && !saysAnything(acl)) return undefined
  const { allowAnonymous, passwordFile } = saysAnything(auth)
    ? resolveAuth(auth, isPrivateBind(bind), homeOf, [...path, 'auth'])
    : all
  const rules = saysAnything(acl) ? resolveAcl(acl, homeOf, [...path, 'acl']) : all.acl
  return { allowAnonymous, passwordFile, acl: rules }
}

/** Whether only this machine reaches it. */
function isPrivateBind(bind: ListenerKeys['bind']): boolean {
  return 'unixPath' in bind || isLoopback(bind.host)
}

/** An empty section says nothing, as does one that is not there. */
function saysAnything<Section extends object>(
  section: Section | null | undefined,
): section is Section {
  return Object.values(section ?? {}).some((value) => value !== undefined)
}

function resolveAuth(
  { allow_anonymous, password_file }: AuthKeys,
  isPrivate: boolean,
  homeOf: HomeOf,
  path: Path,
): Pick<AccessOptions, 'allowAnonymous' | 'passwordFile'> {
  const passwordFile = absolute(password_file, homeOf, [...path, 'password_file'])
  return {
    allowAnonymous: allow_anonymous ?? (isPrivate && passwordFile === undefined),
    passwordFile,
  }
}

function resolveAcl(
  { file, no_match, rules = [] }: AclKeys,
  homeOf: HomeOf,
  path: Path,
): AclOptions {
  const aclFile = absolute(file, homeOf, [...path, 'file'])
  const isOpen = rules.length === 0 && aclFile === undefined
  return {
    isAllowedElse: (no_match ?? (isOpen ? 'allow' : 'deny')) === 'allow',
    file: aclFile,
    rules,
  }
}

function absolute(file: string | null | undefined, homeOf: HomeOf, path: Path): string | undefined {
  return file === null || file === undefined ? undefined : resolvePath(homeOf(path), file)
}
