import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { importStore } from '../store/transfer/import.ts'
import { systemClock } from '../system.ts'
import { ExitCode } from './exit-code.ts'
import type { SettingFlags } from './settings.ts'
import { CommandRefused } from './store-failure.ts'
import { makeStoredMessage } from './store-message.ts'
import { onStore, openOrMakeStore, stopSignal } from './store-open.ts'

/** Bytes that are read at once. */
const chunkSize = 256 * 1024

/** Takes an export, out of a file or of standard input, into the store, which must be empty. */
export function importFrom(flags: SettingFlags, file: string | undefined): Promise<ExitCode> {
  return onStore(flags, async (configuration) => {
    if (file === undefined && process.stdin.isTTY) {
      throw new CommandRefused('wanted: a file, or an export on standard input')
    }
    const counts = await importStore({
      open: () => openOrMakeStore(configuration),
      clock: systemClock,
      read: () =>
        file === undefined ? process.stdin : createReadStream(file, { highWaterMark: chunkSize }),
      isRepeatable: file !== undefined && (await stat(file)).isFile(),
      name: file ?? 'standard input',
      makeMessage: makeStoredMessage,
      signal: stopSignal(),
    })
    const { queued, retained, sessions } = counts
    const what = `${sessions} sessions, ${queued} queued and ${retained} retained messages`
    process.stderr.write(`imported ${what}\n`)
    return ExitCode.Ok
  })
}
