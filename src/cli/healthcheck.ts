import { connect } from 'node:net'
import { isJsonObject, type JsonObject } from '../base/json-object.ts'
import { type Ask, type BrokerFlags, onBroker, print, printJson } from './ctl.ts'
import { ExitCode } from './exit-code.ts'

/** Milliseconds for each answer, of the control socket and of a listener. */
const answerMsMax = 3000

/**
 * Whether the broker does its work: it answers on its control socket, its store does not fail, and
 * each of its listeners accepts connections. Exit code 0, or 1 with one line of what is wrong: others
 * mean nothing to who runs containers.
 */
export async function healthcheck(flags: BrokerFlags): Promise<ExitCode> {
  const code = await onBroker(flags, (ask) => report(flags, ask), answerMsMax)
  return code === ExitCode.Ok ? code : ExitCode.Failure
}

async function report({ json }: BrokerFlags, ask: Ask): Promise<ExitCode> {
  const health = await ask('health')
  const problems = [...storeProblems(health.store), ...(await listenerProblems(health.listeners))]
  const isHealthy = problems.length === 0
  if (json) printJson({ healthy: isHealthy, problems })
  else if (isHealthy) print('healthy\n')
  else process.stderr.write(`mqtt-broker: ${problems.join('; ')}\n`)
  return isHealthy ? ExitCode.Ok : ExitCode.Failure
}

function storeProblems(store: unknown): string[] {
  const isFailing = isJsonObject(store) && store.state === 'failing'
  return isFailing ? ['the store cannot be written to; the log says why'] : []
}

async function listenerProblems(listeners: unknown): Promise<string[]> {
  const all = Array.isArray(listeners) ? listeners.filter(isJsonObject) : []
  if (all.length === 0) return ['no listener is open']
  const answers = await Promise.all(all.map((listener) => tryListener(listener)))
  return answers.filter((answer) => answer !== undefined)
}

/** Undefined: it accepts connections. */
function tryListener({ address, name, port }: JsonObject): Promise<string | undefined> {
  const host = address === '::' || address === '0.0.0.0' ? '127.0.0.1' : String(address)
  return new Promise((settle) => {
    const socket = connect({ host, port: Number(port) })
    const end = (because?: string): void => {
      socket.destroy()
      settle(because && `listener ${String(name)} accepts no connections (${because})`)
    }
    socket.setTimeout(answerMsMax, () => end('no answer'))
    socket.on('connect', () => end())
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => end(code ?? message))
  })
}
