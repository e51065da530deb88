import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../broker/ports.ts'
import { chosenStore } from '../chosen-store.ts'
import type { Configuration } from '../config/configuration.ts'
import type { StoreUpkeep } from '../store/transfer/ports.ts'
import { systemClock } from '../system.ts'
import { ExitCode } from './exit-code.ts'
import { type SettingFlags, settle } from './settings.ts'
import { SignalWatch } from './signal-watch.ts'
import { CommandRefused, explainFailure } from './store-failure.ts'
import { StoreLog } from './store-log.ts'

export type KeptStore = Store & StoreUpkeep

/**
 * Does something with the store that the configuration names. What cannot be done is said in one
 * line. Answers what the process is to end with.
 */
export async function onStore(
  flags: SettingFlags,
  work: (configuration: Configuration) => Promise<ExitCode>,
): Promise<ExitCode> {
  const configuration = settle(flags)
  if (configuration === undefined) return ExitCode.Configuration
  try {
    return await work(configuration)
  } catch (error) {
    const message = await explainFailure(error, configuration)
    if (message === undefined) throw error
    process.stderr.write(`mqtt-broker: ${message}\n`)
    return ExitCode.Failure
  }
}

/** The store with what is in it, opened. Rejects: StoreError, CommandRefused. */
export function openStore(configuration: Configuration): Promise<KeptStore> {
  const { backend, path } = configuration.store
  if (backend === 'embedded' && !existsSync(join(path, 'database'))) {
    const advice = 'see --config, node.data_dir and store.path'
    throw new CommandRefused(`there is no store in ${path}; ${advice}`)
  }
  return openOrMakeStore(configuration)
}

/** The store, opened; made where there is none yet. Rejects: StoreError, CommandRefused. */
export async function openOrMakeStore(configuration: Configuration): Promise<KeptStore> {
  const store: KeptStore = chosenStore(configuration, new StoreLog())
  if (store.isVolatile) {
    const { backend } = configuration.store
    throw new CommandRefused(`store.backend is ${backend}, which keeps nothing: there is no store`)
  }
  await store.open(systemClock)
  return store
}

/** Aborted when the user, or the system, asks the command to stop; a second time ends it at once. */
export function stopSignal(): AbortSignal {
  const aborter = new AbortController()
  void new SignalWatch().first.then((signal) => {
    aborter.abort(new CommandRefused(`stopped by ${signal}`))
  })
  return aborter.signal
}
