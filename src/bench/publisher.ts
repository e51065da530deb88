import { ToolClient } from '../client/tool-client.ts'
import type { Turn } from '../client/turn.ts'
import { AckType } from '../mqtt/packets.ts'
import type { QoS } from '../mqtt/subscription.ts'
import { microseconds } from './payload.ts'
import { SendWindow } from './send-window.ts'
import type { Stream } from './stream.ts'
import type { Tally } from './tally.ts'

export interface PublisherOptions {
  readonly qos: QoS
  /** QoS 1 and 2 messages that are not acknowledged yet, at most. */
  readonly window: number
  /** Messages that have not come to their subscriber yet, at most; `Infinity` where nobody tells. */
  readonly credit: number
  /** It sends only when so many fit, so that messages travel in company. */
  readonly burst: number
}

/**
 * Publishes to its streams in turn. Closed loop, between `start` and `stop`: as much as window and
 * credit allow, at the end of each turn. Open loop: one message at each `send`.
 */
export class Publisher extends ToolClient {
  readonly #tally: Tally
  readonly #streams: readonly Stream[]
  readonly #options: PublisherOptions
  readonly #window: SendWindow
  #credit: number
  #left = 0
  #at = 0

  constructor(turn: Turn, tally: Tally, streams: readonly Stream[], options: PublisherOptions) {
    super(turn)
    this.#tally = tally
    this.#streams = streams
    this.#options = options
    this.#window = new SendWindow(options.qos, options.qos === 0 ? 0 : options.window)
    this.#credit = options.credit
  }

  /** Whether nothing is in flight, and nothing left to send. */
  get isDone(): boolean {
    return this.#left === 0 && this.#window.isEmpty
  }

  /** Sends as fast as it may until `stop`, or until `messages` are sent. */
  start(messages: number = Number.POSITIVE_INFINITY): void {
    this.#left = messages
    this.touch()
  }

  stop(): void {
    this.#left = 0
  }

  /** Sends one message that was due at `dueMs`; false when no identifier is free. */
  send(dueMs: number): boolean {
    const id = this.#options.qos === 0 ? 0 : this.#window.take(dueMs)
    if (id === 0 && this.#options.qos > 0) return false
    // hot: most publishers have one stream.
    const stream = this.#streams[this.#at] as Stream
    this.#at = this.#at + 1 === this.#streams.length ? 0 : this.#at + 1
    this.publish(stream.next(id, microseconds(dueMs)))
    this.#tally.sent++
    return true
  }

  /** A message of ours came to its subscriber. */
  delivered(): void {
    this.#credit++
    if (this.#left > 0) this.touch()
  }

  override endTurn(): void {
    if (this.#left > 0 && this.writable) this.#fill()
    super.endTurn()
  }

  override onAck(type: AckType, packetId: number, code: number): void {
    const outcome = this.#window.acknowledge(type, packetId, code)
    if (outcome === 'release') return this.ack(AckType.Pubrel, packetId)
    const tally = this.#tally
    if (outcome === 'alien') {
      tally.alien++
      return
    }
    tally.acked++
    if (code >= 0x80) tally.refused++
    if (tally.isMeasuring) {
      tally.ackUs.add((tally.progressMs - this.#window.sentMs(packetId)) * 1000)
    }
    if (this.#left > 0) this.touch()
  }

  override onBytes(bytes: Buffer, size: number): void {
    this.#tally.progressMs = performance.now()
    super.onBytes(bytes, size)
  }

  override onConnack(sessionPresent: boolean, code: number, receiveMaximum: number): void {
    this.#window.narrow(receiveMaximum)
    super.onConnack(sessionPresent, code, receiveMaximum)
  }

  override onLost(because: string): void {
    this.#left = 0
    this.#tally.lose(because)
  }

  #fill(): void {
    const { qos, burst } = this.#options
    let room = Math.min(this.#credit, this.#left)
    if (qos > 0) room = Math.min(room, this.#window.room)
    if (room < Math.min(burst, this.#left)) return
    const now = performance.now()
    let sent = 0
    while (sent < room && this.send(now)) sent++
    this.#credit -= sent
    this.#left -= sent
  }
}
