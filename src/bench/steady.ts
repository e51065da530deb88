import { setTimeout as delay } from 'node:timers/promises'
import { brokerCpuEach, coresBetween, type Mark, percentiles } from './meter.ts'
import { Pacer } from './pacer.ts'
import { Publisher } from './publisher.ts'
import { makeReport, type Report } from './report.ts'
import { handshakesMax, missingOf, Stage } from './stage.ts'
import { Stream } from './stream.ts'
import { Subscriber } from './subscriber.ts'
import { connectOptions, type Target } from './target.ts'
import { atMost, untilDone } from './waiting.ts'

/**
 * Many publishers at a low, fixed rate, each with a subscriber of its own whose session is lasting:
 * an open loop at QoS 1.
 */
export interface SteadyOptions extends Target {
  readonly connections: number
  /** Messages a second of each publisher. */
  readonly ratePerConnection: number
  /** Whether subscribers are there, or only their sessions. */
  readonly subscribers: 'connected' | 'offline'
  readonly payloadSize: number
  readonly warmupMs: number
  readonly measureMs: number
  /** Milliseconds of rest between two looks at the schedule; 0 spins. */
  readonly restMs: number
}

const qos = 1
/** Messages that one publisher may have in flight; above it the schedule waits, and is late. */
const window = 500
/** Milliseconds without a message after which those that are missing count as lost. */
const quietMsMax = 3000

/** Rejects: ServerError when the broker does not accept its clients. */
export async function runSteady(options: SteadyOptions): Promise<Report> {
  const run = new SteadyRun(options)
  try {
    await run.connect()
    const [from, to] = await run.measure()
    await run.collect()
    return run.report(from, to)
  } finally {
    run.close()
  }
}

class SteadyRun {
  readonly #options: SteadyOptions
  readonly #stage: Stage
  readonly #streams: Stream[] = []
  readonly #publishers: Publisher[] = []
  readonly #subscribers: Subscriber[] = []
  readonly #pacer: Pacer
  #rssPeakMb = 0

  constructor(options: SteadyOptions) {
    const { connections, ratePerConnection, restMs, version, payloadSize } = options
    this.#options = options
    this.#stage = new Stage(options)
    const { turn, tally } = this.#stage
    const limits = { qos, window, credit: Number.POSITIVE_INFINITY, burst: 1 } as const
    for (let i = 0; i < connections; i++) {
      const stream = new Stream(i, version, qos, payloadSize)
      this.#streams.push(stream)
      this.#publishers.push(new Publisher(turn, tally, [stream], limits))
      this.#subscribers.push(new Subscriber(turn, tally, stream))
    }
    const send = (index: number, dueMs: number): boolean =>
      this.#publishers[index % connections]?.send(dueMs) ?? false
    this.#pacer = new Pacer(connections * ratePerConnection, restMs, send)
  }

  async connect(): Promise<void> {
    await this.#stage.subscribe(this.#subscribers, qos, 'lasting')
    if (this.#options.subscribers === 'offline') await this.#stage.disconnect(this.#subscribers)
    await atMost(handshakesMax, this.#publishers.length, async (i) => {
      const options = connectOptions(this.#options, `p${i}`, 'clean')
      await this.#publishers[i]?.connect(this.#options, options)
    })
  }

  /** Keeps the schedule. Answers the marks of what was measured. */
  async measure(): Promise<[Mark, Mark]> {
    const { meter, tally } = this.#stage
    this.#pacer.start()
    await delay(this.#options.warmupMs)
    meter.takeRss()
    tally.isMeasuring = true
    this.#pacer.isMeasuring = true
    const from = meter.mark()
    await delay(this.#options.measureMs)
    const to = meter.mark()
    tally.isMeasuring = false
    this.#pacer.stop()
    this.#rssPeakMb = meter.takeRss().peak
    return [from, to]
  }

  /** Waits for what is on its way; brings back who is away, to see that nothing was lost. */
  async collect(): Promise<void> {
    const { tally } = this.#stage
    await untilDone(() => this.#publishers.every(({ isDone }) => isDone), tally, quietMsMax)
    if (this.#options.subscribers === 'offline') await this.#stage.resume(this.#subscribers)
    await untilDone(() => missingOf(this.#streams) === 0, tally, quietMsMax)
  }

  report(from: Mark, to: Mark): Report {
    const { tally, meter } = this.#stage
    const seconds = (to.atMs - from.atMs) / 1000
    const sent = to.sent - from.sent
    const figures = {
      sentPerSecond: sent / seconds,
      ackedPerSecond: (to.acked - from.acked) / seconds,
      ...brokerCpuEach('brokerCpuUs', from, to, sent),
      ...coresBetween(from, to),
      ...percentiles('ack', tally.ackUs),
      ...percentiles('late', this.#pacer.lateUs),
      rssPeakMb: this.#rssPeakMb,
      rssEndMb: meter.takeRss().now,
      sent: tally.sent,
      delivered: tally.delivered,
    }
    return makeReport('steady', tally, missingOf(this.#streams), figures)
  }

  close(): void {
    this.#pacer.stop()
    this.#stage.close()
    for (const client of [...this.#publishers, ...this.#subscribers]) client.destroy()
  }
}
