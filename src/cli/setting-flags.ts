import type { Argv } from 'yargs'
import { once } from './command.ts'
import type { SettingFlags } from './settings.ts'

/** What is read of the flags by which commands are told the configuration. */
export interface ReadSettings {
  readonly config?: string | readonly string[] | undefined
  readonly listen?: string[] | undefined
  readonly logLevel?: string | readonly string[] | undefined
}

export function settingFlags(command: Argv): Argv<ReadSettings> {
  return command
    .option('config', {
      alias: 'c',
      type: 'string',
      requiresArg: true,
      describe: 'The configuration; config/zone.yaml shows all keys',
    })
    .option('listen', {
      type: 'string',
      array: true,
      requiresArg: true,
      describe:
        'Listen here instead of where the configuration says: a port of this machine, host:port, or ' +
        'ws://host:port/path; may stand several times',
    })
    .option('log-level', {
      type: 'string',
      requiresArg: true,
      describe: 'trace, debug, info, warn, error, fatal or silent',
    })
}

export function toSettings(read: ReadSettings): SettingFlags {
  return {
    config: once('config', read.config),
    listen: read.listen ?? [],
    logLevel: once('log-level', read.logLevel),
  }
}
