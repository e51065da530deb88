import { isJsonObject, type JsonObject } from '../base/json-object.ts'
import { type BrokerFlags, onBroker, print, printJson } from './ctl.ts'
import { ExitCode } from './exit-code.ts'
import { printable } from './printable.ts'

/** What to tell of an outcome. */
const words: Readonly<Record<string, string>> = {
  applied: 'applied',
  new_connections: 'applied to new connections',
  restart: 'needs a restart',
  failed: 'failed',
}

/**
 * Lets the broker read its configuration anew, and says what became of each change. A configuration
 * that is wrong changes nothing: exit code 78, and its problems as `check` says them.
 */
export function reload(flags: BrokerFlags): Promise<ExitCode> {
  return onBroker(flags, async (ask) => {
    const answer = await ask('reload')
    const { changes, problems } = answer
    if (flags.json) printJson(answer)
    if (Array.isArray(problems)) {
      if (!flags.json) process.stderr.write(`${problems.join('\n')}\n`)
      return ExitCode.Configuration
    }
    const all = Array.isArray(changes) ? changes.filter(isJsonObject) : []
    if (!flags.json) print(all.length === 0 ? 'nothing has changed\n' : all.map(lineOf).join(''))
    return all.some(({ outcome }) => outcome === 'failed') ? ExitCode.Failure : ExitCode.Ok
  })
}

function lineOf({ because, outcome, path }: JsonObject): string {
  const rest = typeof because === 'string' ? ` (${because})` : ''
  return `${printable(`${path as string}: ${words[outcome as string] ?? (outcome as string)}${rest}`)}\n`
}
