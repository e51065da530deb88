import type { Argv } from 'yargs'

/** What is read of the flags of `import`. */
export interface ImportFlags {
  readonly file: string
  readonly output?: string | readonly string[] | undefined
}

export function importFlags(command: Argv): Argv<ImportFlags> {
  return command
    .positional('file', { type: 'string', demandOption: true, describe: 'A mosquitto.conf' })
    .option('output', {
      alias: 'o',
      type: 'string',
      requiresArg: true,
      describe: 'Where to write it; a file that is there is left alone, - is standard output',
      default: 'zone.yaml',
    })
}
