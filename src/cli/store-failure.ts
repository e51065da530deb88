import { join } from 'node:path'
import type { Configuration } from '../config/configuration.ts'
import { askControl, ControlLost } from '../control/client.ts'
import { ControlError } from '../control/protocol.ts'
import { StoreError, StoreInUse } from '../store/errors.ts'
import { ExportDamaged, ImportRefused } from '../store/transfer/errors.ts'

/** Milliseconds that a broker has to say who it is. */
const answerMsMax = 2000

/** A command cannot be done; the message says why, and what to do. */
export class CommandRefused extends Error {
  override name = 'CommandRefused'
}

const expected = [
  CommandRefused,
  ControlError,
  ControlLost,
  ExportDamaged,
  ImportRefused,
  StoreError,
]

/** Where the broker that runs on a configuration answers. */
export function controlPath({ node }: Configuration): string {
  return join(node.dataDir, 'control.sock')
}

/** What to tell the user of what went wrong; undefined when it is a bug. */
export async function explainFailure(
  error: unknown,
  configuration: Configuration,
): Promise<string | undefined> {
  if (error instanceof StoreInUse) return explainUse(error, configuration)
  if (!(error instanceof Error)) return undefined
  // The system and the database name what they have against it.
  const isCoded = /^(?:E[A-Z\d]+|LEVEL_[A-Z_]+)$/.test(`${(error as NodeJS.ErrnoException).code}`)
  const isExpected = isCoded || expected.some((kind) => error instanceof kind)
  return isExpected ? error.message : undefined
}

/** Says who uses the store: a broker that runs on it answers on its control socket. */
async function explainUse(error: StoreInUse, configuration: Configuration): Promise<string> {
  const path = controlPath(configuration)
  try {
    const { pid } = await askControl(path, { request: 'version', timeoutMs: answerMsMax })
    const isCopied = configuration.store.backend === 'embedded'
    const other = isCopied ? '; only "mqtt-broker store backup" works while it runs' : ''
    return `the store is in use by the broker that runs (pid ${String(pid)}): stop it first${other}`
  } catch {
    return `${error.message} (nobody answers on ${path})`
  }
}
