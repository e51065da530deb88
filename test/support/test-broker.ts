import { Duplex } from 'node:stream'
import { inject } from 'vitest'
import { AccessControl } from '../../src/auth/access-control.ts'
import { openAccess } from '../../src/auth/options.ts'
import type { Logger } from '../../src/base/logger.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { Broker } from '../../src/broker/broker.ts'
import { defaultJournalOptions, type JournalOptions } from '../../src/broker/journal.ts'
import type { MessageEvents, SessionEvents, Store } from '../../src/broker/ports.ts'
import { defaultRetainedOptions, type RetainedOptions } from '../../src/broker/retained.ts'
import { type ChannelOptions, defaultChannelOptions } from '../../src/channel/options.ts'
import type { Authenticator, Zone } from '../../src/channel/ports.ts'
import type { StreamReceiver } from '../../src/listeners/byte-stream.ts'
import { House, type ZoneLimits } from '../../src/listeners/house.ts'
import { defaultListenerOptions, type ListenerOptions } from '../../src/listeners/options.ts'
import { OutputFlusher } from '../../src/listeners/output-flusher.ts'
import type { AcceptedStream } from '../../src/listeners/reception.ts'
import { Reception } from '../../src/listeners/reception.ts'
import { defaultSessionOptions, type SessionOptions } from '../../src/session/options.ts'
import { VolatileStore } from '../../src/store/memory/volatile-store.ts'
import { OutputPool } from '../../src/wire/output-pool.ts'
import { type ConnectOptions, RawClient, type Version } from './raw-client.ts'
import { SlowStore } from './slow-store.ts'
import { VirtualTime } from './virtual-time.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Set by `vitest.config.ts`. */
    store?: 'durable'
  }
}

/** What a test wants otherwise than by default. */
export interface TestBrokerWish {
  readonly channel?: Partial<ChannelOptions>
  readonly session?: Partial<SessionOptions>
  readonly listener?: Partial<ListenerOptions>
  /** What the zone `default` takes. */
  readonly zoneLimits?: ZoneLimits
  readonly retainer?: Partial<RetainedOptions>
  readonly limits?: { readonly sessionsMax?: number; readonly queuedBytesMax?: number }
  readonly authenticator?: Authenticator
  readonly events?: SessionEvents & MessageEvents
  readonly store?: Store
  readonly journal?: Partial<JournalOptions>
  readonly seed?: number
}

/** A line that the broker logged. */
export interface Logged {
  readonly level: string
  readonly fields: Record<string, unknown>
  readonly message: string
}

/**
 * The whole broker in this process, from the connection inwards, on virtual time: its clients are
 * streams in memory. Everything above the socket is what the daemon runs.
 */
export class TestBroker {
  readonly time = new VirtualTime()
  readonly logged: Logged[] = []
  readonly zone: Zone
  readonly broker: Broker
  readonly reception: Reception
  #clients = 0

  constructor(wish: TestBrokerWish = {}) {
    this.zone = {
      name: 'default',
      channel: { ...defaultChannelOptions, ...wish.channel },
      session: { ...defaultSessionOptions, ...wish.session },
    }
    const { afterTurn, clock, deadlines } = this.time
    this.broker = new Broker({
      name: 'test',
      clock,
      deadlines,
      random: new SeededRandom(wish.seed ?? 1),
      log: this.#log(),
      afterTurn,
      authenticator: wish.authenticator ?? new AccessControl(openAccess(true)),
      store: wish.store ?? storeOfSuite(),
      // Time stands still here: a batch starts as soon as the one before it is safe.
      journal: { ...defaultJournalOptions, commitIntervalMs: 0, ...wish.journal },
      zones: new Map([['default', this.zone]]),
      limits: {
        sessionsMax: Number.POSITIVE_INFINITY,
        queuedBytesMax: Number.POSITIVE_INFINITY,
        ...wish.limits,
      },
      retainer: { ...defaultRetainedOptions, ...wish.retainer },
      ...(wish.events !== undefined && { events: wish.events }),
    })
    const parts = {
      services: this.broker.services,
      numbering: this.broker.numbering,
      flusher: new OutputFlusher(afterTurn),
      pool: new OutputPool(),
      traffic: this.broker.metrics,
    }
    const limits = wish.zoneLimits === undefined ? [] : [['default', wish.zoneLimits] as const]
    const house = new House(Number.POSITIVE_INFINITY, new Map(limits))
    const options = { ...defaultListenerOptions, ...wish.listener }
    this.reception = new Reception(parts, options, this.zone, house)
  }

