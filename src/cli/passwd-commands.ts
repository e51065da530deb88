import type { Argv } from 'yargs'
import { type AddCommand, command } from './command.ts'
import { UsageError } from './usage-error.ts'

interface FileAndUser {
  readonly file?: string | undefined
  readonly user?: string | undefined
}

function fileFlag(to: Argv): Argv<FileAndUser> {
  return to.positional('file', { type: 'string', describe: 'What auth.password_file names' })
}

function userFlags(to: Argv): Argv<FileAndUser> {
  return fileFlag(to).positional('user', { type: 'string', describe: 'The user name' })
}

/** Nobody has to say it: where no terminal is, the password comes from standard input anyway. */
function passwordFlags(to: Argv): Argv<FileAndUser> {
  return userFlags(to).option('password-stdin', {
    type: 'boolean',
    describe: 'The password is the first line of standard input; the default without a terminal',
  })
}

function fileOf({ file }: FileAndUser): string {
  if (file === undefined) throw new UsageError('passwd of which file? wanted: a password file')
  return file
}

function userOf({ user }: FileAndUser): string {
  if (user === undefined) throw new UsageError('passwd of whom? wanted: a user name')
  return user
}

const commands: readonly AddCommand[] = [
  command({
    words: 'add [file] [user]',
    about: 'add a user, or give one another password',
    flags: passwordFlags,
    run: async (flags) => (await import('./passwd.ts')).add(fileOf(flags), userOf(flags)),
  }),
  command({
    words: 'delete [file] [user]',
    about: 'take a user away',
    flags: userFlags,
    run: async (flags) => (await import('./passwd.ts')).remove(fileOf(flags), userOf(flags)),
  }),
  command({
    words: 'list [file]',
    about: 'say who is in it, and how their passwords are kept',
    flags: fileFlag,
    run: async (flags) => (await import('./passwd.ts')).list(fileOf(flags)),
  }),
  command({
    words: 'verify [file] [user]',
    about: 'say whether a password is the right one',
    flags: passwordFlags,
    run: async (flags) => (await import('./passwd.ts')).verify(fileOf(flags), userOf(flags)),
  }),
]

/** `mqtt-broker passwd …`: keeps a password file. */
export const passwdCommand: AddCommand = (to, onEnd) => {
  to.command('passwd', 'keep a password file', (group: Argv) => {
    for (const add of commands) add(group, onEnd)
    return group
      .usage(
        '$0 passwd <command> <file> [user]\n\nThe password is asked for, or comes from standard input. See docs/access.md.',
      )
      .demandCommand(1, 'passwd what? wanted: add, delete, list or verify')
  })
}
