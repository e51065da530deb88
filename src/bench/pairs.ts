import { setTimeout as delay } from 'node:timers/promises'
import type { QoS } from '../mqtt/subscription.ts'
import { DelayedAcks } from './delayed-acks.ts'
import { brokerCpuEach, coresBetween, type Mark, percentiles } from './meter.ts'
import { Publisher } from './publisher.ts'
import { makeReport, type Report } from './report.ts'
import { handshakesMax, missingOf, Stage } from './stage.ts'
import { Stream } from './stream.ts'
import { Subscriber } from './subscriber.ts'
import { connectOptions, type Target } from './target.ts'
import { atMost, untilDone } from './waiting.ts'

/** Each of many publishers to its own subscriber, in a closed loop. */
export interface PairsOptions extends Target {
  readonly pairs: number
  readonly qos: QoS
  /** Unacknowledged messages per publisher; not at QoS 0. */
  readonly window: number
  /** Messages per publisher that have not come to its subscriber. */
  readonly credit: number
  readonly payloadSize: number
  /** Whether sessions outlive their connections, on both sides. */
  readonly persistent: boolean
  /** Milliseconds by which subscribers acknowledge late. */
  readonly ackDelayMs: number
  readonly warmupMs: number
  readonly measureMs: number
  /** Milliseconds of rest between turns. */
  readonly restMs: number
}

/** Milliseconds without a message after which those that are missing count as lost. */
const quietMsMax = 3000

/** Rejects: ServerError when the broker does not accept its clients. */
export async function runPairs(options: PairsOptions): Promise<Report> {
  const run = new PairsRun(options)
  try {
    await run.connect()
    const [from, to] = await run.measure()
    return run.report(from, to)
  } finally {
    run.close()
  }
}

class PairsRun {
  readonly #options: PairsOptions
  readonly #stage: Stage
  readonly #streams: Stream[] = []
  readonly #publishers: Publisher[] = []
  readonly #subscribers: Subscriber[] = []
  readonly #delayedAcks: DelayedAcks | undefined

  constructor(options: PairsOptions) {
    const { pairs, qos, version, payloadSize, ackDelayMs } = options
    this.#options = options
    this.#stage = new Stage(options)
    this.#delayedAcks = ackDelayMs > 0 ? new DelayedAcks(ackDelayMs) : undefined
    for (let i = 0; i < pairs; i++) this.#pair(new Stream(i, version, qos, payloadSize))
  }

  async connect(): Promise<void> {
    const { qos, persistent } = this.#options
    const lifetime = persistent ? 'lasting' : 'clean'
    await this.#stage.subscribe(this.#subscribers, qos, lifetime)
    await atMost(handshakesMax, this.#publishers.length, async (i) => {
      const options = connectOptions(this.#options, `p${i}`, lifetime)
      await this.#publishers[i]?.connect(this.#options, options)
    })
  }

  /** Loads the broker, and waits for the last message. Answers the marks of what was measured. */
  async measure(): Promise<[Mark, Mark]> {
    const { warmupMs, measureMs, ackDelayMs, restMs } = this.#options
    const { meter, tally } = this.#stage
    this.#stage.restMs = restMs
    for (const publisher of this.#publishers) publisher.start()
    await delay(warmupMs)
    meter.takeRss()
    tally.isMeasuring = true
    const from = meter.mark()
    await delay(measureMs)
    const to = meter.mark()
    tally.isMeasuring = false
    for (const publisher of this.#publishers) publisher.stop()
    await untilDone(() => this.#isDone, tally, quietMsMax + ackDelayMs)
    return [from, to]
  }

  report(from: Mark, to: Mark): Report {
    const { meter, tally } = this.#stage
    const seconds = (to.atMs - from.atMs) / 1000
    const delivered = to.delivered - from.delivered
    const rss = meter.takeRss()
    const figures = {
      deliveredPerSecond: delivered / seconds,
      ...brokerCpuEach('brokerCpuUs', from, to, delivered),
      ...coresBetween(from, to),
      ...percentiles('delivery', tally.deliveryUs),
      ...percentiles('ack', tally.ackUs),
      rssPeakMb: rss.peak,
      rssEndMb: rss.now,
      sent: tally.sent,
      delivered: tally.delivered,
    }
    return makeReport('pairs', tally, missingOf(this.#streams), figures)
  }

  close(): void {
    this.#stage.close()
    for (const client of [...this.#publishers, ...this.#subscribers]) client.destroy()
  }

  #pair(stream: Stream): void {
    const { qos, window, credit } = this.#options
    const { turn, tally } = this.#stage
    const burst = qos === 0 ? Math.max(1, Math.floor(credit / 4)) : 1
    const publisher = new Publisher(turn, tally, [stream], { qos, window, credit, burst })
    const receiving = { publisher, delayedAcks: this.#delayedAcks }
    this.#streams.push(stream)
    this.#publishers.push(publisher)
    this.#subscribers.push(new Subscriber(turn, tally, stream, receiving))
  }

  get #isDone(): boolean {
    const isAcknowledged = this.#publishers.every((publisher) => publisher.isDone)
    return isAcknowledged && (this.#delayedAcks?.isEmpty ?? true) && missingOf(this.#streams) === 0
  }
}
