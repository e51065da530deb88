import { join } from 'node:path'
import type { Administered, ReloadChange, Reloaded } from './admin/ports.ts'
import { FileProblems } from './auth/file-problem.ts'
import { Deadlines } from './base/deadlines.ts'
import type { Logger } from './base/logger.ts'
import { Broker, type BrokerEvents } from './broker/broker.ts'
import { defaultJournalOptions } from './broker/journal.ts'
import type { Store } from './broker/ports.ts'
import type { Authenticator } from './channel/ports.ts'
import { chosenStore } from './chosen-store.ts'
import type { Configuration } from './config/configuration.ts'
import { formatProblem } from './config/problem.ts'
import { ControlServer } from './control/server.ts'
import { controlRequests } from './control-requests.ts'
import type { ConnectionParts } from './listeners/connection.ts'
import { connectionsByFileLimit } from './listeners/file-limit.ts'
import { House } from './listeners/house.ts'
import type { Listener } from './listeners/listener.ts'
import type { ListenerOptions } from './listeners/options.ts'
import { OutputFlusher } from './listeners/output-flusher.ts'
import { Reception } from './listeners/reception.ts'
import { listenTcp } from './listeners/tcp.ts'
import { listenTls } from './listeners/tls.ts'
import { listenWebSocket } from './listeners/websocket.ts'
import { ReasonCode } from './mqtt/reason-code.ts'
import { administeredOf, type Operator } from './running/administered.ts'
import { cancellableDelay } from './running/cancellable-delay.ts'
import type { ListenerHost } from './running/listener-changes.ts'
import { LiveSettings } from './running/live-settings.ts'
import { applyConfiguration, effective } from './running/reload.ts'
import { reviewClients } from './running/review-clients.ts'
import { Sys } from './running/sys.ts'
import { SocketInUse } from './socket-file.ts'
import { StoreInUse } from './store/errors.ts'
import { systemClock, systemRandom, systemWake } from './system.ts'
import { OutputPool } from './wire/output-pool.ts'

/** What a program that embeds the broker may bring along. */
export interface DaemonExtras {
  readonly authenticator?: Authenticator
  readonly events?: BrokerEvents
  /** In place of the one that the configuration names; it is closed when the broker stops. */
  readonly store?: Store
  /** What commands may change in this process. */
  readonly operator?: Operator
  /** False for no control socket in `node.data_dir`. */
  readonly control?: boolean
}

/** Where one listener listens; the port is the real one. */
export interface ListenerAddress {
  readonly name: string
  readonly type: string
  readonly address: string
  readonly port: number
}

/** Milliseconds that a store may take to close, however short `shutdown.timeout` is. */
const storeCloseMsMin = 3000

/**
 * A running broker: its parts, put together from a configuration. They start in the order in which
 * they stand here and stop in reverse.
 */
export class Daemon {
  readonly broker: Broker
  #configuration: Configuration
  readonly #live: LiveSettings
  readonly #log: Logger
  readonly #deadlines: Deadlines
  readonly #store: Store
  readonly #operator: Operator | undefined
  readonly #connectionParts: ConnectionParts
  readonly #house: House
  readonly #listeners: Listener[] = []
  /** Taken out of the configuration while clients of theirs were there. */
  readonly #retired = new Set<Listener>()
  readonly #sys: Sys
  readonly #hasControl: boolean
  #control: ControlServer | undefined
  #stopping: Promise<void> | undefined
  #reloading: Promise<unknown> = Promise.resolve()

