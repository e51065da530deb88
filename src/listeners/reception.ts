import type { Admission } from '../channel/channel.ts'
import { isSameRate } from '../channel/options.ts'
import type { Peer, Services, Zone } from '../channel/ports.ts'
import { TokenBucket } from '../channel/token-bucket.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { ByteStream, StreamReceiver } from './byte-stream.ts'
import { Connection, type ConnectionHost, type ConnectionParts } from './connection.ts'
import type { House } from './house.ts'
import type { ListenerOptions } from './options.ts'

/** A stream that a listener has accepted; it says nothing before `attach`. */
export interface AcceptedStream extends ByteStream {
  attach(receiver: StreamReceiver): void
}

/** Connections over a limit that are still told so (0x89) instead of being cut off. */
const politeRefusalsMax = 64
const complainEveryMs = 10_000

/**
 * Where a listener's accepted streams become connections: counts them, for the listener, its zone
 * and the process, and refuses what is too much.
 */
export class Reception implements ConnectionHost {
  readonly connections = new Set<Connection>()
  readonly #parts: ConnectionParts
  #options: ListenerOptions
  readonly #house: House
  #admission: Admission
  #rate: TokenBucket | undefined
  #inside = 0
  #refused = 0
  #complainedAt = Number.NEGATIVE_INFINITY

  constructor(parts: ConnectionParts, options: ListenerOptions, zone: Zone, house: House) {
    this.#parts = parts
    this.#options = options
    this.#house = house
    this.#admission = { zone, protocolVersions: options.protocolVersions, refuse: undefined }
    const rate = options.connectionRate
    this.#rate = rate && new TokenBucket(rate.count, rate.perMs, parts.services.clock.now())
  }

  get services(): Services {
    return this.#parts.services
  }

  get listener(): string {
    return this.#options.name
  }

  get options(): ListenerOptions {
    return this.#options
  }

  get zone(): Zone {
    return this.#admission.zone
  }

  /** Other options, or another zone, for connections to come. */
  configure(options: ListenerOptions, zone: Zone): void {
    const rate = options.connectionRate
    if (!isSameRate(rate, this.#options.connectionRate)) {
      this.#rate = rate && new TokenBucket(rate.count, rate.perMs, this.#parts.services.clock.now())
    }
    this.#options = options
    this.#admission = { zone, protocolVersions: options.protocolVersions, refuse: undefined }
  }

  /** Takes a stream in; one that is too much is told so or, when there are many of them, cut off. */
  accept(stream: AcceptedStream, address: string): void {
    const admission = this.admit()
    if (admission === undefined) return stream.destroy()
    this.welcome(stream, { address, listener: this.#options.name }, admission)
  }

  /**
   * Gives a network connection its place, from the moment the system accepted it. One that is too
   * much is to be told so; undefined when there are many of them: it is to be cut off. The place is
   * given on to `welcome`, or back to `leave`.
   */
  admit(): Admission | undefined {
    const refuse = this.#tooMuch()
    if (refuse === undefined) {
      this.#inside++
      this.#house.enter(this.#admission.zone.name)
      return this.#admission
    }
    if (this.#refused >= politeRefusalsMax) return undefined
    this.#refused++
    return { ...this.#admission, refuse }
  }

  /** Takes a place back. */
  leave(admission: Admission): void {
    if (admission.refuse !== undefined) {
      this.#refused--
      return
    }
    this.#inside--
    this.#house.leave(admission.zone.name)
  }

  /** From here on the stream is for MQTT. */
  welcome(stream: AcceptedStream, peer: Peer, admission: Admission): void {
    const { highWatermark } = this.#options
    const connection = new Connection(this.#parts, this, stream, peer, admission, highWatermark)
    this.connections.add(connection)
    stream.attach(connection)
  }

  /** The system could not accept a connection; others go on. */
  acceptFailed(error: NodeJS.ErrnoException): void {
    this.#complain(ReasonCode.ServerBusy, `a limit of the system (${error.code ?? error.message})`)
  }

  onClosed(connection: Connection): void {
    this.connections.delete(connection)
    this.leave(connection.channel.admission)
  }

  #tooMuch(): Refusal | undefined {
    if (this.#inside >= this.#options.connectionsMax) {
      return this.#complain(ReasonCode.ServerBusy, 'max_connections of the listener')
    }
    const { name } = this.#admission.zone
    const limit = this.#house.limitReached(name)
    if (limit !== undefined) return this.#complain(ReasonCode.ServerBusy, limit)
    const now = this.#parts.services.clock.now()
    if (this.#rate?.takeOne(now) === false) {
      return this.#complain(ReasonCode.ConnectionRateExceeded, 'max_conn_rate of the listener')
    }
    if (this.#house.admits(name, now)) return undefined
    return this.#complain(ReasonCode.ConnectionRateExceeded, `max_conn_rate of zone ${name}`)
  }

  #complain(code: ReasonCode, limit: string): Refusal {
    const { clock, log } = this.#parts.services
    const now = clock.now()
    if (now - this.#complainedAt >= complainEveryMs) {
      this.#complainedAt = now
      const fields = { listener: this.#options.name, connections: this.connections.size }
      log.warn(fields, `connections are refused: ${limit} is reached`)
    }
    return new Refusal(code, `${limit} is reached`)
  }
}
