import { type WriteStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BrokerChild, BrokerEnded } from './broker/broker-child.ts'
import { zoneFile } from './broker/zone-file.ts'
import type { World } from './clients/world.ts'
import type { KillKind } from './kills/kill-kind.ts'
import { killInTime } from './kills/moment.ts'
import type { CrashtestOptions } from './options.ts'
import { comeToRest } from './rest.ts'
import type { Cast, Census } from './roles/cast.ts'

/** What rounds share. */
export interface RoundParts {
  readonly options: CrashtestOptions
  readonly world: World
  readonly cast: Cast
  readonly log: WriteStream
  /** Milliseconds that a start usually takes. */
  readonly usualStartMs: number
  /** When the broker was killed last, in monotonic ms; undefined in the first round. */
  readonly killedMs: number | undefined
}

/** How one life of the broker went. */
export interface RoundRecord {
  readonly number: number
  readonly planned: KillKind | 'end'
  /** `itself`: it ended and nobody had asked. */
  readonly ended: KillKind | 'end' | 'itself'
  readonly commitIntervalMs: number
  /** Milliseconds from its start to listening; undefined when it was killed before. */
  readonly startMs: number | undefined
  /** Milliseconds from the kill before it to the first accepted client. */
  readonly servedMs: number | undefined
  /** Milliseconds from its start to its end. */
  readonly lifeMs: number
  readonly inTheAir: Census | undefined
  /** Lines of its log that tell of an error. */
  readonly errors: readonly string[]
}

/** A kill during the start comes after so many times the usual start, at the latest. */
const startShareMax = 1.3

/** One life of the broker: it starts, clients use it, and it is killed or comes to rest. */
export class Round {
  readonly #parts: RoundParts
  readonly #broker: BrokerChild
  #ended: RoundRecord['ended'] | undefined
  #startMs: number | undefined
  #servedMs: number | undefined
  #census: Census | undefined
  #endedMs = 0

  /** Starts the broker. */
  constructor(parts: RoundParts) {
    this.#parts = parts
    const { log, options, world } = parts
    const { folder, program, store } = options
    const { commitIntervalMs } = world.life.plan
    const configuration = join(folder, 'zone.yaml')
    writeFileSync(configuration, zoneFile(folder, store, commitIntervalMs, options.configuration))
    const environment = { ...process.env, ...options.environment }
    this.#broker = new BrokerChild({ program, configuration, environment, log })
  }

  /** When the broker was gone, in monotonic ms. */
  get endedMs(): number {
    return this.#endedMs
  }

  /** Rejects: BrokerEnded, when the broker ends before it listens and nobody killed it. */
  async play(): Promise<RoundRecord> {
    const { cast, world } = this.#parts
    try {
      if (await this.#hasStarted()) await this.#live()
      await this.#broker.exited
      await cast.closed()
    } finally {
      world.life.end()
      this.#broker.kill()
      world.trap.disarm()
    }
    return this.#record()
  }

  /** Answers whether it listens; false: it was killed before. */
  async #hasStarted(): Promise<boolean> {
    const { usualStartMs, world } = this.#parts
    const { kind, moment } = world.life.plan
    if (kind === 'startUp') {
      setTimeout(() => this.#kill('startUp'), startShareMax * moment * usualStartMs)
    }
    try {
      world.address = { host: '127.0.0.1', port: await this.#broker.listening() }
    } catch (error) {
      if (error instanceof BrokerEnded && this.#ended !== undefined) return false
      throw error
    }
    if (this.#ended !== undefined) return false
    const nowMs = performance.now()
    const tick = world.ledger.nextTick()
    this.#startMs = nowMs - this.#broker.startedMs
    world.onServed = () => this.#onServed()
    world.wills.onListening(nowMs, tick)
    world.expiry.onListening(nowMs, tick)
    return true
  }

  async #live(): Promise<void> {
    const { exited } = this.#broker
    const acting = this.#parts.world.life.isRest ? this.#rest() : this.#act()
    await Promise.race([acting.then(() => exited), exited])
    if (this.#ended === undefined) {
      const { faults } = this.#parts.world
      faults.add('process', `the broker ended by itself, with ${await exited}`)
      this.#end('itself')
    }
    await acting
  }

  async #act(): Promise<void> {
    const { cast, world } = this.#parts
    await Promise.all([cast.play(), killInTime(world, (kind) => this.#kill(kind))])
  }

  async #rest(): Promise<void> {
    const { cast, world } = this.#parts
    await comeToRest(world, cast)
    if (this.#ended !== undefined || world.life.isOver) return
    if (world.life.plan.kind === 'rest') return this.#kill('rest')
    this.#end('end')
    const code = await this.#broker.stop()
    if (code === 0) return
    world.faults.add('process', `the broker ended with ${code} when it was asked to stop`)
  }

  #kill(kind: KillKind): void {
    if (this.#ended !== undefined) return
    this.#broker.kill()
    this.#end(kind)
  }

  #end(how: RoundRecord['ended']): void {
    const { cast, world } = this.#parts
    const nowMs = performance.now()
    this.#ended = how
    this.#endedMs = nowMs
    this.#census = cast.census()
    world.life.end()
    if (how === 'end') return
    world.wills.onKilled(nowMs, world.ledger.safeTick)
    world.expiry.onKilled(nowMs, world.ledger.safeTick)
  }

  #onServed(): void {
    const { killedMs, world } = this.#parts
    world.onServed = () => undefined
    if (killedMs !== undefined) this.#servedMs = performance.now() - killedMs
  }

  #record(): RoundRecord {
    const { number, plan } = this.#parts.world.life
    return {
      number,
      planned: plan.kind,
      ended: this.#ended ?? 'itself',
      commitIntervalMs: plan.commitIntervalMs,
      startMs: this.#startMs,
      servedMs: this.#servedMs,
      lifeMs: this.#endedMs - this.#broker.startedMs,
      inTheAir: this.#census,
      errors: this.#broker.errors,
    }
  }
}
