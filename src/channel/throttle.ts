import type { Deadline, Deadlines } from '../base/deadlines.ts'
import type { Channel } from './channel.ts'
import { TokenBucket } from './token-bucket.ts'

/** Pauses reading from a client that sends more than its zone's `messages_rate` or `bytes_rate`. */
export class Throttle {
  readonly #messages: TokenBucket | undefined
  readonly #bytes: TokenBucket | undefined
  #pause: Deadline | undefined

  /** A throttle for the channel's zone; undefined when that has no limits. */
  static of(channel: Channel): Throttle | undefined {
    const { messagesRate, bytesRate } = channel.zone.channel
    if (messagesRate === undefined && bytesRate === undefined) return undefined
    return new Throttle(
      messagesRate && new TokenBucket(messagesRate.count, messagesRate.perMs, channel.now),
      bytesRate && new TokenBucket(bytesRate.count, bytesRate.perMs, channel.now),
    )
  }

  constructor(messages: TokenBucket | undefined, bytes: TokenBucket | undefined) {
    this.#messages = messages
    this.#bytes = bytes
  }

  get isPausing(): boolean {
    return this.#pause?.isSet === true
  }

  /** Counts messages of the client. */
  messages(channel: Channel, count: number): void {
    if (this.#messages !== undefined) this.#hold(channel, this.#messages.take(count, channel.now))
  }

  /** Counts bytes of the client. */
  bytes(channel: Channel, size: number): void {
    if (this.#bytes !== undefined) this.#hold(channel, this.#bytes.take(size, channel.now))
  }

  stop(deadlines: Deadlines): void {
    deadlines.cancel(this.#pause)
  }

  #hold(channel: Channel, waitMs: number): void {
    if (waitMs === 0 || channel.state.name === 'closed') return
    const { deadlines } = channel.services
    const until = channel.now + waitMs
    if (this.#pause === undefined) {
      this.#pause = channel.schedule(until, () => {
        channel.lastSeen = channel.now
        channel.updateAccepting()
      })
    } else if (!this.#pause.isSet || this.#pause.at < until) deadlines.move(this.#pause, until)
    channel.updateAccepting()
  }
}
