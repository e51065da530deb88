import { setTimeout as delay } from 'node:timers/promises'
import type { QoS } from '../mqtt/subscription.ts'
import { brokerCpuEach, coresBetween, type Mark } from './meter.ts'
import { Publisher } from './publisher.ts'
import { type Figures, makeReport, type Report } from './report.ts'
import { missingOf, Stage } from './stage.ts'
import { Stream } from './stream.ts'
import { Subscriber } from './subscriber.ts'
import { connectOptions, type Target } from './target.ts'
import { untilDone } from './waiting.ts'

/** Messages are stored for many sessions that are away, then all of them come back for theirs. */
export interface OfflineOptions extends Target {
  /** `drain` takes what an earlier run stored under the same `idPrefix`. */
  readonly phase: 'store' | 'drain' | 'both'
  readonly sessions: number
  readonly messagesPerSession: number
  readonly publishers: number
  readonly qos: Exclude<QoS, 0>
  /** Unacknowledged messages per publisher. */
  readonly window: number
  readonly payloadSize: number
  /** Milliseconds without a message after which those that are missing count as lost. */
  readonly quietMsMax: number
  /** Milliseconds of rest between turns. */
  readonly restMs: number
}

/** Milliseconds for the last acknowledgements, and for what comes twice. */
const settleMs = 1000

/** Rejects: ServerError when the broker does not accept its clients. */
export async function runOffline(options: OfflineOptions): Promise<Report> {
  const { phase } = options
  const run = new OfflineRun(options)
  try {
    if (phase !== 'drain') await run.subscribe()
    const stored = phase === 'drain' ? {} : await run.store()
    const drained = phase === 'store' ? {} : await run.drain()
    return run.report({ ...stored, ...drained })
  } finally {
    run.close()
  }
}

class OfflineRun {
  readonly #options: OfflineOptions
  readonly #stage: Stage
  readonly #streams: Stream[] = []
  readonly #subscribers: Subscriber[] = []
  readonly #publishers: Publisher[] = []

  constructor(options: OfflineOptions) {
    const { messagesPerSession, phase, sessions, publishers, version, qos, payloadSize, window } =
      options
    this.#options = options
    this.#stage = new Stage(options)
    const { turn, tally } = this.#stage
    for (let i = 0; i < sessions; i++) {
      const stream = new Stream(i, version, qos, payloadSize)
      if (phase === 'drain') stream.wasSent(messagesPerSession)
      this.#streams.push(stream)
      this.#subscribers.push(new Subscriber(turn, tally, stream))
    }
    const limits = { qos, window, credit: Number.POSITIVE_INFINITY, burst: 1 }
    for (let i = 0; i < publishers; i++) {
      const streams = this.#streams.filter((stream) => stream.number % publishers === i)
      this.#publishers.push(new Publisher(turn, tally, streams, limits))
    }
  }

  async subscribe(): Promise<void> {
    await this.#stage.subscribe(this.#subscribers, this.#options.qos, 'lasting')
    await this.#stage.disconnect(this.#subscribers)
  }

  async store(): Promise<Figures> {
    const { sessions, publishers, messagesPerSession, quietMsMax, restMs } = this.#options
    const { meter, tally } = this.#stage
    for (const [i, publisher] of this.#publishers.entries()) {
      const options = connectOptions(this.#options, `p${i}`, 'clean')
      await publisher.connect(this.#options, options)
    }
    this.#stage.restMs = restMs
    const rssStartMb = meter.takeRss().now
    const from = meter.mark()
    for (const [i, publisher] of this.#publishers.entries()) {
      const streams = Math.floor((sessions - 1 - i) / publishers) + 1
      publisher.start(Math.max(0, streams) * messagesPerSession)
    }
    await untilDone(() => this.#publishers.every(({ isDone }) => isDone), tally, quietMsMax)
    const to = this.#lastProgress()
    const rss = meter.takeRss()
    const stored = tally.acked
    return {
      storedPerSecond: (stored * 1000) / (to.atMs - from.atMs),
      ...brokerCpuEach('storeCpuUs', from, to, stored),
      ...renamed('store', coresBetween(from, to)),
      rssStartMb,
      rssStorePeakMb: rss.peak,
      rssStoredMb: rss.now,
    }
  }

  async drain(): Promise<Figures> {
    const { meter, tally } = this.#stage
    const from = meter.mark()
    await this.#stage.resume(this.#subscribers)
    await untilDone(() => missingOf(this.#streams) === 0, tally, this.#options.quietMsMax)
    const to = this.#lastProgress()
    const drained = tally.delivered
    await delay(settleMs)
    const rss = meter.takeRss()
    return {
      drainedPerSecond: (drained * 1000) / (to.atMs - from.atMs),
      ...brokerCpuEach('drainCpuUs', from, to, drained),
      ...renamed('drain', coresBetween(from, to)),
      rssDrainPeakMb: rss.peak,
      rssEndMb: rss.now,
    }
  }

  report(figures: Figures): Report {
    const { tally } = this.#stage
    const counts = { sent: tally.sent, acked: tally.acked, delivered: tally.delivered }
    const missing = this.#options.phase === 'store' ? 0 : missingOf(this.#streams)
    return makeReport('offline', tally, missing, { ...figures, ...counts })
  }

  close(): void {
    this.#stage.close()
    for (const client of [...this.#publishers, ...this.#subscribers]) client.destroy()
  }

  /** Now, but for the time: it is when the last bytes came. */
  #lastProgress(): Mark {
    return { ...this.#stage.meter.mark(), atMs: this.#stage.tally.progressMs }
  }
}

/** `ownCores` → `storeOwnCores`. */
function renamed(phase: string, figures: Figures): Figures {
  const entries = Object.entries(figures).map(([name, value]) => {
    return [`${phase}${name[0]?.toUpperCase()}${name.slice(1)}`, value] as const
  })
  return Object.fromEntries(entries)
}