  /** A connection without CONNECT. `write` what it sends, then `await time.settle()`. */
  open(version: Version = 5): RawClient {
    const [mine, its] = pipe()
    this.reception.accept(its, `10.0.0.1:${++this.#clients}`)
    return new RawClient(mine, version)
  }

  /** A connected client; fails when CONNACK says no. */
  async connect(options: ConnectOptions = {}): Promise<RawClient> {
    const client = this.open(options.version ?? 5)
    const connack = await client.handshake(options)
    const code = connack.reasonCode ?? connack.returnCode ?? 0
    if (code !== 0) throw new Error(`refused with 0x${code.toString(16)}`)
    return client
  }

  /** Lets everything that is under way arrive. */
  settle(): Promise<void> {
    return this.time.settle()
  }

  #log(): Logger {
    const write = (level: string) => (fields: object, message: string) => {
      this.logged.push({ level, fields: fields as Record<string, unknown>, message })
    }
    const log: Logger = {
      trace: write('trace'),
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: () => log,
    }
    return log
  }
}

/** What the suite runs over: conformance tests run twice, without a store and with one. */
function storeOfSuite(): Store {
  return inject('store') === 'durable' ? new SlowStore() : new VolatileStore()
}

/** Two ends of a connection in memory: a stream for the client, one for the broker. */
export function pipe(): [Duplex, PipeEnd] {
  const its = new PipeEnd()
  const mine = new Duplex({
    read: () => its.resumeSending(),
    write: (chunk: Buffer, _encoding, done) => its.receive(chunk, done),
    final: (done) => {
      its.closeByPeer()
      done()
    },
    destroy: (error, done) => {
      its.closeByPeer()
      done(error)
    },
  })
  its.peer = mine
  return [mine, its]
}

/** The broker's end: takes what the client reads no faster than it reads. */
export class PipeEnd implements AcceptedStream {
  peer: Duplex | undefined
  #receiver: StreamReceiver | undefined
  #isPaused = false
  #isClosed = false
  #inbound: { chunk: Buffer; done: () => void }[] = []
  #outbound: Buffer[] = []
  #isBlocked = false

  attach(receiver: StreamReceiver): void {
    this.#receiver = receiver
    this.resume()
  }

  get writableLength(): number {
    let length = 0
    for (const bytes of this.#outbound) length += bytes.length
    return length
  }

  write(ranges: readonly Buffer[]): void {
    for (const range of ranges) this.#outbound.push(Buffer.from(range))
    this.#send()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    while (!this.#isPaused && this.#inbound.length > 0) {
      const next = this.#inbound.shift()
      this.#receiver?.onData(next?.chunk ?? Buffer.alloc(0))
      next?.done()
    }
  }

  end(): void {
    this.#isEnding = true
    this.#send()
  }

  #isEnding = false

  destroy(): void {
    this.#outbound = []
    this.peer?.push(null)
    this.closeByPeer()
  }

  receive(chunk: Buffer, done: () => void): void {
    if (this.#isClosed) return done()
    this.#inbound.push({ chunk: Buffer.from(chunk), done })
    if (!this.#isPaused && this.#receiver !== undefined) this.resume()
  }

  /** The client reads again. */
  resumeSending(): void {
    if (!this.#isBlocked) return
    this.#isBlocked = false
    this.#send()
    if (this.#outbound.length === 0) this.#receiver?.onDrain()
  }

  closeByPeer(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const { done } of this.#inbound.splice(0)) done()
    this.#receiver?.onClose(undefined)
  }

  #send(): void {
    while (!this.#isBlocked && this.#outbound.length > 0) {
      const bytes = this.#outbound.shift()
      if (this.peer?.push(bytes) === false) this.#isBlocked = true
    }
    if (!this.#isEnding || this.#outbound.length > 0 || this.#isClosed) return
    this.peer?.push(null)
    this.closeByPeer()
  }
}
