import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { generate, type IConnackPacket, type IConnectPacket, type Packet } from 'mqtt-packet'
import { PacketReader, type Received } from './packet-reader.ts'

export type Version = 3 | 4 | 5
export type PacketName = NonNullable<Packet['cmd']>
export type PacketOf<Name extends PacketName> = Extract<Packet, { cmd: Name }>

/** Milliseconds a test waits for something that should come at once; it bounds, it never paces. */
const waitMsMax = 5_000

/** What a test may say of its CONNECT; the rest is an ordinary clean one. */
export type ConnectOptions = Partial<Omit<IConnectPacket, 'cmd' | 'protocolVersion'>> & {
  readonly version?: Version
}

/** A packet to send; mqtt-packet fills in what is left out. */
export type Sendable = { cmd: PacketName } & Record<string, unknown>

interface Waiter {
  readonly settle: () => boolean
}

/**
 * An MQTT client for tests that does nothing by itself: it acknowledges nothing, pings nothing,
 * and sends any bytes it is told to. What comes in is kept in order, and is taken with `next` or
 * `expect`, which wait for it to come and fail when the connection ends first.
 */
export class RawClient {
  readonly stream: Duplex
  readonly version: Version
  /** Everything that came, in order, also what was taken already. */
  readonly received: Received[] = []
  /** The CONNACK of `connect`. */
  connack: IConnackPacket | undefined
  #taken = 0
  #isClosed = false
  #waiters: Waiter[] = []
  readonly #reader: PacketReader

