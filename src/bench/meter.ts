import type { LatencyHistogram } from './latency-histogram.ts'
import type { Figures } from './report.ts'
import type { Tally } from './tally.ts'
import { readMachineBusyMs, readUsage } from './usage.ts'

/** Where everything stood at one moment. */
export interface Mark {
  readonly atMs: number
  readonly sent: number
  readonly acked: number
  readonly delivered: number
  readonly ownCpuMs: number
  readonly brokerCpuMs: number | undefined
  readonly machineMs: number | undefined
}

/** Milliseconds between two looks at the broker's memory. */
const sampleMs = 100
const megabyte = 1024 * 1024

/** Looks at the broker and at ourselves from outside, while a run goes on. */
export class Meter {
  readonly #tally: Tally
  readonly #pid: number | undefined
  readonly #sampling: NodeJS.Timeout
  #rssBytes = 0
  #rssPeakBytes = 0

  constructor(tally: Tally, brokerPid: number | undefined) {
    this.#tally = tally
    this.#pid = brokerPid
    this.#sampling = setInterval(() => this.#sample(), sampleMs)
    this.#sample()
  }

  mark(): Mark {
    const { sent, acked, delivered } = this.#tally
    const own = process.cpuUsage()
    return {
      atMs: performance.now(),
      sent,
      acked,
      delivered,
      ownCpuMs: (own.user + own.system) / 1000,
      brokerCpuMs: this.#pid === undefined ? undefined : readUsage(this.#pid)?.cpuMs,
      machineMs: readMachineBusyMs(),
    }
  }

  /** The broker's memory in MB: now, and the most that was seen since the last call. */
  takeRss(): { now: number; peak: number } {
    this.#sample()
    const rss = { now: this.#rssBytes / megabyte, peak: this.#rssPeakBytes / megabyte }
    this.#rssPeakBytes = this.#rssBytes
    return rss
  }

  close(): void {
    clearInterval(this.#sampling)
  }

  #sample(): void {
    if (this.#pid === undefined) return
    this.#rssBytes = readUsage(this.#pid)?.rssBytes ?? 0
    this.#rssPeakBytes = Math.max(this.#rssPeakBytes, this.#rssBytes)
  }
}

/** Cores in use between two marks: by ourselves, by the broker, by everybody else. */
export function coresBetween(from: Mark, to: Mark): Figures {
  const ms = to.atMs - from.atMs
  const ownMs = to.ownCpuMs - from.ownCpuMs
  const ownCores = ownMs / ms
  if (from.brokerCpuMs === undefined || to.brokerCpuMs === undefined) return { ownCores }
  const brokerMs = to.brokerCpuMs - from.brokerCpuMs
  const cores = { ownCores, brokerCores: brokerMs / ms }
  if (from.machineMs === undefined || to.machineMs === undefined) return cores
  return { ...cores, otherCores: (to.machineMs - from.machineMs - ownMs - brokerMs) / ms }
}

/** The broker's CPU time between two marks for each of `count`, in µs, under a name. */
export function brokerCpuEach(name: string, from: Mark, to: Mark, count: number): Figures {
  if (from.brokerCpuMs === undefined || to.brokerCpuMs === undefined) return {}
  return { [name]: ((to.brokerCpuMs - from.brokerCpuMs) * 1000) / Math.max(1, count) }
}

/** Percentiles of a latency in ms. */
export function percentiles(name: string, us: LatencyHistogram): Figures {
  if (us.count === 0) return {}
  return {
    [`${name}MsP50`]: us.quantile(0.5) / 1000,
    [`${name}MsP90`]: us.quantile(0.9) / 1000,
    [`${name}MsP99`]: us.quantile(0.99) / 1000,
    [`${name}MsP999`]: us.quantile(0.999) / 1000,
    [`${name}MsMax`]: us.max / 1000,
  }
}
