import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Configuration } from '../../src/config/configuration.ts'
import type { Environment } from '../../src/config/expand.ts'
import { type Loaded, loadConfiguration } from '../../src/config/load.ts'
import type { Override } from '../../src/config/overrides.ts'
import { formatProblem } from '../../src/config/problem.ts'

/** Loads a text as the file `zone.yaml`, which lies in a folder of its own for that moment. */
export function load(
  yaml: string,
  environment: Environment = {},
  overrides: readonly Override[] = [],
): { loaded: Loaded; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-broker-config-'))
  const file = join(folder, 'zone.yaml')
  try {
    writeFileSync(file, yaml)
    return { loaded: loadConfiguration(file, environment, overrides), folder }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The configuration that a text makes; fails with the problems when it has any. */
export function accepted(
  yaml: string,
  environment: Environment = {},
  overrides: readonly Override[] = [],
): Configuration {
  const { loaded } = load(yaml, environment, overrides)
  if ('configuration' in loaded) return loaded.configuration
  throw new Error(loaded.problems.map(formatProblem).join('\n'))
}

/** The lines that an operator would read, the file being `zone.yaml`. */
export function problems(
  yaml: string,
  environment: Environment = {},
  overrides: readonly Override[] = [],
): string[] {
  const { loaded, folder } = load(yaml, environment, overrides)
  if ('configuration' in loaded) return []
  return loaded.problems.map((problem) => formatProblem(problem).replaceAll(`${folder}/`, ''))
}
