import { isDeepStrictEqual } from 'node:util'
import type { ReloadChange } from '../admin/ports.ts'
import type { Logger } from '../base/logger.ts'
import type { Broker } from '../broker/broker.ts'
import { reconfigureSessions } from '../broker/zone-change.ts'
import type { Configuration } from '../config/configuration.ts'
import { differencesOf } from '../config/differences.ts'
import type { House } from '../listeners/house.ts'
import { changeListeners, type ListenerHost } from './listener-changes.ts'
import type { LiveSettings } from './live-settings.ts'

/** The parts of a broker that runs which another configuration reaches. */
export interface ReloadParts {
  readonly broker: Broker
  readonly live: LiveSettings
  readonly house: House
  readonly log: Logger
  readonly listenerHost: ListenerHost
}

/** The settings that hold from here on: what needs a restart stays as it was. */
export function effective(before: Configuration, after: Configuration): Configuration {
  const { access, limits, listeners, retainer, shutdown, sys, zones } = after
  const log = { ...before.log, level: after.log.level }
  return { ...before, access, limits, listeners, log, retainer, shutdown, sys, zones }
}

/**
 * Applies what `after` says otherwise than `before`, as far as that can be while clients are
 * connected; none is disconnected. Answers what became of each setting, and says so in the log.
 */
export async function applyConfiguration(
  { broker, house, listenerHost, live, log }: ReloadParts,
  before: Configuration,
  after: Configuration,
): Promise<ReloadChange[]> {
  live.apply(effective(before, after))
  house.configure(after.zones)
  const changedZones = new Map(
    [...after.zones].filter(([name, zone]) => !isDeepStrictEqual(before.zones.get(name), zone)),
  )
  const changes: ReloadChange[] = [
    ...(await changeListeners(listenerHost, after.listeners)),
    ...differencesOf(before, after).map(({ path, reach }) => ({ path, outcome: reach })),
  ]
  for (const _ of reconfigureSessions(broker.sessions.list(), changedZones)) {
    await new Promise(setImmediate)
  }
  for (const change of changes) {
    const level = change.outcome === 'failed' ? 'error' : 'info'
    log[level](change, `reload: ${change.path}: ${change.outcome.replace('_', ' ')}`)
  }
  log.info({ changes: changes.length }, 'configuration reloaded')
  return changes
}
