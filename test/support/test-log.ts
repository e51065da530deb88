import type { Logger, LogLevel } from '../../src/base/logger.ts'

/** A line that was logged. */
export interface Logged {
  readonly level: LogLevel
  readonly fields: Record<string, unknown>
  readonly message: string
}

/** A logger that keeps its lines, children's included. */
export class TestLog implements Logger {
  readonly lines: Logged[] = []

  /** The sentences logged at a level. */
  messages(level: LogLevel): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message)
  }

  trace(fields: object, message: string): void {
    this.#add('trace', fields, message)
  }

  debug(fields: object, message: string): void {
    this.#add('debug', fields, message)
  }

  info(fields: object, message: string): void {
    this.#add('info', fields, message)
  }

  warn(fields: object, message: string): void {
    this.#add('warn', fields, message)
  }

  error(fields: object, message: string): void {
    this.#add('error', fields, message)
  }

  child(): Logger {
    return this
  }

  #add(level: LogLevel, fields: object, message: string): void {
    this.lines.push({ level, fields: fields as Record<string, unknown>, message })
  }
}
