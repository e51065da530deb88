import { createLogger, type Logger } from '../base/logger.ts'
import type { Store } from '../broker/ports.ts'
import type { Authenticator } from '../channel/ports.ts'
import type { Configuration, ZoneOptions } from '../config/configuration.ts'
import { loadConfiguration, loadConfigurationObject } from '../config/load.ts'
import type { Override } from '../config/overrides.ts'
import type { ConfigurationKeys } from '../config/schema.ts'
import { Daemon, type ListenerAddress } from '../daemon.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { systemClock } from '../system.ts'
import { makeMessage } from '../wire/make-message.ts'
import { ConfigurationError, NotRunningError, RefusedError } from './errors.ts'
import { type BrokerEventListener, type BrokerEventName, brokerEvents, EventHub } from './events.ts'
import type { MessageHandler } from './handler-subscriber.ts'
import { checkRequest, type PublishRequest } from './publish-request.ts'
import { SafeWaiters } from './safe-waiters.ts'
import { HandlerSubscription, type SubscribeOptions, type Subscription } from './subscription.ts'

/** What a program may bring along instead of what the configuration says. */
export interface CreateBrokerOptions {
  /** By default the broker writes to standard output, as `log` says; of an object `warn` is its default level. */
  readonly logger?: Logger
  readonly authenticator?: Authenticator
  /** It is closed when the broker stops. */
  readonly store?: Store
}

/** What became of a published message. */
export interface Published {
  /** Whether anybody was subscribed to its topic. */
  readonly isMatched: boolean
}

