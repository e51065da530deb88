import { createLogger, type LogFormat } from '../../src/base/logger.ts'

// Writes a line at each level, changes the level, and writes them again.
const format = process.argv[2] as LogFormat
const logger = await createLogger({ level: 'warn', format, isTerminal: false })
const child = logger.child({ client: 'c1' })
for (const level of ['warn', 'debug'] as const) {
  logger.level = level
  child.debug({ place: 1 }, `debug at ${level}`)
  child.warn({ place: 2 }, `warn at ${level}`)
}
logger.level = 'silent'
logger.fatal({}, 'nobody hears this')
