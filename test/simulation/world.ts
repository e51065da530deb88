import { SeededRandom } from '../../src/base/random.ts'
import type { MessageEvents } from '../../src/broker/ports.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { Ledger } from './ledger.ts'
import { ModelClient } from './model-client.ts'
import { fairWeather, type Weather } from './pipe.ts'
import { drawProfile, watcherProfile } from './profile.ts'
import { RetainedWatch } from './retained-watch.ts'
import { Scheduler } from './scheduler.ts'
import { type Settings, settingsFor } from './settings.ts'
import { SimulatedBroker } from './simulated-broker.ts'
import { inBrief } from './snapshot-in-brief.ts'
import { StoreWeather } from './store-weather.ts'
import { Trace, Violation } from './trace.ts'
import { Wills } from './wills.ts'

/** Milliseconds that everything may take to come right once nothing goes wrong any more. */
const healMsMax = 120_000
/** Happenings between two looks at what must always hold. */
const checkEvery = 25

/**
 * Everything that there is in a simulation, from one seed: clients, links, a broker, its disk, and
 * those who watch. First everything goes wrong, then all heals, and then what was promised is due.
 */
export class World {
  readonly random: SeededRandom
  readonly settings: Settings
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly ledger: Ledger
  readonly wills: Wills
  readonly retained = new RetainedWatch()
  readonly #disk: MemoryStore
  readonly #storeWeather: StoreWeather
  readonly #watcher: ModelClient
  readonly #clients: ModelClient[] = []
  /** The process that is up now. */
  broker: SimulatedBroker | undefined
  isHealing = false
  #isEnding = false

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.settings = settingsFor(this.random)
    this.#disk = new MemoryStore(this.settings.snapshotsEvery)
    this.scheduler = new Scheduler(this.random)
    const now = (): number => this.scheduler.now
    this.trace = new Trace(now)
    const { mqueueLengthMax } = this.settings.zones.get('default')?.session ?? {
      mqueueLengthMax: 1,
    }
    this.ledger = new Ledger(now, mqueueLengthMax < 1000)
    this.wills = new Wills(now)
    this.#storeWeather = new StoreWeather(this.scheduler, this.random, this.trace)
    this.#watcher = new ModelClient(this, watcherProfile)
    for (let i = 0; i < this.settings.clients; i++) {
      this.#clients.push(new ModelClient(this, drawProfile(this.random, i)))
    }
    let checkedAt = 0
    this.scheduler.onTurn = () => {
      if (this.scheduler.count - checkedAt < checkEvery) return
      checkedAt = this.scheduler.count
      this.broker?.check()
    }
  }

  /** Whether this process has met a store that fails. */
  get hasStoreFailed(): boolean {
    return (this.broker?.broker.journal.meter.failures ?? 0) > 0
  }

  get weather(): Weather {
    return this.isHealing ? fairWeather : this.settings.weather
  }

  /** Throws: Violation, or what the broker threw. */
  async run(): Promise<void> {
    await this.#begin()
    await this.#trouble()
    await this.#heal()
    await this.#checkRetained()
    await this.#end()
  }

  async #begin(): Promise<void> {
    this.#startBroker()
    await this.scheduler.pass(10)
    this.isHealing = true
    this.#watcher.connect()
    await this.scheduler.pass(1000)
    this.#watcher.subscribe('w/#', 2)
    await this.scheduler.pass(1000)
    if (!this.#watcher.isQuiet) throw new Violation('the watcher of wills cannot even begin')
    this.isHealing = false
  }

  async #trouble(): Promise<void> {
    const { crashes, storeFaults, troubleMs } = this.settings
    for (const client of this.#clients) this.#act(client)
    this.#keepWatching()
    for (let i = 0; i < crashes; i++) {
      this.scheduler.after(this.random.below(troubleMs), () => this.#crash())
    }
    for (let i = 0; i < storeFaults; i++) {
      this.scheduler.after(this.random.below(troubleMs), () => {
        if (this.isHealing) return
        this.#storeWeather.worsen()
        // Much is not safe yet when the disk does badly: the best time for a crash.
        if (crashes > 0 && this.random.below(2) === 0) {
          this.scheduler.after(this.random.below(1000), () => this.#crash())
        }
      })
    }
    await this.scheduler.pass(troubleMs)
  }

  /** A client does something, again and again, until all heals. */
  #act(client: ModelClient): void {
    this.scheduler.after(1 + this.random.below(client.profile.paceMsMax), () => {
      if (this.isHealing) return
      this.#actOnce(client)
      this.#act(client)
    })
  }

  #actOnce(client: ModelClient): void {
    if (client.connection === undefined) return client.connect()
    if (!client.isConnected) return
    const dice = this.random.below(100)
    if (dice < 60) for (let i = this.random.below(4); i >= 0; i--) client.publish()
    else if (dice < 78) client.subscribe()
    else if (dice < 82) client.unsubscribe()
    else if (dice < 86) client.ping()
    else if (dice < 90) client.cut()
    else if (dice < 92) client.goHalfOpen()
    else if (dice < 94) client.connect()
    else if (dice < 95) client.connect({ isClean: true })
    else if (dice < 98) client.disconnect({ leavesWill: this.random.below(3) === 0 })
    else client.disconnect({ endsSession: true })
  }

  #keepWatching(): void {
    this.scheduler.after(100, () => {
      if (!this.#isEnding && this.#watcher.connection === undefined) this.#watcher.connect()
      this.#keepWatching()
    })
  }

  #startBroker(): void {
    const broker = new SimulatedBroker({
      scheduler: this.scheduler,
      random: this.random,
      trace: this.trace,
      settings: this.settings,
      disk: this.#disk,
      storeWeather: this.#storeWeather,
      events: this.#events(),
    })
    this.trace.add('broker', 'starts')
    broker.start().then(
      () => {
        this.broker = broker
      },
      (error: unknown) => this.scheduler.fail(error),
    )
  }

  #crash(): void {
    if (this.broker === undefined || this.isHealing) return
    this.trace.add('broker', 'crashes')
    const { broker } = this
    this.broker = undefined
    broker.crash()
    this.ledger.crashes++
    this.wills.crashed(broker.broker.journal.committed)
    for (const client of this.#clients) client.onCrash()
    this.scheduler.after(10 + this.random.below(1500), () => this.#startBroker())
  }

  async #heal(): Promise<void> {
    this.trace.add('world', 'heals')
    this.isHealing = true
    this.#storeWeather.heal()
    for (const client of this.#clients) client.cut()
    this.#reconnect()
    let lookedAt = 0
    const isDone = (): boolean => {
      if (this.scheduler.now - lookedAt < 100) return false
      lookedAt = this.scheduler.now
      const isQuiet = [this.#watcher, ...this.#clients].every((client) => client.isQuiet)
      return isQuiet && this.ledger.debts().length === 0
    }
    await this.scheduler.pass(10_000)
    await this.scheduler.until(isDone, healMsMax)
    await this.scheduler.pass(3000)
    const restless = this.#clients.filter((client) => !client.isQuiet)
    const faults = [
      ...restless.map(({ profile }) => `${profile.clientId} does not come to rest`),
      ...this.ledger.debts(),
      ...this.wills.faults(),
    ]
    if (faults.length > 0) throw new Violation(faults.join('\n'))
    this.broker?.check()
    await this.#checkDisk()
  }

  /** What rests in memory is on the disk, and nothing else is. */
  async #checkDisk(): Promise<void> {
    const onDisk = new Map<string, string>()
    for await (const some of this.#disk.sessions()) {
      for (const { snapshot } of some) onDisk.set(snapshot.clientId, inBrief(snapshot))
    }
    for (const { session } of this.broker?.broker.sessions.list() ?? []) {
      if (!session.isDurable) continue
      const inMemory = inBrief(session.snapshot())
      const stored = onDisk.get(session.clientId)
      onDisk.delete(session.clientId)
      if (stored !== inMemory) {
        throw new Violation(`${session.clientId} is ${inMemory}, on the disk it is ${stored}`)
      }
    }
    if (onDisk.size > 0) throw new Violation(`only the disk knows ${[...onDisk.keys()].join(', ')}`)
  }

  #reconnect(): void {
    this.scheduler.after(100, () => {
      if (!this.isHealing || this.#isEnding) return
      for (const client of this.#clients) if (client.connection === undefined) client.connect()
      this.#reconnect()
    })
  }

  /** A new subscription sees what is retained. */
  async #checkRetained(): Promise<void> {
    const got = new Map<string, string>()
    const retainer = this.broker?.broker.retainer
    for (const retained of retainer?.list(this.scheduler.now) ?? []) {
      const message = await retained.fetch()
      got.set(retained.topic, message?.payload.toString() ?? '')
    }
    retainer?.checkInvariants()
    const faults = this.retained.faults(got, this.ledger.crashes)
    if (faults.length > 0) throw new Violation(faults.join('\n'))
  }

  /** Everybody leaves for good; nothing stays. */
  async #end(): Promise<void> {
    this.#isEnding = true
    const all = [this.#watcher, ...this.#clients]
    for (const client of all) {
      if (client === this.#watcher || this.random.below(2) === 0) client.connect({ isClean: true })
    }
    await this.scheduler.pass(5000)
    for (const client of all) client.disconnect()
    await this.scheduler.pass(400_000)
    const leftovers = this.broker?.leftovers() ?? ['no broker']
    if (this.#disk.sessionCount > 0) leftovers.push(`${this.#disk.sessionCount} sessions on disk`)
    if (leftovers.length > 0) throw new Violation(`left over: ${leftovers.join(', ')}`)
    this.broker?.broker.router.checkInvariants()
  }

  #events(): MessageEvents {
    return {
      messageDropped: (clientId, message, reason) => {
        const payload = (message as unknown as { payload: Buffer }).payload.toString()
        this.trace.add('broker', `drops ${payload.slice(0, 12)} for ${clientId}: ${reason}`)
        try {
          this.ledger.dropped(clientId, payload, reason)
        } catch (error) {
          this.scheduler.fail(error)
        }
      },
    }
  }
}
