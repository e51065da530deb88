import { join } from 'node:path'
import type { ListenerEntry } from './admin/listeners.ts'
import { plainNumber } from './admin/plain.ts'
import type { Administered } from './admin/ports.ts'
import { SysTree } from './admin/sys-tree.ts'
import { AnonymousAuthenticator } from './auth/anonymous.ts'
import { Deadlines } from './base/deadlines.ts'
import type { Logger, LogLevel } from './base/logger.ts'
import { Broker } from './broker/broker.ts'
import { defaultJournalOptions } from './broker/journal.ts'
import type { MessageEvents, SessionEvents, Store } from './broker/ports.ts'
import type { Authenticator } from './channel/ports.ts'
import { chosenStore, queuedBytesMax } from './chosen-store.ts'
import type { Configuration, ZoneOptions } from './config/configuration.ts'
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
import { SocketInUse } from './socket-file.ts'
import { StoreInUse } from './store/errors.ts'
import { systemClock, systemRandom, systemWake } from './system.ts'
import { readVersion } from './version.ts'
import { OutputPool } from './wire/output-pool.ts'
import { makeOwnMessage } from './wire/own-message.ts'

/** What a program that embeds the broker may bring along. */
export interface DaemonExtras {
  readonly authenticator?: Authenticator
  readonly events?: SessionEvents & MessageEvents
  /** In place of the one that the configuration names; it is closed when the broker stops. */
  readonly store?: Store
  /** What commands may change in this process. */
  readonly operator?: Operator
}

/** What belongs to the program that runs the broker, and its operators may use. */
export interface Operator {
  readonly log: { level: LogLevel }
}

/** Where one listener listens; the port is the real one. */
export interface ListenerAddress {
  readonly name: string
  readonly type: string
  readonly address: string
  readonly port: number
}

/**
 * A running broker: its parts, put together from a configuration. They start in the order in which
 * they stand here and stop in reverse.
 */
export class Daemon {
  readonly broker: Broker
  readonly #configuration: Configuration
  readonly #log: Logger
  readonly #deadlines: Deadlines
  readonly #store: Store
  readonly #operator: Operator | undefined
  readonly #startedAtWallMs = systemClock.wallMs()
  readonly #connectionParts: ConnectionParts
  readonly #house: House
  readonly #listeners: Listener[] = []
  readonly #sys: SysTree | undefined
  #control: ControlServer | undefined
  #stopping: Promise<void> | undefined

