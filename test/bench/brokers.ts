import { chmodSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DiskFaults } from '../support/faults/disk-faults.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { findTool } from '../support/system.ts'

/** A broker that can be started as a process. */
export interface BrokerKind {
  readonly name: string
  /** Added to the environment of its process; read after `configure`. */
  readonly env: Readonly<Record<string, string>>
  /** Writes what it needs into its folder; answers its command line. Again for each start there. */
  /** What its clients trust, once it is configured; without it they speak no TLS. */
  ca?: string | undefined
  configure(folder: string, port: number): readonly string[] | Promise<readonly string[]>
  /** It does not start in this folder any more. */
  dispose?(folder: string): Promise<void>
}

export interface OursOptions {
  /** Its program, `bin/mqtt-broker` of this checkout or of another one. */
  readonly program: string
  readonly store: string
  readonly logLevel: string
  /** Microseconds that each write that is safe when it returns takes longer; needs gcc. */
  readonly syncDelayUs: number
  /** Its clients speak TLS, with a certificate of ECDSA P-256. */
  readonly tls: boolean
  readonly env: Readonly<Record<string, string>>
}

/** The broker of this project: nothing is dropped, 1,000 messages in flight. */
export function ours(options: OursOptions, name = 'ours'): BrokerKind {
  const redis = new RedisServers()
  const disks = new Map<string, DiskFaults>()
  const env = { ...options.env }
  return {
    name,
    env,
    async configure(folder, port) {
      const file = join(folder, 'zone.yaml')
      if (options.syncDelayUs > 0 && !disks.has(folder)) {
        const faults = { syncDelayUs: options.syncDelayUs, powerLoss: false }
        const disk = new DiskFaults(join(folder, 'data'), faults)
        disks.set(folder, disk)
        Object.assign(env, disk.environment)
      }
      const url = options.store === 'redis' ? await redis.urlFor(folder) : undefined
      const store = { backend: options.store, ...(url !== undefined && { url }) }
      const listener = { name: 'tcp', type: 'tcp', bind: `127.0.0.1:${port}` }
      const secure = options.tls ? await secured(folder) : undefined
      this.ca = secure?.ca
      const configuration = ourConfiguration(
        options,
        folder,
        { ...listener, ...secure?.keys },
        store,
      )
      // JSON is YAML.
      writeFileSync(file, JSON.stringify(configuration, null, 2))
      return [process.execPath, resolve(options.program), '--config', file]
    },
    async dispose(folder) {
      disks.get(folder)?.dispose()
      disks.delete(folder)
      await redis.dispose(folder)
    },
  }
}

/** A certificate in the broker's folder, and who has signed it. */
async function secured(folder: string): Promise<{ ca: string; keys: object }> {
  const { TestCa, keyPem } = await import('../support/certificates.ts')
  const ca = await TestCa.make()
  const issued = await ca.issue({ hosts: ['127.0.0.1'] })
  const [certfile, keyfile] = [join(folder, 'server.crt'), join(folder, 'server.key')]
  writeFileSync(certfile, issued.certificate.toString('pem'))
  writeFileSync(keyfile, await keyPem(issued))
  return { ca: ca.pem, keys: { type: 'tls', tls: { certfile, keyfile } } }
}

/** A Redis for each folder that a broker runs in: it syncs its file every second, as it does by default. */
class RedisServers {
  readonly #servers = new Map<string, RedisServer>()

  async urlFor(folder: string): Promise<string> {
    const server = this.#servers.get(folder) ?? (await startRedis())
    this.#servers.set(folder, server)
    return server.url
  }

  async dispose(folder: string): Promise<void> {
    await this.#servers.get(folder)?.dispose()
    this.#servers.delete(folder)
  }
}

/** Who has no Redis may compare other stores. */
async function startRedis(): Promise<RedisServer> {
  const { RedisServer: Server } = await import('../support/redis-server.ts')
  return Server.start({ appendfsync: 'everysec' })
}

function ourConfiguration(
  { logLevel }: OursOptions,
  folder: string,
  listener: object,
  store: object,
): object {
  return {
    node: { name: 'bench', data_dir: join(folder, 'data') },
    listeners: [listener],
    zones: {
      default: { max_mqueue_len: 'infinity', max_mqueue_bytes: 'infinity', max_inflight: 1000 },
    },
    store,
    limits: { max_queued_bytes: 'infinity' },
    auth: { allow_anonymous: true },
    log: { level: logLevel, format: 'json' },
  }
}

/** Debian's mosquitto with settings that drop nothing; further lines replace those of the same key. */
export function mosquitto(lines: readonly string[], name = 'mosquitto'): BrokerKind {
  return {
    name,
    env: {},
    configure(folder, port) {
      const file = join(folder, 'mosquitto.conf')
      writeFileSync(file, mosquittoConfiguration(lines, folder, port))
      // It gives up the rights of root, and then writes into this folder.
      chmodSync(folder, 0o777)
      return [findTool('mosquitto') ?? 'mosquitto', '-c', file]
    },
  }
}

function mosquittoConfiguration(lines: readonly string[], folder: string, port: number): string {
  const settings = new Map([
    ['listener', `${port} 127.0.0.1`],
    ['allow_anonymous', 'true'],
    ['max_queued_messages', '0'],
    ['max_inflight_messages', '1000'],
    ['persistence', 'false'],
    ['persistence_location', `${folder}/`],
    ['log_type', 'none'],
    ['set_tcp_nodelay', 'true'],
  ])
  for (const line of lines) {
    const at = line.indexOf(' ')
    settings.set(line.slice(0, at), line.slice(at + 1))
  }
  return [...settings].map(([key, value]) => `${key} ${value}\n`).join('')
}
