import yargs, { type Argv } from 'yargs'
import { suggest } from '../config/suggest.ts'
import { ExitCode, exitCodesText } from './exit-code.ts'
import type { SettingFlags } from './settings.ts'
import { readVersion } from './version.ts'

/** Reads the command line and does what it says. Answers what the process is to end with. */
async function main(words: readonly string[]): Promise<number> {
  let exitCode: number = ExitCode.Ok
  const parser = commandLine(async (command, flags) => {
    exitCode = await run(command, flags)
  })
  await parser.parseAsync([...words])
  return exitCode
}

type Command = 'start' | 'check'

/** Commands are loaded when they are asked for, so that the others stay quick. */
async function run(command: Command, flags: SettingFlags): Promise<number> {
  if (command === 'check') return (await import('./check.ts')).check(flags)
  return await (await import('./start.ts')).start(flags)
}

function commandLine(handle: (command: Command, flags: SettingFlags) => Promise<void>): Argv {
  return yargs()
    .scriptName('mqtt-broker')
    .usage('$0 [start] [--config zone.yaml]\n\nAn MQTT broker for versions 3.1, 3.1.1 and 5.0.')
    .command(
      ['start', '$0'],
      'run the broker (also without the word)',
      (command) => settingFlags(command),
      (read) => handle('start', toFlags(read)),
    )
    .command(
      'check',
      'say everything that is wrong with the configuration, and start nothing',
      (command) => settingFlags(command),
      (read) => handle('check', toFlags(read)),
    )
    .example('$0', 'listen on 127.0.0.1:1883')
    .example('$0 --config zone.yaml', 'what a server runs')
    .example('$0 --listen 1884 --listen ws://127.0.0.1:8083/mqtt', 'a quick try of both')
    .version(readVersion())
    .alias('help', 'h')
    .epilogue(exitCodesText)
    .parserConfiguration({ 'greedy-arrays': false })
    .locale('en')
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .strict()
    .exitProcess(false)
    .fail((message, error) => {
      // What is wrong with the words comes as a message, a few of them also as an error of yargs.
      if (error !== undefined && error.name !== 'YError') throw error
      throw new UsageError(withHint(message ?? error?.message))
    })
}

interface ReadFlags {
  readonly config?: string | readonly string[] | undefined
  readonly listen?: string[] | undefined
  readonly logLevel?: string | readonly string[] | undefined
}

function settingFlags(command: Argv): Argv<ReadFlags> {
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

function toFlags(read: ReadFlags): SettingFlags {
  return {
    config: once('config', read.config),
    listen: read.listen ?? [],
    logLevel: once('log-level', read.logLevel),
  }
}

function once(flag: string, value: string | readonly string[] | undefined): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw new UsageError(`--${flag} stands several times; wanted: once`)
}

/** Adds what was probably meant by a word that nobody knows. */
function withHint(message: string): string {
  const unknown = /^Unknown (?:argument|command): (\S+)$/.exec(message)?.[1]
  const words = ['start', 'check', '--config', '--listen', '--log-level', '--version', '--help']
  const bare = words.map((word) => word.replace(/^--/, ''))
  const meant = unknown === undefined ? undefined : suggest(unknown, bare)
  return meant === undefined || meant === unknown
    ? message
    : `${message}; did you mean ${words[bare.indexOf(meant)]}?`
}

/** The words on the command line make no sense. */
class UsageError extends Error {
  override name = 'UsageError'
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`mqtt-broker: ${error.message}\nTry: mqtt-broker --help\n`)
    process.exitCode = ExitCode.Usage
  } else {
    process.stderr.write(`mqtt-broker: ${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = ExitCode.Internal
  }
}
