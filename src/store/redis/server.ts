import type { Logger } from '../../base/logger.ts'
import { StoreError, StoreUnavailable, StoreVersion } from '../errors.ts'
import type { RedisKeys } from './keys.ts'
import type { Link } from './link.ts'
import { scripts } from './scripts/scripts.ts'

/** The oldest version: it has flags of scripts. */
const majorMin = 7
/** Share of its limit at which new work waits, while what removes something is still let through. */
const nearlyFull = 0.9

/** What else may listen where a server is looked for, and what to do about it. */
const modes: Readonly<Record<string, string>> = {
  cluster: 'a node of Redis Cluster, which this version cannot use; wanted: a server by itself',
  sentinel: 'a Sentinel; wanted: its address in store.sentinels',
}

/** What the server says of itself, by the names that INFO has for it. */
type Info = ReadonlyMap<string, string>

/**
 * Looks whether the server can be trusted with sessions, makes the scripts known to it, and says in the log
 * what it promises. Rejects: StoreVersion, StoreError, StoreUnavailable.
 */
export async function checkServer(link: Link, keys: RedisKeys, log: Logger): Promise<void> {
  const info = await readInfo(link)
  const version = info.get('redis_version') ?? '0'
  if (Number.parseInt(version, 10) < majorMin) {
    throw new StoreVersion(`${link.name} has version ${version}; wanted: ${majorMin}.0 or newer`)
  }
  const mode = info.get('redis_mode')
  if (mode !== 'standalone') throw new StoreError(`${link.name} is ${modes[mode ?? ''] ?? mode}`)
  const policy = info.get('maxmemory_policy')
  if (policy !== 'noeviction') {
    const advice = 'in redis.conf, or messages and sessions disappear when memory is short'
    throw new StoreError(
      `${link.name} has maxmemory-policy ${policy}; wanted: maxmemory-policy noeviction, ${advice}`,
    )
  }
  await link.load()
  await checkPermissions(link, keys)
  await tellPromise(link, info, version, log)
}

/** Whether Redis takes so many bytes, or is near its own limit. Rejects: StoreUnavailable. */
export async function isMemoryShort(link: Link, bytesMax: number): Promise<boolean> {
  const { max, used } = await readMemory(link)
  return used >= bytesMax || (max > 0 && used >= nearlyFull * max)
}

/** Bytes that Redis takes, for all that is in it, and may take; 0 for no limit. Rejects: StoreUnavailable. */
export async function readMemory(link: Link): Promise<{ used: number; max: number }> {
  const info = await readInfo(link, 'memory')
  return { used: Number(info.get('used_memory') ?? 0), max: Number(info.get('maxmemory') ?? 0) }
}

async function checkPermissions(link: Link, keys: RedisKeys): Promise<void> {
  const call = { script: scripts.probe, keys: keys.probes, args: [] }
  const [refused] = (await link.transact([call])) as [string[] | Error]
  const words = refused instanceof Error ? refused.message : refused.join('; ')
  if (words === '') return link.checkWait()
  throw new StoreUnavailable(`${link.name} refuses what the store needs: ${words}`)
}

/** What is lost when Redis itself, or its machine, goes down. */
async function tellPromise(link: Link, info: Info, version: string, log: Logger): Promise<void> {
  const appendonly = info.get('aof_enabled') === '1'
  const appendfsync = appendonly ? await readFsync(link) : 'none'
  const fields = { version, appendonly, appendfsync }
  if (!appendonly) {
    const promise = 'when Redis ends, what was acknowledged since its last snapshot is lost'
    return log.warn(fields, `${link.name} has appendonly no: ${promise}`)
  }
  if (appendfsync === 'always') {
    return log.info(fields, `${link.name} keeps what is acknowledged, also when its machine fails`)
  }
  const promise = 'when its machine fails, what was acknowledged last may be lost'
  log.warn(fields, `${link.name} has appendfsync ${appendfsync}: ${promise}`)
}

/** It is not in INFO, and CONFIG is often not allowed. */
async function readFsync(link: Link): Promise<string> {
  try {
    const [, value] = (await link.command('CONFIG', 'GET', 'appendfsync')) as string[]
    return value ?? 'unknown'
  } catch (error) {
    if (error instanceof StoreUnavailable) return 'unknown'
    throw error
  }
}

async function readInfo(link: Link, ...sections: string[]): Promise<Info> {
  const text = (await link.command('INFO', ...sections)) as string
  const lines = text.split('\r\n').filter((line) => line.includes(':'))
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1)]
    }),
  )
}
