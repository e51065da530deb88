import { StoreDamaged, StoreVersion } from '../errors.ts'
import type { Database } from './database.ts'

/**
 * The version of what is written. A change of it says here what it can be upgraded from.
 *
 * 1: the first one.
 */
export const formatVersion = 1

const formatKey = Buffer.from('v')

/** Checks that this version can read the database; a new one is marked. Rejects: StoreVersion, StoreDamaged. */
export async function checkFormat(database: Database, folder: string): Promise<void> {
  if (database.isNew) {
    const value = Buffer.from(JSON.stringify({ format: formatVersion }))
    await database.write([{ key: formatKey, value }])
    return
  }
  const format = readFormat(await database.get(formatKey))
  if (format === undefined) {
    throw new StoreDamaged(`${folder} is no store of this broker: it has no version in it`)
  }
  if (format > formatVersion) {
    throw new StoreVersion(
      `${folder} was written by a newer version (format ${format}, this one reads ${formatVersion}); ` +
        'start that version, or export there and import here',
    )
  }
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
