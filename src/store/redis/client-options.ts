import { readFile } from 'node:fs/promises'
import type { RedisOptions as AllClientOptions } from 'ioredis'
import { StoreUnavailable, systemCode } from '../errors.ts'
import type { RedisOptions, RedisTlsFiles } from './options.ts'

type ClientOptions = Omit<AllClientOptions, 'replyMapping'>

/** Milliseconds between attempts to connect: the first, and the longest. */
const retryMsMin = 50
const retryMsMax = 1000

/**
 * What the client library is told. Nothing is queued while there is no connection, and nothing is sent
 * twice: who waits is told, and tries the same batch again. Rejects: StoreUnavailable, where a file of TLS
 * cannot be read.
 */
export async function clientOptions(options: RedisOptions): Promise<ClientOptions> {
  const { commandTimeoutMs, connectTimeoutMs, server } = options
  const common: ClientOptions = {
    db: server.database,
    ...(server.username !== undefined && { username: server.username }),
    ...(server.password !== undefined && { password: server.password }),
    connectionName: 'mqtt-broker',
    disableClientInfo: true,
    lazyConnect: true,
    // With RESP2 a server that is too old can still say so.
    protocol: 2,
    connectTimeout: connectTimeoutMs,
    socketTimeout: commandTimeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: retryMs,
    // A server that became a replica: another one writes now.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  }
  const place = options.sentinels.length > 0 ? sentinelOptions(options) : placeOf(options)
  if (!server.isTls) return { ...common, ...place }
  const tls = await readTls(options.tls)
  return { ...common, ...place, tls, sentinelTLS: tls, enableTLSForSentinelMode: true }
}

function placeOf({ server }: RedisOptions): ClientOptions {
  return { host: server.host, port: server.port }
}

function sentinelOptions(options: RedisOptions): ClientOptions {
  const { sentinelPassword } = options
  return {
    sentinels: [...options.sentinels],
    name: options.sentinelName,
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    sentinelRetryStrategy: retryMs,
    sentinelCommandTimeout: options.commandTimeoutMs,
  }
}

function retryMs(times: number): number {
  return Math.min(retryMsMin * times, retryMsMax)
}

async function readTls({ caFile, certFile, keyFile }: RedisTlsFiles) {
  const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map(readWhole))
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  }
}

async function readWhole(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path)
  } catch (error) {
    throw new StoreUnavailable(`${path} cannot be read: ${systemCode(error) ?? 'unknown error'}`)
  }
}
