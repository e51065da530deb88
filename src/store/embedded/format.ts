import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreDamaged, StoreVersion } from '../errors.ts'
import type { Database } from './database.ts'

/**
 * The version of what is written. A change of it says below what it can be upgraded from.
 *
 * 1: the first one.
 */
export const formatVersion = 1

/** Formats of which a store is brought to the newest when it is opened. */
export const upgradesFrom: readonly number[] = []

const formatKey = Buffer.from('v')

/** Checks that this version can read the database; a new one is marked. Rejects: StoreVersion, StoreDamaged. */
export async function checkFormat(database: Database, folder: string): Promise<void> {
  await refuseHalf(database, folder)
  if (database.isNew) {
    const value = Buffer.from(JSON.stringify({ format: formatVersion }))
    await database.write([{ key: formatKey, value }])
    return
  }
  const format = readFormat(await database.get(formatKey))
  if (format === undefined) {
    throw new StoreDamaged(`${folder} is no store of this broker: it has no version in it`)
  }
  if (format === formatVersion || upgradesFrom.includes(format)) return
  const age = format > formatVersion ? 'a newer' : 'an older'
  const readable = [...upgradesFrom, formatVersion].join(', ')
  throw new StoreVersion(
    `${folder} was written by ${age} version (format ${format}, this one reads ${readable}); ` +
      'start that version, or export there and import here',
  )
}

/**
 * Where one half of a store is and the other is not, somebody has removed it: the version is in the
 * database before there is a log, and the log is never without a file while more is in the database.
 */
async function refuseHalf(database: Database, folder: string): Promise<void> {
  const names = await readdir(join(folder, 'log')).catch(() => [])
  const hasLog = names.some((name) => name.endsWith('.log'))
  const missing = database.isNew && hasLog ? 'database' : 'log'
  if (missing === 'log' && (hasLog || !database.hadContent)) return
  throw new StoreDamaged(`${join(folder, missing)} is missing, or empty: the store is damaged`)
}

function readFormat(value: Buffer | undefined): number | undefined {
  if (value === undefined) return undefined
  try {
    const { format } = JSON.parse(value.toString()) as { format?: unknown }
    return typeof format === 'number' ? format : undefined
  } catch {
    return undefined
  }
}
