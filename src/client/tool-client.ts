import type { AckType } from '../mqtt/packets.ts'
import { reasonName } from '../mqtt/reason-code.ts'
import { type ConnectOptions, encodeConnect } from './connect.ts'
import { Connection, type ConnectionOwner, type ServerAddress } from './connection.ts'
import type { ClientVersion } from './fields.ts'
import { OutputBuffer } from './output-buffer.ts'
import { PendingReplies, replyMsMax } from './pending-replies.ts'
import type { ServerPacketHandler } from './ports.ts'
import type { PublishTemplate } from './publish-template.ts'
import { Reply, ServerError } from './reply.ts'
import {
  encodeDisconnect,
  encodeSubscribe,
  encodeUnsubscribe,
  type FilterOptions,
  pingreq,
} from './requests.ts'
import { PacketScanner } from './scanner.ts'
import type { Turn, TurnWork } from './turn.ts'

/** What CONNACK said of an accepted connection. */
export interface Connack {
  readonly sessionPresent: boolean
  /** QoS 1 and 2 messages that we may leave unfinished. */
  readonly receiveMaximum: number
}

/**
 * A raw client for tools: what a subclass does not override is not done, and nothing is
 * acknowledged by itself. Output is written once a turn. It may connect again when it is closed.
 *
 * Invariants: 1. `#connection` is there from `connect` until `closed` resolves. 2. Every promise it
 * gave is settled by then.
 */
export class ToolClient implements ServerPacketHandler, ConnectionOwner, TurnWork {
  readonly #turn: Turn
  readonly #output = new OutputBuffer()
  #version: ClientVersion = 5
  #state: 'closed' | 'connecting' | 'ready' | 'closing' = 'closed'
  #connection: Connection | undefined
  #scanner: PacketScanner | undefined
  #connack: Reply<Connack> | undefined
  readonly #requests = new PendingReplies()
  #hasAsked = false
  #hello: Buffer | undefined
  #resolveClosed: (because: string | undefined) => void = () => undefined
  /** Resolves when the connection is gone, with the failure if there was one. */
  closed: Promise<string | undefined> = Promise.resolve(undefined)

  constructor(turn: Turn) {
    this.#turn = turn
  }

  /** Whether more may be sent now: accepted, and the socket holds nothing. `onDrain` tells of it. */
  get writable(): boolean {
    return this.#state === 'ready' && this.#connection?.writable === true
  }

  /** Connects, and waits for CONNACK. Rejects: ServerError when it is refused or does not come. */
  connect(address: ServerAddress, options: ConnectOptions): Promise<Connack> {
    this.#version = options.version
    this.#state = 'connecting'
    this.#output.abandon()
    this.#hello = encodeConnect(options)
    this.#connack = new Reply('CONNACK', replyMsMax)
    this.#scanner = new PacketScanner(this, options.version)
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.#connection = new Connection(address, this)
    return this.#connack.promise
  }

  /** Answers SUBACK's codes. Rejects: ServerError when it does not come. */
  subscribe(filters: readonly FilterOptions[]): Promise<Uint8Array> {
    const id = this.#requests.nextId()
    return this.#request(encodeSubscribe(this.#version, id, filters), id, 'SUBACK')
  }

  /** Answers UNSUBACK's codes; none from a server of MQTT 3.1.1. Rejects: ServerError. */
  unsubscribe(filters: readonly string[]): Promise<Uint8Array> {
    const id = this.#requests.nextId()
    return this.#request(encodeUnsubscribe(this.#version, id, filters), id, 'UNSUBACK')
  }

  /** Sends a PUBLISH as it stands in the template. */
  publish(template: PublishTemplate): void {
    this.#send(template.bytes)
  }

  /** Sends one of the four acknowledgements. */
  ack(type: AckType, packetId: number, code = 0): void {
    this.#output.ack(type, packetId, code)
    this.touch()
  }

  ping(): void {
    this.#send(pingreq)
  }

  /** Says good-bye, and waits for the end of the connection. */
  disconnect(reasonCode = 0, sessionExpiry?: number): Promise<string | undefined> {
    if (this.#state !== 'ready') return this.closed
    this.#state = 'closing'
    this.#output.append(encodeDisconnect(this.#version, reasonCode, sessionExpiry))
    this.#connection?.end(this.#output.take())
    this.#output.abandon()
    return this.closed
  }

  /** Cuts the connection, as a crash does. */
  destroy(because?: string): void {
    this.#scanner?.stop()
    if (this.#state !== 'closed') this.#state = 'closing'
    this.#connection?.destroy(because)
  }

  /** Asks for `endTurn`. */
  touch(): void {
    if (this.#hasAsked) return
    this.#hasAsked = true
    this.#turn.ask(this)
  }

  /** Writes what the turn left. A subclass that adds something does it before calling this. */
  endTurn(): void {
    this.#hasAsked = false
    if (this.#output.length === 0 || !this.writable) return
    if (this.#connection?.write(this.#output.take()) === false) this.#output.abandon()
  }

  // What a subclass may care for.

  onPublish(
    _bytes: Buffer,
    _topicAt: number,
    _topicEnd: number,
    _payloadAt: number,
    _payloadEnd: number,
    _packetId: number,
    _flags: number,
  ): void {}

  onAck(_type: AckType, _packetId: number, _code: number): void {}

  onPingresp(): void {}

  /** `writable` again. */
  onDrain(): void {}

  /** An accepted connection ended, and not by `disconnect` or `destroy`. */
  onLost(_because: string): void {}

  // What it does by itself.

  onOpen(): void {
    if (this.#hello !== undefined) this.#connection?.write(this.#hello)
    this.#hello = undefined
  }

  onBytes(bytes: Buffer, size: number): void {
    this.#scanner?.push(bytes, size)
  }

  onFlushed(): void {
    this.touch()
    if (this.#state === 'ready') this.onDrain()
  }

  onConnack(sessionPresent: boolean, code: number, receiveMaximum: number): void {
    if (this.#state !== 'connecting') return this.onIllFormed('a second CONNACK')
    if (code !== 0) return this.#refused(code)
    this.#state = 'ready'
    this.#connack?.settle({ sessionPresent, receiveMaximum })
  }

  onSuback(packetId: number, codes: Uint8Array): void {
    this.#requests.answer(packetId, codes)
  }

  onUnsuback(packetId: number, codes: Uint8Array): void {
    this.#requests.answer(packetId, codes)
  }

  onDisconnect(code: number): void {
    this.#connection?.destroy(`the server said: ${reasonName(code)}`)
  }

  onIllFormed(because: string): void {
    this.#connection?.destroy(`the server sent ${because}`)
  }

  onEnd(because: string | undefined): void {
    const isLost = this.#state === 'ready'
    this.#state = 'closed'
    this.#connection = undefined
    this.#scanner?.stop()
    this.#connack?.fail(because ?? 'closed before CONNACK')
    this.#requests.failAll(because ?? 'closed')
    this.#resolveClosed(because)
    if (isLost) this.onLost(because ?? 'closed by the server')
  }

  #refused(code: number): void {
    const name = this.#version === 5 ? reasonName(code) : `return code ${code}`
    this.#connack?.fail(`refused: ${name}`)
    this.destroy()
  }

  #send(bytes: Uint8Array): void {
    this.#output.append(bytes)
    this.touch()
  }

  #request(bytes: Uint8Array, id: number, what: string): Promise<Uint8Array> {
    if (this.#state !== 'ready') return Promise.reject(new ServerError(`not connected: no ${what}`))
    this.#send(bytes)
    return this.#requests.wait(id, what)
  }
}
