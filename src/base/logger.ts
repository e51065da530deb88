import type { Logger as PinoLogger } from 'pino'

/** Log levels, most talkative first. `silent` writes nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]
export const logFormats = ['auto', 'json', 'pretty'] as const
export type LogFormat = (typeof logFormats)[number]

/** Writes one line an event: the fields that a machine reads, then the sentence that a person reads. */
export interface Logger {
  trace(fields: object, message: string): void
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Logger
}

/** The logger that all others of a process descend from. */
export interface RootLogger extends Logger {
  /** May be set at any time; what was made with `child` follows. */
  level: LogLevel
  /** The last words of a process. */
  fatal(fields: object, message: string): void
}

/**
 * Makes a logger that writes to standard output at once, without a worker thread, so that the last
 * line before a crash is there. `auto` is pretty on a terminal, else JSON: one object a line, with
 * level names and ISO times. Resolves once the writer that it needs is loaded.
 */
export async function createLogger(options: {
  level: LogLevel
  format: LogFormat
  isTerminal: boolean
}): Promise<RootLogger> {
  const isPretty = options.format === 'pretty' || (options.format === 'auto' && options.isTerminal)
  const { pino } = await import('pino')
  const settings = {
    level: 'trace',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const writer = isPretty
    ? pino(settings, await prettyStream(options.isTerminal))
    : pino(settings, pino.destination({ dest: 1, sync: true }))
  return new LevelledLogger(writer, { least: logLevels.indexOf(options.level) })
}

async function prettyStream(colorize: boolean) {
  const { PinoPretty } = await import('pino-pretty')
  const translateTime = 'SYS:HH:MM:ss.l'
  return PinoPretty({ colorize, sync: true, translateTime, singleLine: true })
}

/**
 * Keeps the level in an object that a logger shares with all its children: pino copies it into each
 * child, so that changing it later would reach no connection that is open already.
 */
class LevelledLogger implements RootLogger {
  readonly #writer: PinoLogger
  /** The place in `logLevels` of the least level that is written. */
  readonly #shared: { least: number }

  constructor(writer: PinoLogger, shared: { least: number }) {
    this.#writer = writer
    this.#shared = shared
  }

  get level(): LogLevel {
    return logLevels[this.#shared.least] as LogLevel
  }

  set level(level: LogLevel) {
    this.#shared.least = logLevels.indexOf(level)
  }

  trace(fields: object, message: string): void {
    if (this.#shared.least <= 0) this.#writer.trace(fields, message)
  }

  debug(fields: object, message: string): void {
    if (this.#shared.least <= 1) this.#writer.debug(fields, message)
  }

  info(fields: object, message: string): void {
    if (this.#shared.least <= 2) this.#writer.info(fields, message)
  }

  warn(fields: object, message: string): void {
    if (this.#shared.least <= 3) this.#writer.warn(fields, message)
  }

  error(fields: object, message: string): void {
    if (this.#shared.least <= 4) this.#writer.error(fields, message)
  }

  fatal(fields: object, message: string): void {
    if (this.#shared.least <= 5) this.#writer.fatal(fields, message)
  }

  child(fields: object): Logger {
    return new LevelledLogger(this.#writer.child(fields), this.#shared)
  }
}
