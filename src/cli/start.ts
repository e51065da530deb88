import { setFlagsFromString } from 'node:v8'
import { FileProblems } from '../auth/file-problem.ts'
import { createLogger, type RootLogger } from '../base/logger.ts'
import type { Configuration } from '../config/configuration.ts'
import type { Daemon } from '../daemon.ts'
import { ListenError } from '../listeners/listen-error.ts'
import { StoreError } from '../store/errors.ts'
import { ExitCode } from './exit-code.ts'
import { ServiceManager } from './service-manager.ts'
import { loadWithFiles, type SettingFlags, settleWithFiles } from './settings.ts'
import { SignalWatch } from './signal-watch.ts'

/** By how much V8's young generation grows when it is full; `growthLater` is V8's own. */
const growthAtStart = 16
const growthLater = 2

/** Milliseconds that a process may take to end when everything in it has stopped. */
const endMsMax = 2000

/** Runs the broker until it is asked to stop. Answers what the process is to end with. */
export async function start(flags: SettingFlags): Promise<ExitCode> {
  const configuration = settleWithFiles(flags)
  if (configuration === undefined) return ExitCode.Configuration
  const isTerminal = process.stdout.isTTY === true
  const logger = await createLogger({ ...configuration.log, isTerminal })
  endOnBugs(logger)
  const signals = new SignalWatch()
  let reload: () => Promise<unknown> = () => Promise.resolve()
  process.on('SIGHUP', () => void reload())
  const manager = new ServiceManager(process.env, logger)
  try {
    const { startDaemon } = await import('../daemon.ts')
    // Nearly everything that comes out of the store stays: the less often it is looked at the better.
    setFlagsFromString(`--semi-space-growth-factor=${growthAtStart}`)
    const daemon = await startDaemon(configuration, logger, {
      operator: { log: logger, load: () => loadWithFiles(flags) },
    })
    setFlagsFromString(`--semi-space-growth-factor=${growthLater}`)
    reload = () => daemon.reloadFile()
    announce(daemon, configuration, flags, logger)
    await manager.ready(listeningAt(daemon))
    const signal = await signals.first
    logger.info({ signal }, 'stopping')
    await Promise.all([manager.stopping(), daemon.stop()])
    logger.info({}, 'stopped')
    endSoon()
    return ExitCode.Ok
  } catch (error) {
    if (error instanceof FileProblems) {
      process.stderr.write(`${error.message}\n`)
      return ExitCode.Configuration
    }
    if (!(error instanceof ListenError || error instanceof StoreError)) throw error
    process.stderr.write(`mqtt-broker: ${error.message}\n`)
    return ExitCode.Failure
  }
}

/** `listening: tcp 127.0.0.1:1883`, for who looks at the service. */
function listeningAt(daemon: Daemon): string {
  const places = daemon.listeners.map(({ address, port, type }) => `${type} ${address}:${port}`)
  return `listening: ${places.join(', ')}`
}

function announce(
  daemon: Daemon,
  configuration: Configuration,
  flags: SettingFlags,
  logger: RootLogger,
): void {
  const { allowAnonymous, listeners, passwordFile } = configuration.access
  if (!allowAnonymous && passwordFile === undefined && listeners.size === 0) {
    const advice =
      'auth.allow_anonymous is false and there is no auth.password_file: nobody can connect'
    logger.warn({}, advice)
  }
  if (flags.config !== undefined) return
  const where = flags.listen.length > 0 ? '' : ': this machine only'
  logger.info(
    {},
    `no configuration, all settings at their defaults${where}; see --help for --config`,
  )
  const tcp = daemon.listeners.find((listener) => listener.type === 'tcp')
  if (tcp === undefined) return
  logger.info({}, `try it: mosquitto_sub -p ${tcp.port} -t '#' -v`)
  logger.info({}, `then:   mosquitto_pub -p ${tcp.port} -t hello -m world`)
}

/** Ends the process where something that hangs, such as a disk, would keep it. */
function endSoon(): void {
  setTimeout(() => process.exit(ExitCode.Failure), endMsMax).unref()
}

/** After a bug nothing in memory can be trusted: says what happened and ends. */
function endOnBugs(logger: RootLogger): void {
  const end = (error: unknown): void => {
    try {
      logger.fatal({ err: error }, 'a bug in the broker; it ends')
    } finally {
      process.exit(ExitCode.Internal)
    }
  }
  process.on('uncaughtException', end)
  process.on('unhandledRejection', end)
}