  /** Reads the password and rule files. Throws: FileProblems. */
  constructor(configuration: Configuration, log: Logger, extras: DaemonExtras = {}) {
    const { node, store, zones } = configuration
    this.#configuration = configuration
    this.#log = log
    this.#operator = extras.operator
    this.#live = new LiveSettings(configuration, extras.authenticator)
    this.#hasControl = extras.control ?? true
    this.#deadlines = new Deadlines(systemClock, systemWake)
    this.#store = extras.store ?? chosenStore(configuration, log)
    this.broker = new Broker({
      clock: systemClock,
      deadlines: this.#deadlines,
      random: systemRandom,
      log,
      afterTurn: setImmediate,
      authenticator: this.#live.authenticator,
      store: this.#store,
      journal: {
        ...defaultJournalOptions,
        commitIntervalMs: store.commitIntervalMs,
        asyncIntervalMs: store.asyncIntervalMs,
        refusesOnFailure: store.onFailure === 'reject',
      },
      zones,
      limits: this.#live.limits,
      retainer: this.#live.retainer,
      name: node.name,
      ...(extras.events !== undefined && { events: extras.events }),
    })
    this.#connectionParts = {
      services: this.broker.services,
      numbering: this.broker.numbering,
      flusher: new OutputFlusher(setImmediate),
      pool: new OutputPool(),
      traffic: this.broker.metrics,
    }
    this.#house = new House(connectionsByFileLimit(!this.#store.isVolatile), zones)
    this.#sys = new Sys({
      broker: this.broker,
      deadlines: this.#deadlines,
      house: this.#house,
      configuration: () => this.#configuration,
    })
  }

  get listeners(): ListenerAddress[] {
    return this.#listeners.map(({ options, address, port }) => ({
      name: options.name,
      type: options.type,
      address,
      port,
    }))
  }

  /** Network connections, CONNECT or not. */
  get connectionCount(): number {
    return this.#house.connections
  }

  /**
   * Brings back what the store holds, then opens the control socket and the listeners. When
   * something fails, everything is closed again. Throws: ListenError, or what the store rejects
   * with, which is also what is said when another broker has the folder.
   */
  async start(): Promise<void> {
    try {
      await this.broker.start()
      this.#sys.follow()
      await this.#openControl()
      this.#live.access?.warmUp()
      for (const options of this.#configuration.listeners) await this.#open(options)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /**
   * Accepts no more, lets what was received be answered, tells MQTT 5 clients that we go (0x8B),
   * and waits until they have read it and their wills are safe, no longer than `shutdown.timeout`;
   * then those that are left are cut off, and the store has as long again to close, 3 s at least.
   * Called again it waits for the same end.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /**
   * Reads the certificates and lists of all listeners again, for connections to come; the others go
   * on. Where something is wrong with them, a listener keeps what it had, and the log says so.
   */
  reloadCertificates(): void {
    for (const { tls } of this.#listeners) tls?.reload()
  }

  /**
   * Reads the configuration anew and applies it; says so in the log, as it does of everything that
   * is wrong with it, which then changes nothing. Certificates are read again as well.
   */
  async reloadFile(): Promise<Reloaded> {
    const loaded = this.#operator?.load?.()
    if (loaded === undefined) return { changes: [] }
    if ('configuration' in loaded) {
      try {
        const changes = await this.reload(loaded.configuration)
        this.reloadCertificates()
        return { changes }
      } catch (error) {
        if (!(error instanceof FileProblems)) throw error
        return this.#refuseReload(error.message.split('\n'))
      }
    }
    return this.#refuseReload(loaded.problems.map((problem) => formatProblem(problem)))
  }

  #refuseReload(problems: string[]): Reloaded {
    this.#log.error({ problems }, 'the configuration is wrong: nothing was changed')
    return { problems }
  }

  /**
   * Applies another configuration as far as it can while the broker runs. What its password and rule
   * files say holds at once, also for connected clients: who may not stay is disconnected (0x87), and
   * subscriptions that are not allowed any more end; nobody else notices. Answers what became of each
   * setting that is another one. Reloads follow one another. Rejects: FileProblems, and nothing has
   * changed.
   */
  reload(configuration: Configuration): Promise<ReloadChange[]> {
    const changes = this.#reloading.then(() => this.#reload(configuration))
    this.#reloading = changes.catch(() => {})
    return changes
  }

  async #reload(after: Configuration): Promise<ReloadChange[]> {
    if (this.#stopping !== undefined) return []
    this.#live.access?.reload(after.access)
    const before = this.#configuration
    this.#configuration = effective(before, after)
    if (this.#operator !== undefined) this.#operator.log.level = after.log.level
    if (after.sys.intervalMs !== before.sys.intervalMs) this.#sys.follow()
    const parts = {
      broker: this.broker,
      live: this.#live,
      house: this.#house,
      log: this.#log,
      listenerHost: this.#listenerHost(),
    }
    const changes = await applyConfiguration(parts, before, after)
    if (this.#live.access !== undefined) await reviewClients(this.#connections(), this.#log)
    return changes
  }

  #listenerHost(): ListenerHost {
    return {
      listeners: this.#listeners,
      zones: this.#configuration.zones,
      listen: async (options, reception) => {
        const listener = await this.#listen(options, reception)
        if (this.#stopping === undefined) this.#tellListening(listener)
        else listener.stopAccepting()
        return listener
      },
      retire: (listener) => this.#retired.add(listener),
    }
  }

  #retiredListeners(): Listener[] {
    for (const listener of this.#retired) {
      if (listener.reception.connections.size === 0) this.#retired.delete(listener)
    }
    return [...this.#retired]
  }

  /** A broker that keeps nothing, or cannot have a socket where it should be, does without. */
  async #openControl(): Promise<void> {
    if (this.#stopping !== undefined || !this.#hasControl) return
    const { node, store } = this.#configuration
    const path = join(node.dataDir, 'control.sock')
    const requests = controlRequests(this.#configuration, this.#store, this.#administered())
    try {
      this.#control = await ControlServer.open(path, requests, this.#log)
      if (this.#stopping !== undefined) await this.#control.close()
    } catch (error) {
      if (error instanceof SocketInUse && store.backend !== 'memory') {
        throw new StoreInUse(`${error.message}; stop it, or give this one another node.data_dir`)
      }
      this.#log.warn({ err: error }, 'no control socket: commands do not reach this broker')
    }
  }

  #administered(): Administered {
    return administeredOf({
      broker: this.broker,
      operator: this.#operator,
      configuration: () => this.#configuration,
      connectionCount: () => this.#house.connections,
      listeners: () => this.#listeners,
      retired: () => this.#retiredListeners(),
      reload: () => this.reloadFile(),
    })
  }

  async #open(options: ListenerOptions): Promise<void> {
    if (this.#stopping !== undefined) return
    const listener = await this.#listen(options)
    this.#listeners.push(listener)
    if (this.#stopping !== undefined) return listener.stopAccepting()
    this.#tellListening(listener)
  }

  #tellListening({ address, options, port }: Listener): void {
    const { name, type, zone } = options
    this.#log.info({ listener: name, type, address, port, zone }, 'listening')
  }

  #listen(options: ListenerOptions, known?: Reception): Promise<Listener> {
    const zone = this.#configuration.zones.get(options.zone)
    if (zone === undefined)
      throw new Error(`listener ${options.name}: there is no zone ${options.zone}`)
    const reception = known ?? new Reception(this.#connectionParts, options, zone, this.#house)
    if (options.type === 'tcp') return listenTcp(options, reception)
    if (options.type === 'tls') return listenTls(options, reception)
    return listenWebSocket(options, reception, zone.channel)
  }

  async #stop(): Promise<void> {
    for (const listener of this.#listeners) listener.stopAccepting()
    const timeout = cancellableDelay(this.#configuration.shutdown.timeoutMs)
    const unasked = this.#control?.close()
    // Listeners that it opens anew, with their connections, are back afterwards.
    await Promise.race([this.#reloading, timeout.elapsed])
    this.#sys.stop()
    const { journal } = this.broker
    await Promise.race([journal.flush(), timeout.elapsed])
    this.broker.sessions.publishWills()
    const connections = this.#connections()
    for (const { channel } of connections) {
      channel.disconnect(ReasonCode.ServerShuttingDown, 'the broker shuts down')
    }
    const closed = connections.map((connection) => connection.closed())
    await Promise.race([Promise.all([journal.flush(), unasked, ...closed]), timeout.elapsed])
    timeout.cancel()
    await this.#cutOff()
    this.#deadlines.clear()
    await this.#live.access?.close()
    await this.#closeStore()
  }

  /** One that does not close holds nobody up for ever: what was acknowledged is safe in it. */
  async #closeStore(): Promise<void> {
    const timeoutMs = Math.max(storeCloseMsMin, this.#configuration.shutdown.timeoutMs)
    const timeout = cancellableDelay(timeoutMs)
    const isClosed = await Promise.race([
      this.#store.close().then(() => true),
      timeout.elapsed.then(() => false),
    ])
    timeout.cancel()
    if (isClosed) return this.#tellStore()
    this.#log.error(
      { timeoutMs },
      'the store does not close; the next start recovers what is in it',
    )
  }

  /** What was written, for those who wonder what their disk has to do. */
  #tellStore(): void {
    if (this.#store.isVolatile || this.#listeners.length === 0) return
    const { batchRecords, commitMs, elided, failures, pagesRead, records } =
      this.broker.journal.meter
    const fields = {
      batches: batchRecords.count,
      records,
      elided,
      pagesRead,
      failures,
      commitMsMedian: commitMs.quantile(0.5),
      commitMsMax: Math.round(commitMs.max),
    }
    this.#log.info(fields, 'store closed')
  }

  async #cutOff(): Promise<void> {
    const connections = this.#connections()
    if (connections.length === 0) return
    const { timeoutMs } = this.#configuration.shutdown
    const fields = { connections: connections.length, timeoutMs }
    this.#log.warn(fields, 'connections cut off: shutdown.timeout passed')
    for (const connection of connections) connection.destroy()
    await Promise.all(connections.map((connection) => connection.closed()))
  }

  #connections() {
    return [...this.#listeners, ...this.#retired].flatMap(({ reception }) => [
      ...reception.connections,
    ])
  }
}

/** Starts a broker. Throws: FileProblems, ListenError, StoreError. */
export async function startDaemon(
  configuration: Configuration,
  log: Logger,
  extras?: DaemonExtras,
): Promise<Daemon> {
  const daemon = new Daemon(configuration, log, extras)
  await daemon.start()
  return daemon
}
