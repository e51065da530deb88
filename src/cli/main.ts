import yargs, { type Argv } from 'yargs'
import { suggest } from '../config/suggest.ts'
import { readVersion } from '../version.ts'
import { commands } from './commands.ts'
import { ExitCode, exitCodesText } from './exit-code.ts'
import { UsageError } from './usage-error.ts'

/** Words of which one was probably meant, when nobody knows the one that stands there. */
const knownWords = (
  'start check store info export import compact backup crashtest ctl healthcheck completion ' +
  'status clients sessions subscriptions retained listeners log-level reload ' +
  'passwd add delete verify list show kick drop get del --output ' +
  '--config --listen --log-level --json --socket --limit --client --user --raw --version --help'
).split(' ')

/** Reads the command line and does what it says. Answers what the process is to end with. */
async function main(words: readonly string[]): Promise<number> {
  let exitCode: number = ExitCode.Ok
  const parser = commandLine((code) => {
    exitCode = code
  })
  await parser.parseAsync([...words])
  return exitCode
}

function commandLine(onEnd: (exitCode: number) => void): Argv {
  const parser = yargs()
    .scriptName('mqtt-broker')
    .usage('$0 [start] [--config zone.yaml]\n\nAn MQTT broker for versions 3.1, 3.1.1 and 5.0.')
  for (const add of commands) add(parser, onEnd)
  const about = 'print a completion script for bash, or for zsh where SHELL says so'
  parser.command('completion', about, {}, () => {
    parser.showCompletionScript()
  })
  return parser
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

/** Adds what was probably meant by a word that nobody knows. */
function withHint(message: string): string {
  const unknown = /^Unknown (?:argument|command)s?: ([^\s,]+)/.exec(message)?.[1]
  const bare = knownWords.map((word) => word.replace(/^--/, ''))
  const meant = unknown === undefined ? undefined : suggest(unknown, bare)
  return meant === undefined || meant === unknown
    ? message
    : `${message}; did you mean ${knownWords[bare.indexOf(meant)]}?`
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
