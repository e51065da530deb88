import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import {
  defaultRedisOptions,
  defaultRedisServer,
  type RedisOptions,
} from '../../src/store/redis/options.ts'
import { freePort } from './free-port.ts'
import { requireTool } from './system.ts'

/** Whether there is no redis-server; then the tests that need it are skipped. */
const tool = requireTool('redis-server')
export const redisIsMissing = tool.isMissing

/** Milliseconds that it may take to accept connections, and to end. */
const startMsMax = 20_000
/** Attempts to find a port that nobody takes before Redis does. */
const portsMax = 5

/** A real redis-server, or a Sentinel, on a free port and in a temporary folder of its own. */
export class RedisServer {
  readonly folder: string
  port = 0
  readonly #settings: Readonly<Record<string, string>>
  /** Of a Sentinel: the server that it watches. */
  readonly #watched: RedisServer | undefined
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  #client: Redis | undefined
  readonly #killAtExit = () => this.#child?.kill('SIGKILL')

  private constructor(settings: Readonly<Record<string, string>>, watched?: RedisServer) {
    this.folder = mkdtempSync(join(tmpdir(), 'redis-'))
    this.#settings = settings
    this.#watched = watched
  }

  /** Starts one that takes nothing but loopback connections, and by default syncs every write. */
  static start(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
    return RedisServer.#start(new RedisServer(settings))
  }

  /** Starts a Sentinel that alone decides who follows on a server, which it calls `mymaster`. */
  static startSentinel(watched: RedisServer): Promise<RedisServer> {
    return RedisServer.#start(new RedisServer({}, watched))
  }

  static async #start(server: RedisServer): Promise<RedisServer> {
    for (let attempt = 1; ; attempt++) {
      server.port = await freePort()
      try {
        await server.start()
        return server
      } catch (error) {
        if (attempt === portsMax) throw error
      }
    }
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** A client for what a test looks up or changes behind the store's back. */
  get client(): Redis {
    if (this.#client === undefined) {
      this.#client = new Redis({ host: '127.0.0.1', port: this.port })
      // It is stopped now and then.
      this.#client.on('error', () => undefined)
    }
    return this.#client
  }

  /** What a store needs to use it. */
  options(changes: Partial<RedisOptions> = {}): RedisOptions {
    const server = { ...defaultRedisServer, port: this.port }
    return { ...defaultRedisOptions, server, ...changes }
  }

  /** Starts it, once more in the same folder and on the same port; resolves when it accepts. */
  async start(): Promise<void> {
    const words = this.#watched === undefined ? this.#words() : this.#sentinelWords(this.#watched)
    const child = spawn(tool.path, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    process.once('exit', this.#killAtExit)
    this.#exited = once(child, 'close').then(() => undefined)
    await accepts(child)
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name)
  }

  /** Ends it; SIGKILL as a crash of it would. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    // A process that is stopped hears no SIGTERM.
    this.signal('SIGCONT')
    this.signal(signal)
    await this.#exited
    process.off('exit', this.#killAtExit)
    this.#child = undefined
  }

  /** Its files as they are, to go back to with `restore`. */
  snapshot(): string {
    const copy = mkdtempSync(join(tmpdir(), 'redis-'))
    cpSync(this.folder, copy, { recursive: true })
    return copy
  }

  /** Has the files of a snapshot in place of its own; while it is stopped. */
  restore(copy: string): void {
    rmSync(this.folder, { recursive: true })
    cpSync(copy, this.folder, { recursive: true })
    rmSync(copy, { recursive: true })
  }

  /** Ends it and removes its folder. */
  async dispose(): Promise<void> {
    this.#client?.disconnect()
    await this.stop('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  #words(): string[] {
    const settings = {
      // With TLS the plain port is 0.
      [this.#settings.port === '0' ? 'tls-port' : 'port']: String(this.port),
      bind: '127.0.0.1',
      dir: this.folder,
      save: '',
      appendonly: 'yes',
      appendfsync: 'always',
      // A replica need not wait for others.
      'repl-diskless-sync-delay': '0',
      ...this.#settings,
    }
    return Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value])
  }

  /** A Sentinel writes into its configuration file. */
  #sentinelWords({ port }: RedisServer): string[] {
    const file = join(this.folder, 'sentinel.conf')
    const lines = [
      `port ${this.port}`,
      'bind 127.0.0.1',
      `dir ${this.folder}`,
      `sentinel monitor mymaster 127.0.0.1 ${port} 1`,
      'sentinel down-after-milliseconds mymaster 300',
      'sentinel failover-timeout mymaster 3000',
    ]
    writeFileSync(file, `${lines.join('\n')}\n`)
    return [file, '--sentinel']
  }
}

/** Resolves when it says that it accepts; rejects, with what it said, when it ends before. */
function accepts(child: ChildProcess): Promise<void> {
  const lines: string[] = []
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), startMsMax)
    const fail = (): void => reject(new Error(`redis-server does not start:\n${lines.join('\n')}`))
    child.once('error', (error) => reject(error))
    child.once('close', fail)
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      lines.push(line)
      if (!/Ready to accept connections|\+monitor master/.test(line)) return
      clearTimeout(timer)
      resolve()
    })
  })
}
