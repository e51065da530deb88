import type { Logger } from '../base/logger.ts'

/** Says on standard error what a store warns of; its standard output is for what was asked for. */
export class StoreLog implements Logger {
  trace(): void {}

  debug(): void {}

  info(): void {}

  warn(fields: object, message: string): void {
    say(fields, message)
  }

  error(fields: object, message: string): void {
    say(fields, message)
  }

  child(): Logger {
    return this
  }
}

function say(fields: object, message: string): void {
  const { err } = fields as { err?: unknown }
  const why = err instanceof Error ? `: ${err.message}` : ''
  process.stderr.write(`mqtt-broker: ${message}${why}\n`)
}
