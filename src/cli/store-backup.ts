import { resolve } from 'node:path'
import type { Configuration } from '../config/configuration.ts'
import { askControl, ControlUnreachable } from '../control/client.ts'
import { ExitCode } from './exit-code.ts'
import type { SettingFlags } from './settings.ts'
import { CommandRefused, controlPath } from './store-failure.ts'
import { onStore, openStore, stopSignal } from './store-open.ts'
import { sizeText } from './store-text.ts'

/** How stores are copied that have no folder of their own. */
const advice: Readonly<Record<string, string>> = {
  redis:
    'Redis has means of its own: BGSAVE copies it to a file, appendonly keeps one that is always ' +
    'current; "mqtt-broker store export" writes what this broker has in it',
}

/** Copies the store into a new folder: the broker does it that runs on it, else this process. */
export function backup(flags: SettingFlags, target: string): Promise<ExitCode> {
  return onStore(flags, async (configuration) => {
    const { backend, path } = configuration.store
    if (advice[backend] !== undefined) throw new CommandRefused(advice[backend])
    const absolute = resolve(target)
    const signal = stopSignal()
    const copied =
      (await backUpByBroker(configuration, absolute, signal)) ??
      (await backUpHere(configuration, absolute, signal))
    process.stdout.write(`copied ${path} to ${absolute}: ${copied}\n`)
    return ExitCode.Ok
  })
}

/** Undefined: no broker runs there. */
async function backUpByBroker(
  configuration: Configuration,
  target: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { bytes } = await askControl(controlPath(configuration), {
      request: 'backup',
      parameters: { target, store: configuration.store.path },
      signal,
      onProgress: (event) => showProgress(Number(event.bytes)),
    })
    return `${sizeText(Number(bytes))}, by the broker that runs`
  } catch (error) {
    if (error instanceof ControlUnreachable) return undefined
    throw error
  }
}

async function backUpHere(
  configuration: Configuration,
  target: string,
  signal: AbortSignal,
): Promise<string> {
  const store = await openStore(configuration)
  try {
    const bytes = await store.backUp?.(target, { signal, onProgress: showProgress })
    return `${sizeText(bytes ?? 0)}, no broker runs on it`
  } finally {
    await store.close()
  }
}

/** On a terminal only, in one line. */
function showProgress(bytes: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${sizeText(bytes)} copied\r`)
}
