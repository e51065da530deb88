import { isDeepStrictEqual } from 'node:util'
import type { Configuration } from './configuration.ts'
import { type Reach, zoneKeys } from './zone-differences.ts'

/** A setting that two configurations do not agree about. */
export interface Difference {
  /** As the file has it: `zones.default.max_inflight`. */
  readonly path: string
  readonly reach: Reach
}

type Setting = readonly [
  path: string,
  settingOf: (configuration: Configuration) => unknown,
  reach: Reach,
]

/** Whole sections that have a way of their own. */
const elsewhere: readonly (keyof Configuration)[] = ['access', 'listeners', 'zones']

const settings: readonly Setting[] = [
  ['node.name', ({ node }) => node.name, 'restart'],
  ['node.data_dir', ({ node }) => node.dataDir, 'restart'],
  ['store.backend', ({ store }) => store.backend, 'restart'],
  ['store.path', ({ store }) => store.path, 'restart'],
  ['store.max_bytes', ({ store }) => store.bytesMax, 'restart'],
  ['store.commit_interval', ({ store }) => store.commitIntervalMs, 'restart'],
  ['store.async_interval', ({ store }) => store.asyncIntervalMs, 'restart'],
  ['store.on_failure', ({ store }) => store.onFailure, 'restart'],
  ['store (of redis)', ({ store }) => store.redis, 'restart'],
  ['limits.max_sessions', ({ limits }) => limits.sessionsMax, 'applied'],
  ['limits.max_queued_bytes', ({ limits }) => limits.queuedBytesMax, 'applied'],
  ['retainer.max_retained_messages', ({ retainer }) => retainer.retainedMessagesMax, 'applied'],
  ['retainer.max_payload_size', ({ retainer }) => retainer.payloadSizeMax, 'applied'],
  ['retainer.msg_expiry_interval', ({ retainer }) => retainer.messageExpiryIntervalMs, 'applied'],
  ['auth.allow_anonymous', ({ access }) => access.allowAnonymous, 'applied'],
  ['auth.password_file', ({ access }) => access.passwordFile, 'applied'],
  ['acl', ({ access }) => access.acl, 'applied'],
  ['auth and acl of listeners', ({ access }) => access.listeners, 'applied'],
  ['sys.interval', ({ sys }) => sys.intervalMs, 'applied'],
  ['shutdown.timeout', ({ shutdown }) => shutdown.timeoutMs, 'applied'],
  ['log.level', ({ log }) => log.level, 'applied'],
  ['log.format', ({ log }) => log.format, 'restart'],
]

/**
 * What another configuration changes, but for listeners: in the order of the file, key by key. A
 * section that is not known here needs a restart as a whole.
 */
export function differencesOf(before: Configuration, after: Configuration): Difference[] {
  const zones = zoneDifferences(before, after)
  const single = settings
    .filter(([, settingOf]) => !isDeepStrictEqual(settingOf(before), settingOf(after)))
    .map(([path, , reach]) => ({ path, reach }))
  return [...zones, ...single, ...unknownDifferences(before, after)]
}

/** The parts of sections that the settings above look at, to see what they leave out. */
function unknownDifferences(before: Configuration, after: Configuration): Difference[] {
  const known = new Set([...elsewhere, ...settings.map(([path]) => path.split(/[. ]/)[0])])
  const sections = Object.keys(after) as (keyof Configuration)[]
  return sections
    .filter((section) => !known.has(section))
    .filter((section) => !isDeepStrictEqual(before[section], after[section]))
    .map((section) => ({ path: section, reach: 'restart' }))
}

function zoneDifferences(before: Configuration, after: Configuration): Difference[] {
  const names = new Set([...before.zones.keys(), ...after.zones.keys()])
  return [...names].flatMap((name): Difference[] => {
    const old = before.zones.get(name)
    const other = after.zones.get(name)
    if (old === undefined || other === undefined) {
      return [{ path: `zones.${name}`, reach: 'new_connections' }]
    }
    return Object.entries(zoneKeys)
      .filter(([, [settingOf]]) => !isDeepStrictEqual(settingOf(old), settingOf(other)))
      .map(([key, [, reach]]) => ({ path: `zones.${name}.${key}`, reach }))
  })
}
