import { type Logger as PinoLogger, pino } from 'pino'
import { PinoPretty } from 'pino-pretty'

/** Log levels, most talkative first. `silent` writes nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]
export type LogFormat = 'auto' | 'json' | 'pretty'

/** Writes one line an event: the fields that a machine reads, then the sentence that a person reads. */
export interface Logger {
  trace(fields: object, message: string): void
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Logger
}

/**
 * A pino logger on standard output. `auto` is pretty on a terminal, else JSON, one object a line,
 * with level names and ISO times.
 */
export function createLogger(options: {
  level: LogLevel
  format: LogFormat
  isTerminal: boolean
}): PinoLogger {
  const isPretty = options.format === 'pretty' || (options.format === 'auto' && options.isTerminal)
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  if (!isPretty) return pino(settings, pino.destination({ dest: 1, sync: true }))
  return pino(settings, PinoPretty({ colorize: options.isTerminal, sync: true, translateTime: 'SYS:HH:MM:ss.l' }))
}
