import { resolve } from 'node:path'
import type { JsonObject } from '../base/json-object.ts'
import { askControl, ControlLost, ControlUnreachable } from '../control/client.ts'
import { ControlError } from '../control/protocol.ts'
import { ExitCode } from './exit-code.ts'
import { type SettingFlags, settle } from './settings.ts'
import { controlPath } from './store-failure.ts'

/** Milliseconds to an answer, when a command does not say otherwise. */
const answerMsMax = 30_000

/** What all commands for a running broker are told. */
export interface BrokerFlags {
  readonly settings: SettingFlags
  /** Where it answers; undefined for where the configuration says. */
  readonly socket: string | undefined
  /** Answers for programs. */
  readonly json: boolean
}

/** Asks the broker something. Rejects: ControlUnreachable, ControlLost, ControlError. */
export type Ask = (request: string, parameters?: object) => Promise<JsonObject>

/**
 * Does something with the broker that runs. What cannot be done is said in one line. Answers what
 * the process is to end with.
 */
export async function onBroker(
  flags: BrokerFlags,
  work: (ask: Ask) => Promise<ExitCode>,
  timeoutMs = answerMsMax,
): Promise<ExitCode> {
  const path = socketOf(flags)
  if (path === undefined) return ExitCode.Configuration
  try {
    return await work((request, parameters) =>
      askControl(path, { request, timeoutMs, ...(parameters !== undefined && { parameters }) }),
    )
  } catch (error) {
    const failure = explain(error, path)
    if (failure === undefined) throw error
    process.stderr.write(`mqtt-broker: ${failure.message}\n`)
    return failure.code
  }
}

/** Undefined: the configuration is wrong, and what is wrong with it was said. */
function socketOf({ settings, socket }: BrokerFlags): string | undefined {
  if (socket !== undefined) return resolve(socket)
  const configuration = settle(settings)
  return configuration && controlPath(configuration)
}

/** What to tell of a broker that could not be asked, and the exit code; undefined for a bug. */
export function explain(
  error: unknown,
  path: string,
): { message: string; code: ExitCode } | undefined {
  if (error instanceof ControlUnreachable) return explainUnreachable(error, path)
  if (error instanceof ControlLost) return { message: error.message, code: ExitCode.Failure }
  if (!(error instanceof ControlError)) return undefined
  const isOther = error.code === 'version' || error.code === 'unknown_request'
  const message = isOther ? `the broker that runs is another version: ${error.message}` : undefined
  const code = error.code === 'wrong_parameters' ? ExitCode.Usage : ExitCode.Failure
  return { message: message ?? error.message, code }
}

function explainUnreachable(
  { code, message }: ControlUnreachable,
  path: string,
): { message: string; code: ExitCode } {
  if (code === 'EACCES' || code === 'EPERM') {
    const advice = 'only the user that runs it may ask it (or root)'
    return { message: `no permission for ${path}: ${advice}`, code: ExitCode.NoPermission }
  }
  const advice = 'see --config, node.data_dir and --socket'
  const isNobody = code === 'ENOENT' || code === 'ECONNREFUSED'
  const what = isNobody ? `no broker runs here: nobody answers on ${path}` : message
  return { message: `${what}; ${advice}`, code: ExitCode.Unavailable }
}

/** Writes to standard output; who has read enough, as `head` does, ends it quietly. */
export function print(text: string | Buffer): void {
  if (process.stdout.listenerCount('error') === 0) {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  process.stdout.write(text)
}

export function printJson(value: object): void {
  print(`${JSON.stringify(value, null, 2)}\n`)
}