/** A broker in this process. */
export class EmbeddedBroker {
  readonly configuration: Configuration
  readonly #options: CreateBrokerOptions
  readonly #subscriptions = new Set<HandlerSubscription>()
  readonly #hub: EventHub
  #state: 'new' | 'starting' | 'running' | 'stopping' | 'stopped' = 'new'
  #log: Logger | undefined
  #daemon: Daemon | undefined
  #waiters: SafeWaiters | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  /** Use `createBroker`. */
  constructor(configuration: Configuration, options: CreateBrokerOptions) {
    this.configuration = configuration
    this.#options = options
    this.#hub = new EventHub((error, event) => {
      this.#log?.error({ err: error, event }, 'a listener of this process has failed')
    })
  }

  /** Where it listens, ports as they really are; empty unless it runs. */
  get addresses(): ListenerAddress[] {
    return this.#state === 'running' ? (this.#daemon?.listeners ?? []) : []
  }

  /** Clients that are connected now. */
  get clientCount(): number {
    return this.#daemon?.broker.sessions.connectedCount ?? 0
  }

  /**
   * Brings back what the store holds and opens the listeners. Once: a broker that has stopped is
   * not started again, a new one is made. Rejects: ListenError, StoreError, NotRunningError.
   */
  start(): Promise<void> {
    if (this.#state === 'stopping' || this.#state === 'stopped') {
      return Promise.reject(new NotRunningError('the broker has stopped; make a new one'))
    }
    this.#starting ??= this.#start()
    return this.#starting
  }

  /**
   * As the daemon stops at SIGTERM: clients are told, wills published, everything written. Called
   * again it waits for the same end; one that was never started has stopped at once.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /**
   * Publishes in the name of this program; no permission is asked for. Resolves when it would be
   * acknowledged to a client: at QoS 1 and 2, and when it is retained, once it is safe; always when
   * the store takes more, so that who awaits it is not faster than the disk. Rejects: TypeError and
   * RangeError for a request that will not do, RefusedError while the store refuses, NotRunningError.
   */
  async publish(request: PublishRequest): Promise<Published> {
    const { expiresInMs, ...checked } = checkRequest(request)
    const { broker } = this.#running()
    const zone = this.configuration.zones.get('default') as ZoneOptions
    const receivedAt = systemClock.now()
    const message = makeMessage({
      ...checked,
      from: '',
      number: ++broker.numbering.last,
      receivedAt,
      expiresAt: receivedAt + expiresInMs,
    })
    if (broker.journal.isRefusing && broker.wouldBeKept(message, zone)) {
      throw new RefusedError(ReasonCode.QuotaExceeded, 'the store fails or is full')
    }
    const receipt = broker.publish(message, zone, receivedAt)
    const batch = message.qos > 0 || message.retain ? receipt.batch : 0
    await this.#waiters?.wait({ ...receipt, batch })
    return { isMatched: receipt.code === ReasonCode.Success }
  }

  /**
   * Calls a handler with every message that matches a filter, `$share/…` included, and first with
   * what is retained. No permission is asked for. Throws: RefusedError for a filter that is none,
   * TypeError, RangeError, NotRunningError.
   */
  subscribe(filter: string, handler: MessageHandler): Subscription
  subscribe(filter: string, options: SubscribeOptions, handler: MessageHandler): Subscription
  subscribe(
    filter: string,
    optionsOrHandler: SubscribeOptions | MessageHandler,
    last?: MessageHandler,
  ): Subscription {
    const isShort = typeof optionsOrHandler === 'function'
    const options = isShort ? {} : optionsOrHandler
    const handler = (isShort ? optionsOrHandler : last) as MessageHandler
    const { broker } = this.#running()
    const log = this.#log as Logger
    const brokerName = this.configuration.node.name
    const parts = { broker, brokerName, clock: systemClock, hub: this.#hub, log }
    const subscription = new HandlerSubscription(parts, filter, options, handler, (ended) =>
      this.#subscriptions.delete(ended),
    )
    this.#subscriptions.add(subscription)
    return subscription
  }

  /** Listens for an event, also before the start. A listener never runs inside of the broker's work. */
  on<Name extends BrokerEventName>(event: Name, listener: BrokerEventListener<Name>): this {
    this.#hub.add(event, listener)
    return this
  }

  off<Name extends BrokerEventName>(event: Name, listener: BrokerEventListener<Name>): this {
    this.#hub.remove(event, listener)
    return this
  }

  /** Disconnects a client (0x98). Answers whether it was connected. */
  disconnect(clientId: string): boolean {
    return this.#running().broker.sessions.kick(clientId)
  }

  async #start(): Promise<void> {
    this.#state = 'starting'
    const { configuration } = this
    const { authenticator, logger, store } = this.#options
    this.#log = logger ?? (await createLogger({ ...configuration.log, isTerminal: false }))
    if (this.#stopping !== undefined) throw stoppedEarly()
    const daemon = new Daemon(configuration, this.#log, {
      events: brokerEvents(this.#hub),
      // Nothing on disk is made for a broker that keeps nothing there.
      control: store === undefined && configuration.store.backend !== 'memory',
      ...(authenticator !== undefined && { authenticator }),
      ...(store !== undefined && { store }),
    })
    this.#daemon = daemon
    this.#waiters = new SafeWaiters(daemon.broker.journal)
    try {
      await daemon.start()
    } catch (error) {
      this.#state = 'stopped'
      throw error
    }
    if (this.#stopping !== undefined) throw stoppedEarly()
    this.#state = 'running'
  }

  async #stop(): Promise<void> {
    this.#state = 'stopping'
    await this.#daemon?.stop()
    await this.#starting?.catch(() => {
      // Whoever called `start` is told.
    })
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    this.#waiters?.end()
    this.#state = 'stopped'
  }

  #running(): Daemon {
    if (this.#state === 'running' && this.#daemon !== undefined) return this.#daemon
    const what = this.#state === 'new' ? 'was not started' : `is ${this.#state}`
    throw new NotRunningError(`the broker ${what}; wanted: one whose start() has resolved`)
  }
}

function stoppedEarly(): NotRunningError {
  return new NotRunningError('the broker was stopped while it started')
}

/**
 * Makes a broker of a configuration: an object in the form of `zone.yaml`, or the path of such a
 * file, for which the environment counts as it does for the daemon. It does nothing until `start`.
 * Throws: ConfigurationError, which names everything that is wrong, certificates and keys included.
 */
export function createBroker(
  configuration: ConfigurationKeys | string = {},
  options: CreateBrokerOptions = {},
): EmbeddedBroker {
  const loaded =
    typeof configuration === 'string'
      ? loadConfiguration(configuration, process.env, [])
      : loadConfigurationObject(configuration, quietly(configuration))
  if ('problems' in loaded) throw new ConfigurationError(loaded.problems)
  const inFiles = loaded.checkFiles()
  if (inFiles.length > 0) throw new ConfigurationError(inFiles)
  return new EmbeddedBroker(loaded.configuration, options)
}

/** A program that did not ask for a log hears what is wrong, and nothing else. */
function quietly(configuration: ConfigurationKeys): Override[] {
  if (configuration?.log?.level !== undefined) return []
  return [{ flag: 'createBroker', path: ['log', 'level'], value: 'warn' }]
}
