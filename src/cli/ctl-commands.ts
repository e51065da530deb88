import type { Argv } from 'yargs'
import { type AddCommand, command, once } from './command.ts'
import type { BrokerFlags } from './ctl.ts'
import type { ListFlags } from './ctl-lists.ts'
import { type ReadSettings, settingFlags, toSettings } from './setting-flags.ts'
import { UsageError } from './usage-error.ts'

type Text = string | readonly string[] | undefined

/** What is read of the flags that commands for a running broker have. */
export interface ReadBrokerFlags extends ReadSettings {
  readonly socket?: Text
  readonly json?: boolean | undefined
}

interface ReadListFlags extends ReadBrokerFlags {
  readonly limit?: Text
  readonly client?: Text
  readonly user?: Text
}

interface ReadNameFlags extends ReadBrokerFlags {
  readonly name?: string | undefined
  readonly raw?: boolean | undefined
}

export function brokerFlags(to: Argv): Argv<ReadBrokerFlags> {
  return settingFlags(to)
    .hide('listen')
    .hide('log-level')
    .option('socket', {
      type: 'string',
      requiresArg: true,
      describe: 'Where the broker answers, instead of where the configuration says',
    })
    .option('json', { type: 'boolean', describe: 'Answer in JSON, for programs' })
}

export function toBrokerFlags(read: ReadBrokerFlags): BrokerFlags {
  return {
    settings: toSettings(read),
    socket: once('socket', read.socket),
    json: read.json === true,
  }
}

/** What the group has, its commands have as well. */
function groupFlags(to: Argv): Argv<ReadBrokerFlags> {
  return to as Argv<ReadBrokerFlags>
}

function limitFlag(to: Argv): Argv<ReadListFlags> {
  return groupFlags(to).option('limit', {
    type: 'string',
    requiresArg: true,
    default: '100',
    describe: 'Rows at most, or infinity',
  }) as Argv<ReadListFlags>
}

function filterFlags(to: Argv): Argv<ReadListFlags> {
  return limitFlag(to)
    .option('client', {
      type: 'string',
      requiresArg: true,
      describe: 'Only those whose client id begins with this',
    })
    .option('user', {
      type: 'string',
      requiresArg: true,
      describe: 'Only those whose user name begins with this',
    })
}

function toListFlags(read: ReadListFlags): ListFlags {
  const text = once('limit', read.limit) ?? '100'
  const limit = text === 'infinity' ? Number.POSITIVE_INFINITY : Number(text)
  const isCount = text === 'infinity' || (/^\d+$/.test(text) && limit >= 1)
  if (!isCount)
    throw new UsageError(`--limit ${text}: wanted is a whole number from 1, or infinity`)
  return { ...toBrokerFlags(read), limit }
}

function filtersOf(read: ReadListFlags): object {
  const clientId = once('client', read.client)
  const username = once('user', read.user)
  return {
    ...(clientId !== undefined && { clientid_prefix: clientId }),
    ...(username !== undefined && { username_prefix: username }),
  }
}

/** A command with one name behind it: of a client, of a topic. */
function named(
  words: string,
  about: string,
  what: string,
  run: (flags: BrokerFlags, name: string, read: ReadNameFlags) => Promise<number>,
  more: (to: Argv<ReadNameFlags>) => Argv<ReadNameFlags> = (to) => to,
): AddCommand {
  return command<ReadNameFlags>({
    words: `${words} [name]`,
    about,
    flags: (to) => more(groupFlags(to).positional('name', { type: 'string', describe: what })),
    run: (read) => {
      if (read.name === undefined) throw new UsageError(`${words} which one? wanted: ${what}`)
      return run(toBrokerFlags(read), read.name, read)
    },
  })
}

/** A list that is cut down by client id and user name. */
function listed(
  request: string,
  about: string,
  columns: 'clientColumns' | 'sessionColumns',
): AddCommand {
  return command<ReadListFlags>({
    words: 'list',
    about,
    flags: filterFlags,
    run: async (read) => {
      const lists = await import('./ctl-lists.ts')
      return lists.showList(toListFlags(read), request, filtersOf(read), lists[columns])
    },
  })
}

/** A list that a name behind it cuts down: it goes under `key`, and is `what`. */
function listedFor(
  request: string,
  about: string,
  columns: 'subscriptionColumns' | 'retainedColumns',
  flags: (to: Argv) => Argv<ReadListFlags>,
  [key, what]: readonly [key: string, what: string],
): AddCommand {
  return command<ReadListFlags & ReadNameFlags>({
    words: 'list [name]',
    about,
    flags: (to) => flags(to).positional('name', { type: 'string', describe: what }),
    run: async (read) => {
      const lists = await import('./ctl-lists.ts')
      const one = read.name === undefined ? {} : { [key]: read.name }
      const parameters = { ...filtersOf(read), ...one }
      return lists.showList(toListFlags(read), request, parameters, lists[columns])
    },
  })
}

