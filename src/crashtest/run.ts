import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SeededRandom } from '../base/random.ts'
import { Turn } from '../client/turn.ts'
import { ExpiryAudit } from './audit/expiry-audit.ts'
import { Faults } from './audit/faults.ts'
import { Ledger } from './audit/ledger.ts'
import { RetainedAudit } from './audit/retained-audit.ts'
import { WillAudit } from './audit/will-audit.ts'
import { BrokerEnded } from './broker/broker-child.ts'
import type { World } from './clients/world.ts'
import { KillPlanner } from './kills/kill-plan.ts'
import { Trap } from './kills/trap.ts'
import { Life } from './life.ts'
import type { CrashtestOptions } from './options.ts'
import { median } from './report/figures.ts'
import { makeReport, type Report } from './report/report.ts'
import { Cast } from './roles/cast.ts'
import { Round, type RoundRecord } from './round.ts'

/** Milliseconds that a start may take, until one is known. */
const startMsGuess = 600
/** Messages of which the audit keeps track; then there are no other kills. */
const messagesMax = 5_000_000

/**
 * Starts the broker, lets clients use it, kills it, and again; then audits what it had acknowledged.
 * Rejects: BrokerEnded, when the broker does not even start the first time.
 */
export async function runCrashtest(options: CrashtestOptions): Promise<Report> {
  const { folder } = options
  await mkdir(join(folder, 'data'), { recursive: true })
  const log = createWriteStream(join(folder, 'broker.log'), { flags: 'a' })
  try {
    return await new Run(options, log).play()
  } finally {
    await new Promise((resolve) => log.end(resolve))
  }
}

class Run {
  readonly #options: CrashtestOptions
  readonly #log: WriteStream
  readonly #world: World
  readonly #cast: Cast
  readonly #planner: KillPlanner
  readonly #startedMs = performance.now()
  readonly #rounds: RoundRecord[] = []
  #killedMs: number | undefined
  #isStopped = false

  constructor(options: CrashtestOptions, log: WriteStream) {
    const { clients, rate, seed } = options
    this.#options = options
    this.#log = log
    this.#planner = new KillPlanner(new SeededRandom(seed))
    this.#world = newWorld(new Life(0, this.#planner.next(true)))
    this.#cast = new Cast(this.#world, clients, rate, seed)
    void options.stopped?.then(() => {
      this.#isStopped = true
    })
  }

  async play(): Promise<Report> {
    for (let number = 1; ; number++) {
      const record = await this.#playRound(number)
      if (record === undefined || record.ended === 'end') break
      await this.#options.onKilled?.(join(this.#options.folder, 'data'))
    }
    const { ledger, wills, expiry, retained, faults } = this.#world
    return makeReport({
      options: this.#options,
      durationMs: performance.now() - this.#startedMs,
      rounds: this.#rounds,
      tally: ledger.tally,
      faults,
      wills,
      expiry,
      retained,
    })
  }

  /** Undefined when the broker did not start, which ends the run. */
  async #playRound(number: number): Promise<RoundRecord | undefined> {
    const { faults, ledger } = this.#world
    const life = new Life(number, this.#planner.next(this.#isLast(number)))
    this.#world.life = life
    faults.life = number
    ledger.newLife()
    const round = new Round({
      options: this.#options,
      world: this.#world,
      cast: this.#cast,
      log: this.#log,
      usualStartMs: this.#usualStartMs,
      killedMs: this.#killedMs,
    })
    try {
      const record = await round.play()
      this.#rounds.push(record)
      const { ended, planned } = record
      if (ended === 'random' && planned !== 'random' && planned !== 'end')
        this.#planner.missed(planned)
      this.#killedMs = round.endedMs
      this.#tellProgress(record)
      return record
    } catch (error) {
      if (!(error instanceof BrokerEnded) || number === 1) throw error
      faults.add('process', error.message)
      return undefined
    }
  }

  /** Whether no kill is to follow. */
  #isLast(number: number): boolean {
    const { durationMs, kills } = this.#options
    const { faults, ledger } = this.#world
    const last = this.#rounds.at(-1)
    return (
      number > kills ||
      this.#isStopped ||
      performance.now() - this.#startedMs > durationMs ||
      ledger.messageCount > messagesMax ||
      (last?.ended === 'rest' && faults.total > 0)
    )
  }

  get #usualStartMs(): number {
    const starts = this.#rounds.flatMap(({ startMs }) => (startMs === undefined ? [] : [startMs]))
    return starts.length === 0 ? startMsGuess : median(starts)
  }

  #tellProgress({ ended, number }: RoundRecord): void {
    const { faults, ledger } = this.#world
    const [qos1, qos2] = ledger.tally.acknowledgements
    const what = ended === 'end' ? 'the end' : `kill ${number}/${this.#options.kills}, ${ended}`
    this.#options.onProgress?.(`${what}: ${qos1 + qos2} acknowledged, ${faults.total} faults`)
  }
}

function newWorld(life: Life): World {
  const faults = new Faults()
  return {
    prefix: `ct${Date.now().toString(36)}`,
    turn: new Turn(),
    faults,
    ledger: new Ledger(faults),
    retained: new RetainedAudit(faults),
    wills: new WillAudit(faults),
    expiry: new ExpiryAudit(faults),
    trap: new Trap(),
    address: { host: '127.0.0.1', port: 0 },
    life,
    onServed: () => undefined,
  }
}
