import { AccessControl } from '../../src/auth/access-control.ts'
import { openAccess } from '../../src/auth/options.ts'
import { Deadlines } from '../../src/base/deadlines.ts'
import type { Logger } from '../../src/base/logger.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { Broker } from '../../src/broker/broker.ts'
import type { MessageEvents, Store } from '../../src/broker/ports.ts'
import { defaultRetainedOptions } from '../../src/broker/retained.ts'
import { House } from '../../src/listeners/house.ts'
import { defaultListenerOptions } from '../../src/listeners/options.ts'
import { OutputFlusher } from '../../src/listeners/output-flusher.ts'
import { Reception } from '../../src/listeners/reception.ts'
import { OutputPool } from '../../src/wire/output-pool.ts'
import { FaultyStore } from '../support/faulty-store.ts'
import type { Link } from './link.ts'
import type { Scheduler } from './scheduler.ts'
import type { Settings, ZoneName } from './settings.ts'
import type { StoreWeather } from './store-weather.ts'
import { type Trace, Violation } from './trace.ts'

/** What outlives a broker's process, and what it runs in. */
export interface Surroundings {
  readonly scheduler: Scheduler
  readonly random: SeededRandom
  readonly trace: Trace
  readonly settings: Settings
  readonly disk: Store
  readonly storeWeather: StoreWeather
  readonly events: MessageEvents
}

/** What the log line of an ended connection tells. */
interface DisconnectedFields {
  readonly address: string
  readonly by: string
  readonly code: number
}

/** One process of the broker: runs until it crashes, and takes nothing along but the disk. */
export class SimulatedBroker {
  readonly broker: Broker
  readonly deadlines: Deadlines
  readonly receptions = new Map<ZoneName, Reception>()
  readonly #surroundings: Surroundings
  readonly #store: FaultyStore
  readonly #links = new Map<string, Link>()
  #isAlive = true
  #accepted = 0

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
    const { disk, random, scheduler, settings, storeWeather } = surroundings
    this.#store = new FaultyStore(
      disk,
      (commit) => storeWeather.onCommit(commit),
      (answer) => storeWeather.onRead(answer),
    )
    const afterTurn = (work: () => void): void =>
      scheduler.afterTurn(() => {
        if (this.#isAlive) work()
      })
    this.deadlines = new Deadlines(scheduler.clock, (delayMs, wake) => {
      const happening = scheduler.after(delayMs, () => {
        if (this.#isAlive) wake()
      })
      return () => happening.cancel()
    })
    this.broker = new Broker({
      name: 'simulated',
      clock: scheduler.clock,
      deadlines: this.deadlines,
      random: new SeededRandom(random.below(0x1_0000_0000)),
      log: this.#log(),
      afterTurn,
      authenticator: new AccessControl(openAccess(true)),
      store: this.#store,
      journal: settings.journal,
      zones: settings.zones,
      limits: {
        sessionsMax: Number.POSITIVE_INFINITY,
        queuedBytesMax: Number.POSITIVE_INFINITY,
      },
      retainer: defaultRetainedOptions,
      events: surroundings.events,
    })
    const parts = {
      services: this.broker.services,
      numbering: this.broker.numbering,
      flusher: new OutputFlusher(afterTurn),
      pool: new OutputPool(),
      traffic: this.broker.metrics,
    }
    const house = new House(Number.POSITIVE_INFINITY, new Map())
    for (const [name, zone] of settings.zones) {
      const { highWatermark } = settings
      const options = { ...defaultListenerOptions, name, zone: name, highWatermark }
      this.receptions.set(name as ZoneName, new Reception(parts, options, zone, house))
    }
  }

  start(): Promise<void> {
    return this.broker.start()
  }

  accept(link: Link, zone: ZoneName): void {
    const address = `10.0.0.1:${++this.#accepted}`
    this.#links.set(address, link)
    this.receptions.get(zone)?.accept(link, address)
  }

  /** The process ends between two instructions: what is not on the disk is gone. */
  crash(): void {
    this.#isAlive = false
    this.#store.abandon()
    this.deadlines.clear()
    for (const link of this.#links.values()) link.crash()
  }

  /** Throws: Violation or AssertionError, when what always holds does not. */
  check(): void {
    for (const managed of this.broker.sessions.list()) {
      const { owner, session } = managed
      session.checkInvariants()
      if (session.isConnected && owner === undefined) {
        throw new Violation(`${session.clientId} has a connection, and its session no owner`)
      }
    }
    const owned = new Set<object>()
    for (const reception of this.receptions.values()) {
      for (const { channel } of reception.connections) {
        const { session } = channel
        if (session === undefined) continue
        if (owned.has(session)) throw new Violation(`two channels own ${session.clientId}`)
        owned.add(session)
        const managed = this.broker.sessions.lookup(session.clientId)
        if (managed?.session !== session || managed.owner !== channel) {
          throw new Violation(`a channel has the session of ${session.clientId}, which is not its`)
        }
      }
    }
  }

  /** What is left although every client has gone for good; empty when it is nothing. */
  leftovers(): string[] {
    const { router, sessions } = this.broker
    const counts: [what: string, count: number][] = [
      ['sessions', sessions.count],
      ['subscriptions', router.subscriptionCount],
      ['shared subscriptions', router.sharedSubscriptionCount],
      ['filters in the router', router.topicCount],
      ['deadlines besides the sweep', this.deadlines.size - 1],
    ]
    for (const [name, reception] of this.receptions) {
      counts.push([`connections of ${name}`, reception.connections.size])
    }
    return counts.filter(([, count]) => count !== 0).map(([what, count]) => `${count} ${what}`)
  }

  #onDisconnected({ address, by, code }: DisconnectedFields): void {
    const link = this.#links.get(address)
    if (link === undefined || link.ending !== undefined) return
    link.ending = { batch: this.broker.journal.openBatch, isQuiet: by === 'client' && code === 0 }
    link.brokerClosedAt ??= this.#surroundings.scheduler.now
  }

  #log(): Logger {
    const { scheduler, trace } = this.#surroundings
    const write = (level: string) => (fields: object, message: string) => {
      const { clientId, because, err } = fields as Record<string, unknown>
      const about = [clientId, because, err]
        .filter((field) => field !== undefined)
        .map(String)
        .join(', ')
      trace.add('broker', `${level}: ${message} (${about})`)
      if (message === 'client disconnected') this.#onDisconnected(fields as DisconnectedFields)
      if (level === 'error' && !message.startsWith('the store fails')) {
        const stack = err instanceof Error ? err.stack : ''
        scheduler.fail(new Violation(`the broker logged an error: ${message} ${stack}`))
      }
    }
    const silent = (): void => {}
    const log: Logger = {
      trace: silent,
      debug: silent,
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: () => log,
    }
    return log
  }
}
