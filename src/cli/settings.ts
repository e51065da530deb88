import type { Configuration } from '../config/configuration.ts'
import { readListenFlags } from '../config/listen-flag.ts'
import { type Loaded, loadConfiguration } from '../config/load.ts'
import type { Override } from '../config/overrides.ts'
import { formatProblem, type Problem } from '../config/problem.ts'

/** What the command line says about the configuration. */
export interface SettingFlags {
  readonly config: string | undefined
  readonly listen: readonly string[]
  readonly logLevel: string | undefined
}

/** Settles the configuration, or prints everything that is wrong with it, a line each. */
export function settle(flags: SettingFlags): Configuration | undefined {
  return settleWith(flags, () => [])
}

/** The same for who listens: what is wrong with certificates and keys is printed as well. */
export function settleWithFiles(flags: SettingFlags): Configuration | undefined {
  return settleWith(flags, (loaded) => loaded.checkFiles())
}

function settleWith(
  flags: SettingFlags,
  check: (loaded: Extract<Loaded, { configuration: Configuration }>) => readonly Problem[],
): Configuration | undefined {
  const loaded = loadConfiguration(flags.config, process.env, overridesOf(flags))
  const problems = 'configuration' in loaded ? check(loaded) : loaded.problems
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
  return 'configuration' in loaded && problems.length === 0 ? loaded.configuration : undefined
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
