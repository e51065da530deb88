import type { Redis } from 'ioredis'
import type { Logger } from '../../base/logger.ts'
import { StoreUnavailable } from '../errors.ts'
import { clientOptions } from './client-options.ts'
import { wordsOf } from './errors.ts'
import { describeRedis, type RedisOptions } from './options.ts'
import type { Script } from './scripts/script.ts'
import { scripts } from './scripts/scripts.ts'

/** One call of a script. */
export interface Call {
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly (string | number | Buffer)[]
}

type Answers = [error: Error | null, answer: unknown][] | null

/**
 * The connection to Redis, which comes back by itself. What is asked while there is none is refused at once;
 * what gets no answer is refused when the connection is given up, and may have been done.
 */
export class Link {
  /** For people. */
  readonly name: string
  readonly #redis: Redis
  readonly #log: Logger
  readonly #options: RedisOptions
  #isConnected = false
  #isClosed = false
  /** The last thing that went wrong with the connection. */
  #trouble = 'no answer'

  private constructor(redis: Redis, options: RedisOptions, log: Logger) {
    this.#redis = redis
    this.#options = options
    this.#log = log
    this.name = describeRedis(options)
    redis.on('error', (error: Error) => {
      this.#trouble = wordsOf(error)
    })
    redis.on('ready', () => this.#onReady())
    redis.on('close', () => this.#onClose())
  }

  /** Connects, once; and gives up then. Rejects: StoreUnavailable. */
  static async open(options: RedisOptions, log: Logger): Promise<Link> {
    // Who keeps sessions elsewhere does not wait for the library.
    const { Redis: Client } = await import('ioredis')
    const link = new Link(new Client(await clientOptions(options)), options, log)
    try {
      await link.#connect()
      return link
    } catch (error) {
      link.close()
      throw error
    }
  }

  /** Makes the scripts known. Rejects: StoreUnavailable. */
  async load(): Promise<void> {
    const loads = Object.values(scripts).map(({ text }) => this.#redis.script('LOAD', text))
    await Promise.all(loads).catch((error: unknown) => this.#refuse(error))
  }

  /** One call of a script; texts come as bytes. Rejects: StoreUnavailable. */
  async call(call: Call): Promise<unknown> {
    const [answer] = await this.callAll([call])
    return answer
  }

  /** Calls of scripts in one round trip, each by itself. Rejects: StoreUnavailable, when one of them fails. */
  async callAll(calls: readonly Call[]): Promise<unknown[]> {
    const answers = await this.#callAll(calls)
    if (!answers.some(isScriptMissing)) return answers.map((answer) => this.#sound(answer))
    await this.load()
    return (await this.#callAll(calls)).map((answer) => this.#sound(answer))
  }

  /**
   * Calls of scripts as one transaction; an answer that is an error is what became of one call. Rejects:
   * StoreUnavailable; where Redis refused it nothing was done, where there was no answer it may have been.
   */
  async transact(calls: readonly Call[], replicas = 0): Promise<unknown[]> {
    let [answers, have] = await this.#transact(calls, replicas)
    if (answers.some(isScriptMissing)) {
      // All scripts are known or none: nothing has been done.
      await this.load()
      ;[answers, have] = await this.#transact(calls, replicas)
    }
    if (have >= replicas) return answers
    const words = `${have} of ${replicas} replicas have it (store.wait_replicas)`
    throw new StoreUnavailable(`${this.name}: ${words}`)
  }

  /** The same, and waits until as many replicas have it as must; where they do not, it was done all the same. */
  replicate(calls: readonly Call[]): Promise<unknown[]> {
    return this.transact(calls, this.#options.waitReplicas)
  }

  /** Whether it may wait for replicas, where it has to. Rejects: StoreUnavailable. */
  async checkWait(): Promise<void> {
    if (this.#options.waitReplicas > 0) await this.command('WAIT', 0, 1)
  }

  /** Any other command; texts come as such. Rejects: StoreUnavailable. */
  command(name: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return this.#redis.call(name, ...args).catch((error: unknown) => this.#refuse(error))
  }

  /** The same with texts as bytes. */
  commandBuffer(name: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return this.#redis.callBuffer(name, ...args).catch((error: unknown) => this.#refuse(error))
  }

  close(): void {
    this.#isClosed = true
    this.#redis.disconnect()
  }

  async #connect(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('late')), this.#options.connectTimeoutMs)
    })
    try {
      await Promise.race([this.#redis.connect(), late])
    } catch {
      throw new StoreUnavailable(`${this.name} cannot be reached: ${this.#trouble}`)
    } finally {
      clearTimeout(timer)
    }
  }

  async #callAll(calls: readonly Call[]): Promise<unknown[]> {
    const pipeline = this.#redis.pipeline()
    for (const { script, keys, args } of calls) {
      pipeline.callBuffer('EVALSHA', script.sha, keys.length, ...keys, ...args)
    }
    return this.#answersOf(pipeline.exec())
  }

  /** Milliseconds that replicas get: no answer is late for it, and no heartbeat. */
  get #waitMs(): number {
    const { commandTimeoutMs, takeoverAfterMs } = this.#options
    return Math.ceil(Math.min(commandTimeoutMs / 2, takeoverAfterMs / 3))
  }

  async #transact(
    calls: readonly Call[],
    replicas: number,
  ): Promise<[answers: unknown[], replicas: number]> {
    const multi = this.#redis.multi()
    for (const { script, keys, args } of calls) {
      multi.evalsha(script.sha, keys.length, ...keys, ...args)
    }
    const answers = this.#answersOf(multi.exec())
    if (replicas === 0) return [await answers, 0]
    const ms = this.#waitMs
    const [done, have] = await Promise.all([answers, this.command('WAIT', replicas, ms)])
    return [done, Number(have)]
  }

  async #answersOf(executed: Promise<Answers>): Promise<unknown[]> {
    const answers = await executed.catch((error: unknown) => this.#refuse(error))
    return (answers ?? []).map(([error, answer]) => error ?? answer)
  }

  /** An answer that is none becomes a rejection. */
  #sound(answer: unknown): unknown {
    return answer instanceof Error ? this.#refuse(answer) : answer
  }

  #refuse(error: unknown): never {
    const words = this.#isConnected ? wordsOf(error) : `not connected, ${this.#trouble}`
    throw new StoreUnavailable(`${this.name}: ${words}`)
  }

  #onReady(): void {
    if (!this.#isConnected) this.#log.info({}, `${this.name} is connected`)
    this.#isConnected = true
    this.#trouble = 'it closed the connection'
  }

  #onClose(): void {
    if (this.#isConnected && !this.#isClosed) {
      const fields = { because: this.#trouble }
      this.#log.warn(fields, `the connection to ${this.name} is lost; trying again`)
    }
    this.#isConnected = false
  }
}

function isScriptMissing(answer: unknown): boolean {
  return answer instanceof Error && answer.message.startsWith('NOSCRIPT')
}
