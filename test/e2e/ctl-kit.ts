import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type BrokerProcess, defaultConfig, startBroker } from '../support/broker-process.ts'
import type { ConnectOptions } from '../support/raw-client.ts'
import { ClientProgram, projectFolder } from './client-program.ts'
import type { Ended } from './store-kit.ts'

const program = join(projectFolder, 'bin/mqtt-broker')

/** A session that outlives its connection. */
export const lasting: ConnectOptions = {
  clean: false,
  properties: { sessionExpiryInterval: 3600 },
}

/** Runs a line of words, such as `ctl clients list`, for the configuration of a broker. */
export type Ctl = (line: string) => Promise<Ended>

/** A broker, and the commands that reach it; it goes with the test. */
export async function controlled(
  config: object = defaultConfig,
): Promise<{ broker: BrokerProcess; run: Ctl }> {
  const broker = await startBroker({ config })
  onTestFinished(() => broker.dispose())
  const run: Ctl = (line) => ctl([...line.split(' '), '-c', join(broker.folder, 'zone.yaml')])
  return { broker, run }
}

/** Runs a command to its end. */
export async function ctl(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const command = new ClientProgram(process.execPath, [program, ...words], env)
  const code = await command.ended
  return { code, output: command.lines.join('\n'), errors: command.errors }
}