  /** Over any stream of bytes: a socket, a TLS socket, one end of a pair in memory. */
  constructor(stream: Duplex, version: Version = 5) {
    this.stream = stream
    this.version = version
    this.#reader = new PacketReader(version)
    stream.on('data', (chunk: Buffer) => {
      for (const received of this.#reader.read(chunk)) this.received.push(received)
      this.#wake()
    })
    // A reset is one of the ways in which a broker may close; `closed` is what tests ask for.
    stream.on('error', () => this.#close())
    stream.on('end', () => this.#close())
    stream.on('close', () => this.#close())
  }

  /** A TCP connection without CONNECT. */
  static open(at: { port: number; host?: string; version?: Version }): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connectTcp({ port: at.port, host: at.host ?? '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawClient(socket, at.version))
      })
    })
  }

  /** A TCP connection which was accepted: CONNECT sent, a CONNACK of success taken. */
  static async connect(
    at: { port: number; host?: string },
    options: ConnectOptions = {},
  ): Promise<RawClient> {
    const client = await RawClient.open({ ...at, version: options.version ?? 5 })
    const connack = await client.handshake(options)
    const code = connack.reasonCode ?? connack.returnCode ?? 0
    if (code !== 0) throw new Error(`refused with 0x${code.toString(16)}`)
    return client
  }

  /** Sends CONNECT and takes the CONNACK, whatever it says. */
  async handshake(options: ConnectOptions = {}): Promise<IConnackPacket> {
    this.sendConnect(options)
    this.connack = await this.expect('connack')
    return this.connack
  }

  sendConnect(options: ConnectOptions = {}): void {
    const { version: _, ...packet } = options
    this.send({
      cmd: 'connect',
      protocolId: this.version === 3 ? 'MQIsdp' : 'MQTT',
      protocolVersion: this.version,
      clean: true,
      clientId: '',
      keepalive: 0,
      ...packet,
    })
  }

  /** Sends packets, as one write: they arrive pipelined. */
  send(...packets: Sendable[]): void {
    this.sendBytes(Buffer.concat(packets.map((packet) => encode(packet, this.version))))
  }

  /** Sends bytes as they are, well-formed or not. */
  sendBytes(bytes: Uint8Array | readonly number[]): void {
    this.stream.write(Buffer.from(bytes))
  }

  /** The next packet that was not taken yet. Rejects when the connection ends before it comes. */
  async next(timeoutMs = waitMsMax): Promise<Packet> {
    await this.#until(() => this.received.length > this.#taken, 'a packet', timeoutMs)
    const received = this.received[this.#taken++]
    if (received === undefined) throw new Error(`closed before a packet came; ${this.#story()}`)
    if (received.packet === undefined) {
      throw new Error(`the broker sent what mqtt-packet cannot read; ${this.#story()}`)
    }
    return received.packet
  }

  /** The next packet, which must be of this kind. */
  async expect<Name extends PacketName>(cmd: Name, timeoutMs = waitMsMax): Promise<PacketOf<Name>> {
    const packet = await this.next(timeoutMs).catch((error: Error) => {
      throw new Error(`expected ${cmd}: ${error.message}`)
    })
    if (packet.cmd === cmd) return packet as PacketOf<Name>
    throw new Error(`expected ${cmd}, got ${JSON.stringify(packet)}; ${this.#story()}`)
  }

  /** The next `count` packets, each of this kind. */
  async expectMany<Name extends PacketName>(cmd: Name, count: number): Promise<PacketOf<Name>[]> {
    const packets: PacketOf<Name>[] = []
    while (packets.length < count) packets.push(await this.expect(cmd))
    return packets
  }

  /**
   * That nothing is on its way: a PINGREQ is answered, and nothing came before the answer. It
   * proves it without waiting for time to pass, for what the broker has sent stays in order.
   */
  async expectSilence(): Promise<void> {
    this.send({ cmd: 'pingreq' })
    await this.expect('pingresp')
  }

  /** Resolves when the broker has closed the connection; what came before can still be taken. */
  async closed(timeoutMs = waitMsMax): Promise<void> {
    await this.#until(() => this.#isClosed, 'the end of the connection', timeoutMs)
  }

  /** That the connection ends and no packet comes before the end. */
  async expectClosedSilently(timeoutMs = waitMsMax): Promise<void> {
    await this.closed(timeoutMs)
    if (this.received.length > this.#taken) {
      throw new Error(`expected the end and nothing else; ${this.#story()}`)
    }
  }

  /** SUBSCRIBE, and its SUBACK. */
  subscribe(filter: string, options: object = {}, packetId = 1): Promise<PacketOf<'suback'>> {
    const subscription = { topic: filter, qos: 0, ...options }
    this.send({ cmd: 'subscribe', messageId: packetId, subscriptions: [subscription] })
    return this.expect('suback')
  }

  /** DISCONNECT, and the end of the connection. */
  async disconnect(packet: object = {}): Promise<void> {
    this.send({ cmd: 'disconnect', ...packet })
    this.stream.end()
    await this.closed()
  }

  /** Drops the connection without a word, as a broken network does. */
  async drop(): Promise<void> {
    this.stream.destroy()
    await this.closed()
  }

  #close(): void {
    this.#isClosed = true
    this.#wake()
  }

  #wake(): void {
    this.#waiters = this.#waiters.filter((waiter) => !waiter.settle())
  }

  /** Resolves as soon as `isDone`, or when the connection ends; rejects after `timeoutMs`. */
  #until(isDone: () => boolean, what: string, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        if (!isDone() && !this.#isClosed) return false
        clearTimeout(timer)
        resolve()
        return true
      }
      const waiter = { settle }
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
        reject(new Error(`waited ${timeoutMs} ms for ${what}; ${this.#story()}`))
      }, timeoutMs)
      if (!settle()) this.#waiters.push(waiter)
    })
  }

  /** What came so far, for the message of a failing test. */
  #story(): string {
    const last = this.received.slice(-30)
    const came: string[] = last.map((received) => received.packet?.cmd ?? 'unreadable')
    if (this.received.length > last.length)
      came.unshift(`${this.received.length - last.length} packets`)
    const end = this.#isClosed ? ', then the end of the connection' : ''
    return `so far came: ${came.join(', ') || 'nothing'}${end}`
  }
}

/** The bytes of a packet, as mqtt-packet writes them. */
export function encode(packet: Sendable, version: Version = 5): Buffer {
  return generate(packet as unknown as Packet, { protocolVersion: version })
}
