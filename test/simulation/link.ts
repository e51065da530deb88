import type { SeededRandom } from '../../src/base/random.ts'
import type { StreamReceiver } from '../../src/listeners/byte-stream.ts'
import type { AcceptedStream } from '../../src/listeners/reception.ts'
import { Pipe, type Weather } from './pipe.ts'
import type { Scheduler } from './scheduler.ts'

/** The client's side of a link. */
export interface LinkUser {
  onData(chunk: Buffer): void
  onClose(): void
}

/** How the broker saw a connection end. */
export interface BrokerEnding {
  /** The batch that holds what followed from it. */
  readonly batch: number
  /** Whether the client took its will back: DISCONNECT with 0x00. */
  readonly isQuiet: boolean
}

/** A network connection between a model client and the broker, with everything that befalls one. */
export class Link implements AcceptedStream {
  readonly #scheduler: Scheduler
  readonly #random: SeededRandom
  readonly #weather: () => Weather
  readonly #toBroker: Pipe
  readonly #toClient: Pipe
  #user: LinkUser | undefined
  #receiver: StreamReceiver | undefined
  #isCongested = false
  #isHalfOpen = false
  /** When the broker learnt that it is over, or decided it; undefined before. */
  brokerClosedAt: number | undefined
  /** How an accepted connection ended; undefined before, and for ever when the broker crashed first. */
  ending: BrokerEnding | undefined

  constructor(scheduler: Scheduler, random: SeededRandom, weather: () => Weather, user: LinkUser) {
    this.#scheduler = scheduler
    this.#random = random
    this.#weather = weather
    this.#user = user
    const pipe = (arrive: (chunk: Buffer) => void, end: () => void): Pipe =>
      new Pipe(scheduler, random, weather, arrive, end)
    this.#toBroker = pipe(
      (chunk) => this.#receiver?.onData(chunk),
      () => this.#tellBroker(),
    )
    this.#toClient = pipe(
      (chunk) => this.#onArrived(chunk),
      () => this.#onBrokerEnd(),
    )
  }

  // What the client calls.

  send(bytes: Buffer): void {
    this.#toBroker.write(bytes)
  }

  /** Closes in order: what was sent arrives first. */
  close(): void {
    this.#user = undefined
    this.#toClient.stop()
    if (this.#isHalfOpen) return
    this.#toBroker.end()
  }

  // What befalls it.

  /** Breaks: what is on its way is lost, and each side learns of it in its own time. */
  cut(): void {
    this.#stop()
    this.#soon(() => this.#tellBroker())
    this.#soon(() => this.#tellClient())
  }

  /** Goes dead without a word: nothing arrives any more, and nobody is told. */
  goHalfOpen(): void {
    this.#isHalfOpen = true
    this.#toBroker.hold()
    this.#toClient.hold()
  }

  /** The broker's process has gone. */
  crash(): void {
    this.brokerClosedAt ??= this.#scheduler.now
    this.#receiver = undefined
    this.#stop()
    if (!this.#isHalfOpen) this.#soon(() => this.#tellClient())
  }

  // What the broker calls.

  attach(receiver: StreamReceiver): void {
    this.#receiver = receiver
  }

  get writableLength(): number {
    return Math.max(0, this.#toClient.length - this.#weather().systemBytes)
  }

  write(ranges: readonly Buffer[]): void {
    this.#toClient.write(...ranges)
    if (this.writableLength > 0) this.#isCongested = true
  }

  pause(): void {
    this.#toBroker.hold()
  }

  resume(): void {
    if (!this.#isHalfOpen) this.#toBroker.release()
  }

  end(): void {
    this.brokerClosedAt ??= this.#scheduler.now
    this.#toClient.end()
  }

  destroy(): void {
    this.brokerClosedAt ??= this.#scheduler.now
    this.#stop()
    this.#scheduler.after(0, () => this.#tellBroker())
    if (!this.#isHalfOpen) this.#soon(() => this.#tellClient())
  }

  #onArrived(chunk: Buffer): void {
    this.#user?.onData(chunk)
    if (!this.#isCongested || this.writableLength > 0) return
    this.#isCongested = false
    this.#receiver?.onDrain()
  }

  #onBrokerEnd(): void {
    this.#tellClient()
    this.#stop()
    this.#soon(() => this.#tellBroker())
  }

  #stop(): void {
    this.#toBroker.stop()
    this.#toClient.stop()
  }

  #tellBroker(): void {
    this.brokerClosedAt ??= this.#scheduler.now
    const receiver = this.#receiver
    this.#receiver = undefined
    receiver?.onClose(undefined)
  }

  #tellClient(): void {
    const user = this.#user
    this.#user = undefined
    user?.onClose()
  }

  #soon(call: () => void): void {
    this.#scheduler.after(this.#random.below(2 * this.#weather().delayMsMax + 2), call)
  }
}
