import { type AddCommand, command } from './command.ts'
import { crashtest, crashtestFlags } from './crashtest.ts'
import { brokerFlags, ctlCommand, toBrokerFlags } from './ctl-commands.ts'
import { importFlags } from './import-flags.ts'
import { passwdCommand } from './passwd-commands.ts'
import { settingFlags, toSettings } from './setting-flags.ts'
import { storeCommand } from './store-commands.ts'

/** All commands, in the order of --help. */
export const commands: readonly AddCommand[] = [
  command({
    words: ['start', '$0'],
    about: 'run the broker (also without the word)',
    flags: settingFlags,
    run: async (flags) => (await import('./start.ts')).start(toSettings(flags)),
  }),
  command({
    words: 'check',
    about: 'say everything that is wrong with the configuration, and start nothing',
    flags: settingFlags,
    run: async (flags) => (await import('./check.ts')).check(toSettings(flags)),
  }),
  ctlCommand,
  command({
    words: 'healthcheck',
    about: 'whether the broker that runs does its work: exit code 0, or 1 and why not',
    flags: brokerFlags,
    run: async (flags) => (await import('./healthcheck.ts')).healthcheck(toBrokerFlags(flags)),
  }),
  storeCommand,
  passwdCommand,
  command({
    words: 'import <file>',
    about: 'make a zone.yaml of a mosquitto.conf',
    flags: importFlags,
    run: async (flags) => (await import('./import-mosquitto.ts')).importMosquitto(flags),
  }),
  command({
    words: 'crashtest',
    about: 'kill a broker of its own again and again, and say whether it lost anything',
    flags: crashtestFlags,
    run: crashtest,
  }),
]