function shown(request: string, about: string): AddCommand {
  return named('show', about, 'a client id', async (flags, clientid) =>
    (await import('./ctl-show.ts')).showThing(flags, request, { clientid }),
  )
}

function changed(
  words: string,
  about: string,
  what: string,
  request: string,
  said: (name: string) => string,
): AddCommand {
  return named(words, about, what, async (flags, name) => {
    const parameters = request.startsWith('retained') ? { topic: name } : { clientid: name }
    return (await import('./ctl-show.ts')).change(flags, request, parameters, () => said(name))
  })
}

/** Commands about one kind of thing: `clients list`, `clients show`. */
function group(word: string, about: string, ...members: readonly AddCommand[]): AddCommand {
  return (to, onEnd) => {
    to.command(word, about, (inner: Argv) => {
      for (const add of members) add(inner, onEnd)
      return inner.demandCommand(1, `${word}: do what? see mqtt-broker ctl ${word} --help`)
    })
  }
}

const clients = group(
  'clients',
  'who is connected: list, show, kick',
  listed('clients.list', 'the clients that are connected', 'clientColumns'),
  shown('clients.show', 'one client, with its session'),
  changed(
    'kick',
    'disconnect a client (0x98); its session stays as agreed',
    'a client id',
    'clients.kick',
    (name) => `${name}: disconnected`,
  ),
)

const sessions = group(
  'sessions',
  'what is kept for clients: list, show, drop',
  listed('sessions.list', 'the sessions, connected or not', 'sessionColumns'),
  shown('sessions.show', 'one session'),
  changed(
    'drop',
    'disconnect a client, and drop its session with all that waits in it',
    'a client id',
    'sessions.drop',
    (name) => `${name}: its session is dropped`,
  ),
)

const subscriptions = group(
  'subscriptions',
  'who is subscribed to what: list',
  listedFor(
    'subscriptions.list',
    'the subscriptions, of all clients or of one',
    'subscriptionColumns',
    filterFlags,
    ['clientid', 'a client id'],
  ),
)

const retained = group(
  'retained',
  'retained messages: list, get, del',
  listedFor(
    'retained.list',
    'the retained messages that a topic filter matches; without one all but $SYS',
    'retainedColumns',
    limitFlag,
    ['filter', 'a topic filter'],
  ),
  named(
    'get',
    'one retained message, its payload as text or base64',
    'a topic',
    async (flags, topic, { raw }) =>
      (await import('./ctl-show.ts')).showRetained(flags, topic, raw === true),
    (to) => to.option('raw', { type: 'boolean', describe: 'Only the payload, byte by byte' }),
  ),
  changed(
    'del',
    'forget a retained message; nobody is told',
    'a topic',
    'retained.delete',
    (name) => `${name}: not retained any more`,
  ),
)

const listeners = group(
  'listeners',
  'where it listens: list',
  command<ReadBrokerFlags>({
    words: 'list',
    about: 'the listeners, with their real ports',
    flags: groupFlags,
    run: async (read) => {
      const { listenerColumns, showList } = await import('./ctl-lists.ts')
      const flags = { ...toBrokerFlags(read), limit: Number.POSITIVE_INFINITY }
      return showList(flags, 'listeners.list', {}, listenerColumns)
    },
  }),
)

const others: readonly AddCommand[] = [
  command<ReadBrokerFlags>({
    words: 'reload',
    about: 'read the configuration anew, as SIGHUP does, and say what it changed',
    flags: groupFlags,
    run: async (read) => (await import('./ctl-reload.ts')).reload(toBrokerFlags(read)),
  }),
  command<ReadBrokerFlags>({
    words: 'status',
    about: 'how the broker is',
    flags: groupFlags,
    run: async (read) => (await import('./ctl-show.ts')).showThing(toBrokerFlags(read), 'status'),
  }),
  command<ReadNameFlags>({
    words: 'log-level [name]',
    about: 'say the log level, or set it until the next start or reload',
    flags: (to) =>
      groupFlags(to).positional('name', {
        type: 'string',
        describe: 'trace, debug, info, warn, error, fatal or silent',
      }),
    run: async (read) => {
      const parameters = read.name === undefined ? {} : { level: read.name }
      const { change } = await import('./ctl-show.ts')
      return change(toBrokerFlags(read), 'log_level', parameters, ({ before, level }) =>
        before === undefined
          ? `${level as string}`
          : `${level as string} (before: ${before as string})`,
      )
    },
  }),
]

/** `mqtt-broker ctl …`: what is asked of a broker that runs. */
export const ctlCommand: AddCommand = (to, onEnd) => {
  to.command('ctl', 'ask the broker that runs, or tell it something', (inner: Argv) => {
    for (const add of [clients, sessions, subscriptions, retained, listeners, ...others]) {
      add(inner, onEnd)
    }
    return brokerFlags(inner)
      .usage('$0 ctl <command>\n\nSee docs/ctl.md.')
      .demandCommand(1, 'ctl what? see mqtt-broker ctl --help')
  })
}
