import { payloadSizeMin, readWord } from '../../src/bench/payload.ts'
import { Publisher } from '../../src/bench/publisher.ts'
import { rest } from '../../src/bench/rest.ts'
import { SequenceCheck } from '../../src/bench/sequence-check.ts'
import { Stream } from '../../src/bench/stream.ts'
import { Subscriber } from '../../src/bench/subscriber.ts'
import { Tally } from '../../src/bench/tally.ts'
import type { ConnectOptions } from '../../src/client/connect.ts'
import { ToolClient } from '../../src/client/tool-client.ts'
import { Turn } from '../../src/client/turn.ts'
import { AckType } from '../../src/mqtt/packets.ts'

const pairs = 10
/** Messages of a publisher that are not acknowledged, at most. */
const window = 8

/**
 * Ten publishers, every other one at QoS 2, each to a subscriber of its own; all sessions last. A reader,
 * whose session is there from the beginning, gets all of it at the end.
 */
export class RedisLoad {
  readonly tally = new Tally()
  readonly #turn = new Turn(() => rest(1))
  readonly #streams: Stream[] = []
  readonly #publishers: Publisher[] = []
  readonly #subscribers: Subscriber[] = []

  constructor() {
    for (let i = 0; i < pairs; i++) {
      const qos = i % 2 === 0 ? 1 : 2
      const stream = new Stream(i, 5, qos, 64)
      const options = { qos, window, credit: 100, burst: 1 } as const
      const publisher = new Publisher(this.#turn, this.tally, [stream], options)
      this.#streams.push(stream)
      this.#publishers.push(publisher)
      this.#subscribers.push(new Subscriber(this.#turn, this.tally, stream, { publisher }))
    }
  }

  async connect(port: number): Promise<void> {
    const address = { host: '127.0.0.1', port }
    const reader = new Reader(this.#turn)
    await reader.connect(address, lasting('reader'))
    await reader.subscribe([{ filter: 'bench/#', qos: 2 }])
    await reader.disconnect()
    for (const [i, subscriber] of this.#subscribers.entries()) {
      await subscriber.connect(address, lasting(`s${i}`))
      await subscriber.subscribe([{ filter: subscriber.stream.topic, qos: 2 }])
      await this.#publishers[i]?.connect(address, lasting(`p${i}`))
    }
  }

  start(): void {
    for (const publisher of this.#publishers) publisher.start()
  }

  stop(): void {
    for (const publisher of this.#publishers) publisher.stop()
  }

  /** Whether all that was sent is acknowledged, and has come. */
  get isDone(): boolean {
    return this.#publishers.every((publisher) => publisher.isDone) && this.missing === 0
  }

  /** Messages that have not come to their subscriber. */
  get missing(): number {
    return this.#streams.reduce((sum, { missing }) => sum + missing, 0)
  }

  get sent(): number {
    return this.tally.sent
  }

  /** Has the reader come, and take all that waits for it; answers how much of what was sent it did not get. */
  async read(port: number): Promise<Reader> {
    const reader = new Reader(this.#turn)
    await reader.connect({ host: '127.0.0.1', port }, lasting('reader'))
    return reader
  }

  /** Messages that a reader has not got yet. */
  missingOf(reader: Reader): number {
    return this.#streams.reduce(
      (sum, { number, sent }) => sum + reader.checkOf(number).missing(sent),
      0,
    )
  }

  close(): void {
    for (const client of [...this.#publishers, ...this.#subscribers]) client.destroy()
  }
}

/** Receives all streams, and counts what comes twice. */
export class Reader extends ToolClient {
  doubled = 0
  readonly #checks = new Map<number, SequenceCheck>()

  checkOf(stream: number): SequenceCheck {
    let check = this.#checks.get(stream)
    if (check === undefined) {
      check = new SequenceCheck()
      this.#checks.set(stream, check)
    }
    return check
  }

  override onPublish(
    bytes: Buffer,
    _topicAt: number,
    _topicEnd: number,
    payloadAt: number,
    payloadEnd: number,
    packetId: number,
    flags: number,
  ): void {
    if (payloadEnd - payloadAt >= payloadSizeMin) {
      const check = this.checkOf(readWord(bytes, payloadAt))
      if (check.arrive(readWord(bytes, payloadAt + 4)) !== 'new') this.doubled++
    }
    this.ack(((flags >> 1) & 3) === 1 ? AckType.Puback : AckType.Pubrec, packetId)
  }

  override onAck(type: AckType, packetId: number): void {
    if (type === AckType.Pubrel) this.ack(AckType.Pubcomp, packetId)
  }
}

function lasting(clientId: string): ConnectOptions {
  return { version: 5, clientId, cleanStart: false, sessionExpiry: 3600, receiveMaximum: 1000 }
}
