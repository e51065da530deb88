import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Configuration } from '../config/configuration.ts'
import { StoreExport } from '../store/transfer/export.ts'
import { ExportTime } from '../store/transfer/format.ts'
import { systemClock } from '../system.ts'
import { readVersion } from '../version.ts'
import { ExitCode } from './exit-code.ts'
import type { SettingFlags } from './settings.ts'
import { CommandRefused } from './store-failure.ts'
import { type KeptStore, onStore, openStore, stopSignal } from './store-open.ts'

/** Writes everything in the store to a new file, or to standard output. */
export function exportTo(flags: SettingFlags, file: string | undefined): Promise<ExitCode> {
  return onStore(flags, async (configuration) => {
    if (file !== undefined && existsSync(file)) {
      throw new CommandRefused(`${file} exists already; wanted: a new file`)
    }
    const signal = stopSignal()
    const store = await openStore(configuration)
    try {
      const exported = newExport(store, configuration)
      if (file !== undefined) await writeFile(file, exported, signal)
      else await pipeline(exported.chunks(), process.stdout, { signal, end: false })
      return report(exported)
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    } finally {
      await store.close()
    }
  })
}

function newExport(store: KeptStore, configuration: Configuration): StoreExport {
  const wallMs = systemClock.wallMs()
  const header = {
    broker: readVersion(),
    exportedAtWallMs: wallMs,
    backend: configuration.store.backend,
  }
  return new StoreExport(store, header, new ExportTime(wallMs - systemClock.now()))
}

/** The file has its name when it is whole and safe. */
async function writeFile(file: string, exported: StoreExport, signal: AbortSignal): Promise<void> {
  const partial = `${file}.partial`
  const handle = await open(partial, 'w', 0o600)
  try {
    try {
      for await (const chunk of exported.chunks()) {
        signal.throwIfAborted()
        await handle.writeFile(chunk)
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(partial, file)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

/** A store that has less than it says is damaged: whoever exports it is to know. */
function report({ counts, missing }: StoreExport): ExitCode {
  const { queued, retained, sessions } = counts
  const what = `${sessions} sessions, ${queued} queued and ${retained} retained messages`
  process.stderr.write(`exported ${what}\n`)
  for (const [clientId, count] of missing) {
    const lost = `${count} queued messages are missing in the store`
    process.stderr.write(`mqtt-broker: client ${JSON.stringify(clientId)}: ${lost}\n`)
  }
  return missing.size > 0 ? ExitCode.Failure : ExitCode.Ok
}
