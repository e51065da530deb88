import type { Argv } from 'yargs'
import { type AddCommand, command } from './command.ts'
import { type ReadSettings, settingFlags, toSettings } from './setting-flags.ts'
import { UsageError } from './usage-error.ts'

/** Of the flags that say the configuration only the one that names it; the others are for brokers. */
function configFlag(to: Argv): Argv<ReadSettings> {
  return settingFlags(to).hide('listen').hide('log-level')
}

/** What the group has, its commands have as well. */
function groupFlags(to: Argv): Argv<ReadSettings> {
  return to as Argv<ReadSettings>
}

interface FileFlags extends ReadSettings {
  readonly file?: string | undefined
}

function fileFlags(to: Argv, about: string): Argv<FileFlags> {
  return groupFlags(to).positional('file', { type: 'string', describe: about })
}

interface TargetFlags extends ReadSettings {
  readonly target?: string | undefined
}

const commands: readonly AddCommand[] = [
  command({
    words: 'info',
    about: 'say what is in the store, and what it takes',
    flags: (to) =>
      groupFlags(to).option('json', { type: 'boolean', describe: 'Say it as JSON, for programs' }),
    run: async (flags) =>
      (await import('./store-info.ts')).info(toSettings(flags), flags.json === true),
  }),
  command({
    words: 'export [file]',
    about: 'write everything in the store to a file, as lines of JSON',
    flags: (to) => fileFlags(to, 'A new file; standard output without one'),
    run: async (flags) =>
      (await import('./store-export.ts')).exportTo(toSettings(flags), flags.file),
  }),
  command({
    words: 'import [file]',
    about: 'take an export into an empty store, of whatever backend',
    flags: (to) => fileFlags(to, 'An export; standard input without one'),
    run: async (flags) =>
      (await import('./store-import.ts')).importFrom(toSettings(flags), flags.file),
  }),
  command({
    words: 'compact',
    about: 'give back to the disk what the store takes and does not need',
    flags: groupFlags,
    run: async (flags) => (await import('./store-compact.ts')).compact(toSettings(flags)),
  }),
  command({
    words: 'backup [target]',
    about: 'copy the store into a new folder, also while the broker runs',
    flags: (to): Argv<TargetFlags> =>
      groupFlags(to).positional('target', {
        type: 'string',
        describe: 'A new folder; store.path may name it afterwards',
      }),
    run: async (flags) => {
      if (flags.target === undefined)
        throw new UsageError('store backup where to? wanted: a new folder')
      return (await import('./store-backup.ts')).backup(toSettings(flags), flags.target)
    },
  }),
]

/** `mqtt-broker store …`: what is done with a store besides running a broker on it. */
export const storeCommand: AddCommand = (to, onEnd) => {
  to.command('store', 'look at the store, move it, copy it', (group: Argv) => {
    for (const add of commands) add(group, onEnd)
    return configFlag(group)
      .usage('$0 store <command>\n\nSee docs/store.md.')
      .demandCommand(1, 'store what? wanted: info, export, import, compact or backup')
  })
}
