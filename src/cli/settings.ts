import type { Configuration } from '../config/configuration.ts'
import { readListenFlags } from '../config/listen-flag.ts'
import { type Loaded, loadConfiguration, type Settled } from '../config/load.ts'
import type { Override } from '../config/overrides.ts'
import { formatProblem } from '../config/problem.ts'

/** What the command line says about the configuration. */
export interface SettingFlags {
  readonly config: string | undefined
  readonly listen: readonly string[]
  readonly logLevel: string | undefined
}

/** Settles the configuration, or prints everything that is wrong with it, a line each. */
export function settle(flags: SettingFlags): Configuration | undefined {
  return printed(load(flags))
}

/** The same for who listens: what is wrong with certificates and keys is printed as well. */
export function settleWithFiles(flags: SettingFlags): Configuration | undefined {
  return printed(loadWithFiles(flags))
}

function printed(loaded: Settled): Configuration | undefined {
  if ('configuration' in loaded) return loaded.configuration
  for (const problem of loaded.problems) process.stderr.write(`${formatProblem(problem)}\n`)
  return undefined
}

/** Settles the configuration, or answers everything that is wrong with it, certificates and keys as well. */
export function loadWithFiles(flags: SettingFlags): Settled {
  const loaded = load(flags)
  if (!('configuration' in loaded)) return loaded
  const problems = loaded.checkFiles()
  return problems.length > 0 ? { problems } : loaded
}

function load(flags: SettingFlags): Loaded {
  return loadConfiguration(flags.config, process.env, overridesOf(flags))
}

function overridesOf(flags: SettingFlags): Override[] {
  const overrides: Override[] = []
  if (flags.listen.length > 0) {
    const value = readListenFlags(flags.listen)
    overrides.push({ flag: '--listen', path: ['listeners'], value })
  }
  if (flags.logLevel !== undefined) {
    overrides.push({ flag: '--log-level', path: ['log', 'level'], value: flags.logLevel })
  }
  return overrides
}
