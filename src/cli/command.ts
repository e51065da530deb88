import type { Argv } from 'yargs'
import { UsageError } from './usage-error.ts'

/**
 * One command of the command line. What it does is loaded when it is asked for, so that the others
 * stay quick.
 */
export interface Command<Flags> {
  /** As yargs has it: its words, and other words for it. */
  readonly words: string | readonly string[]
  /** The end of "mqtt-broker <word> …", for --help. */
  readonly about: string
  readonly flags: (command: Argv) => Argv<Flags>
  /** Answers what the process is to end with. */
  readonly run: (flags: Flags) => number | Promise<number>
}

/** Adds a command to a command line; `onEnd` is told what the process is to end with. */
export type AddCommand = (to: Argv, onEnd: (exitCode: number) => void) => void

export function command<Flags>({ words, about, flags, run }: Command<Flags>): AddCommand {
  return (to, onEnd) => {
    to.command(
      words,
      about,
      (added: Argv) => flags(added),
      // yargs adds to the flags the same ones in camel case.
      async (read) => onEnd(await run(read as Flags)),
    )
  }
}

/** The value of a flag that may stand once. Throws: UsageError. */
export function once(
  flag: string,
  value: string | readonly string[] | undefined,
): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw new UsageError(`--${flag} stands several times; wanted: once`)
}
