import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Configuration } from './configuration.ts'
import { copyPlain } from './copy-plain.ts'
import { checkZoneOptions, crossCheck } from './cross-check.ts'
import { Draft } from './draft.ts'
import type { Environment } from './expand.ts'
import { problemsOf } from './issues.ts'
import { applyEnvironment, applyFlags, type Override } from './overrides.ts'
import { type Problem, sortProblems } from './problem.ts'
import { readYaml } from './read-yaml.ts'
import { resolveKeys } from './resolve.ts'
import { type ConfigurationKeys, schema } from './schema.ts'
import { checkTlsFiles } from './tls-check.ts'

/** Bytes of a configuration file. */
const fileBytesMax = 4 * 1024 * 1024

/** A configuration, or everything that is wrong with it. */
export type Settled =
  | { readonly configuration: Configuration }
  | { readonly problems: readonly Problem[] }

/** The same, before the files are looked at that it names. */
export type Loaded =
  | {
      readonly configuration: Configuration
      /** What is wrong with the files that it names. */
      readonly checkFiles: () => Problem[]
    }
  | { readonly problems: readonly Problem[] }

/**
 * Settles the configuration: the file's settings, over them those of the environment
 * (`MQTT_BROKER__A__B`), over them those of the command line; what nobody says has its default.
 * Reads the file and nothing else. All problems come at once, in the order of the file.
 */
export function loadConfiguration(
  file: string | undefined,
  environment: Environment,
  overrides: readonly Override[],
): Loaded {
  const read = file === undefined ? { text: '' } : readText(file)
  if ('because' in read) {
    return { problems: [{ place: undefined, path: '', message: `${file}: ${read.because}` }] }
  }
  const { draft, problems, isBroken } = readYaml(read.text, file ?? '', environment)
  if (isBroken) return { problems: sortProblems(problems) }
  const fileHome = file === undefined ? '.' : dirname(resolve(file))
  return check(draft, environment, overrides, problems, fileHome)
}

/**
 * The same for a configuration in the form of a file that a program has as an object; its relative
 * paths are relative to the current folder. Problems have no place, only the setting's path.
 */
export function loadConfigurationObject(
  written: ConfigurationKeys,
  overrides: readonly Override[],
): Loaded {
  const draft = new Draft()
  const problems: Problem[] = []
  const copied = copyPlain(written, draft, [], problems)
  if (problems.length > 0) return { problems }
  if (copied !== undefined) draft.root = copied
  return check(draft, {}, overrides, [], '.')
}

/** What holds when nobody says anything: MQTT over TCP on this machine only. */
export function defaultConfiguration(): Configuration {
  return resolveKeys({}, () => '.')
}

function check(
  draft: Draft,
  environment: Environment,
  overrides: readonly Override[],
  problemsBefore: readonly Problem[],
  fileHome: string,
): Loaded {
  const problems = [...problemsBefore, ...applyEnvironment(draft, environment)]
  applyFlags(draft, overrides)
  const parsed = schema.safeParse(draft.root)
  if (!parsed.success) problems.push(...problemsOf(parsed.error.issues, draft))
  problems.push(...crossCheck(draft))
  if (!parsed.success || problems.length > 0) return { problems: sortProblems(problems) }
  const configuration = resolveKeys(parsed.data, (path) =>
    draft.placeOf(path)?.kind === 'variable' ? '.' : fileHome,
  )
  problems.push(...checkZoneOptions(configuration, draft))
  if (problems.length > 0) return { problems: sortProblems(problems) }
  return { configuration, checkFiles: () => checkTlsFiles(configuration, draft, new Date()) }
}

function readText(file: string): { text: string } | { because: string } {
  try {
    const bytes = readFileSync(file)
    if (bytes.length > fileBytesMax) return { because: 'is too large; wanted: at most 4MB' }
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch (error) {
    return { because: explain((error as NodeJS.ErrnoException).code) }
  }
}

function explain(code: string | undefined): string {
  if (code === 'ENOENT') return 'there is no such file; wanted: a configuration, see --config'
  if (code === 'EACCES') return 'may not be read by this user; wanted: permission to read it'
  if (code === 'EISDIR') return 'is a folder; wanted: a file'
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not UTF-8 text; wanted: YAML'
  return `could not be read (${code ?? 'unknown error'}); wanted: a file that can be`
}