  constructor(configuration: Configuration, log: Logger, extras: DaemonExtras = {}) {
    const { auth, limits, node, retainer, store, zones } = configuration
    this.#configuration = configuration
    this.#log = log
    this.#operator = extras.operator
    this.#deadlines = new Deadlines(systemClock, systemWake)
    this.#store = extras.store ?? chosenStore(configuration, log)
    this.broker = new Broker({
      clock: systemClock,
      deadlines: this.#deadlines,
      random: systemRandom,
      log,
      afterTurn: setImmediate,
      authenticator: extras.authenticator ?? new AnonymousAuthenticator(auth.allowAnonymous),
      store: this.#store,
      journal: {
        ...defaultJournalOptions,
        commitIntervalMs: store.commitIntervalMs,
        asyncIntervalMs: store.asyncIntervalMs,
        refusesOnFailure: store.onFailure === 'reject',
      },
      zones,
      limits: {
        sessionsMax: limits.sessionsMax,
        queuedBytesMax: queuedBytesMax(configuration),
      },
      retainer: {
        messagesMax: retainer.retainedMessagesMax,
        payloadBytesMax: retainer.payloadSizeMax,
        expiryMs: retainer.messageExpiryIntervalMs,
      },
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
    if (configuration.sys.intervalMs > 0) this.#sys = this.#newSysTree()
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
      this.#sys?.start()
      await this.#openControl()
      for (const options of this.#configuration.listeners) await this.#open(options)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /**
   * Accepts no more, lets what was received be answered, tells MQTT 5 clients that we go (0x8B),
   * and waits until they have read it and their wills are safe, no longer than `shutdown.timeout`;
   * then those that are left are cut off. Called again it waits for the same end.
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

  /** A broker that keeps nothing, or cannot have a socket where it should be, does without. */
  async #openControl(): Promise<void> {
    if (this.#stopping !== undefined) return
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
    return {
      broker: this.broker,
      clock: systemClock,
      process: () => ({
        version: readVersion(),
        node: this.#configuration.node.name,
        pid: process.pid,
        startedAtWallMs: this.#startedAtWallMs,
        rssBytes: process.memoryUsage.rss(),
        connections: this.#house.connections,
        logLevel: this.#operator?.log.level ?? this.#configuration.log.level,
        storeBackend: this.#configuration.store.backend,
      }),
      listeners: () => this.#listeners.map((listener) => listenerEntry(listener)),
      log: this.#operator?.log,
      reload: undefined,
    }
  }

  #newSysTree(): SysTree {
    const { broker } = this
    const { sys, zones } = this.#configuration
    const zone = zones.get('default') as ZoneOptions
    return new SysTree({
      broker,
      clock: systemClock,
      deadlines: this.#deadlines,
      version: readVersion(),
      intervalMs: sys.intervalMs,
      figures: () => ({
        sockets: this.#house.connections,
        socketsOpened: this.#house.entered,
        rssBytes: process.memoryUsage.rss(),
      }),
      publish: (topic, text) => {
        const number = ++broker.numbering.last
        const receivedAt = systemClock.now()
        const payload = Buffer.from(text)
        const own = { topic, payload, qos: 2, retain: true, from: '', number, receivedAt } as const
        broker.announce(makeOwnMessage(own), zone)
      },
    })
  }

  async #open(options: ListenerOptions): Promise<void> {
    if (this.#stopping !== undefined) return
    const listener = await this.#listen(options)
    this.#listeners.push(listener)
    if (this.#stopping !== undefined) return listener.stopAccepting()
    const { address, port } = listener
    const { name, type, zone } = options
    this.#log.info({ listener: name, type, address, port, zone }, 'listening')
  }

  #listen(options: ListenerOptions): Promise<Listener> {
    const zone = this.#configuration.zones.get(options.zone)
    if (zone === undefined)
      throw new Error(`listener ${options.name}: there is no zone ${options.zone}`)
    const reception = new Reception(this.#connectionParts, options, zone, this.#house)
    if (options.type === 'tcp') return listenTcp(options, reception)
    if (options.type === 'tls') return listenTls(options, reception)
    return listenWebSocket(options, reception, zone.channel)
  }

  async #stop(): Promise<void> {
    for (const listener of this.#listeners) listener.stopAccepting()
    const timeout = cancellableDelay(this.#configuration.shutdown.timeoutMs)
    const unasked = this.#control?.close()
    this.#sys?.stop()
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
    await this.#store.close()
    this.#tellStore()
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
    return this.#listeners.flatMap((listener) => [...listener.reception.connections])
  }
}

function listenerEntry({ address, options, port, reception }: Listener): ListenerEntry {
  return {
    name: options.name,
    type: options.type,
    address,
    port,
    zone: options.zone,
    state: 'listening',
    connections: reception.connections.size,
    max_connections: plainNumber(options.connectionsMax),
  }
}

/** Starts a broker. Throws: ListenError. */
export async function startDaemon(
  configuration: Configuration,
  log: Logger,
  extras?: DaemonExtras,
): Promise<Daemon> {
  const daemon = new Daemon(configuration, log, extras)
  await daemon.start()
  return daemon
}

function cancellableDelay(delayMs: number): { elapsed: Promise<void>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, delayMs)
  })
  return { elapsed, cancel: () => clearTimeout(timer) }
}
