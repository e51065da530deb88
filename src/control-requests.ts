import { isAbsolute, resolve } from 'node:path'
import type { Administered } from './admin/ports.ts'
import { adminRequests } from './admin-requests.ts'
import type { Store } from './broker/ports.ts'
import type { Configuration } from './config/configuration.ts'
import type { ControlHandler, ControlHandlers } from './control/handlers.ts'
import { ControlError, controlVersion } from './control/protocol.ts'
import { StoreError } from './store/errors.ts'
import type { StoreUpkeep } from './store/transfer/ports.ts'
import { readVersion } from './version.ts'

/** Everything that a running broker may be asked for on its control socket. */
export function controlRequests(
  configuration: Configuration,
  store: Store & StoreUpkeep,
  administered: Administered,
): ControlHandlers {
  return {
    /** Whether anybody is there. */
    ping: () => ({}),
    /** Who is there, and what is understood. */
    version: () => ({
      broker: readVersion(),
      control: controlVersion,
      node: configuration.node.name,
      pid: process.pid,
    }),
    backup: backupHandler(configuration, store),
    ...adminRequests(administered),
  }
}

/**
 * Copies the store into a new folder: `target`, absolute. `store` is the path of the one that is
 * meant, so that nobody gets a copy of another one. Answers `bytes`; one at a time.
 */
function backupHandler({ store }: Configuration, backend: Store & StoreUpkeep): ControlHandler {
  let isUnderWay = false
  return async ({ parameters, progress, signal }) => {
    const target = readTarget(parameters.target)
    if (backend.backUp === undefined) {
      throw new ControlError('refused', `a store of the backend ${store.backend} is not copied`)
    }
    if (parameters.store !== store.path) {
      throw new ControlError('refused', `the broker that runs here has its store in ${store.path}`)
    }
    if (isUnderWay) throw new ControlError('refused', 'another backup is under way')
    isUnderWay = true
    try {
      const onProgress = (bytes: number): void => progress({ bytes })
      return { bytes: await backend.backUp(target, { signal, onProgress }) }
    } catch (error) {
      throw error instanceof StoreError ? new ControlError('failed', error.message) : error
    } finally {
      isUnderWay = false
    }
  }
}

function readTarget(target: unknown): string {
  if (typeof target === 'string' && isAbsolute(target) && !target.includes('\0')) {
    return resolve(target)
  }
  throw new ControlError('wrong_parameters', 'target: wanted is the absolute path of a new folder')
}
