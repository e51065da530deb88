import type { Clock } from '../base/clock.ts'
import { Deadline, type Deadlines } from '../base/deadlines.ts'
import type { Broker } from '../broker/broker.ts'
import { LoadAverage, loadMinutes } from './load-average.ts'
import { type SysValue, sysValues } from './sys-values.ts'

/** What the process knows and the broker does not. */
export interface ProcessFigures {
  /** Network connections, CONNECT or not. */
  readonly sockets: number
  /** Connections since the start. */
  readonly socketsOpened: number
  /** Bytes of memory that the process has. */
  readonly rssBytes: number
}

/** What the tree is made of. */
export interface SysTreeParts {
  readonly broker: Broker
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly version: string
  /** Between two looks, ms; see `setInterval`. */
  readonly intervalMs: number
  readonly figures: () => ProcessFigures
  /** Publishes a retained message of the broker's own. */
  readonly publish: (topic: string, payload: string) => void
}

/** What is averaged, by the name under `load/`. */
const loads: readonly (readonly [name: string, value: string])[] = [
  ['messages/received', 'messages/received'],
  ['messages/sent', 'messages/sent'],
  ['publish/dropped', 'publish/messages/dropped'],
  ['publish/received', 'publish/messages/received'],
  ['publish/sent', 'publish/messages/sent'],
  ['bytes/received', 'bytes/received'],
  ['bytes/sent', 'bytes/sent'],
  ['connections', 'connections'],
  ['sockets', 'sockets'],
]

const root = '$SYS/broker/'

/**
 * mosquitto's `$SYS` tree: what its dashboards and exporters read. Every interval, counted from the
 * full minute, the values that have changed are published, retained.
 */
export class SysTree {
  readonly #parts: SysTreeParts
  readonly #startedAt: number
  readonly #timer = new Deadline(0, () => this.#tick())
  readonly #published = new Map<string, string>()
  readonly #loads = new Map(loads.map(([name]) => [name, new LoadAverage(0)]))
  #intervalMs: number
  #updatedAt: number
  #clientsMax = 0
  #rssMax = 0

  constructor(parts: SysTreeParts) {
    this.#parts = parts
    this.#startedAt = parts.clock.now()
    this.#intervalMs = parts.intervalMs
    this.#updatedAt = this.#startedAt
  }

  /** Publishes everything, and from now on what changes. */
  start(): void {
    this.#say('version', `mqtt-broker version ${this.#parts.version}`)
    this.#tick()
  }

  /** Another time between two looks, ms, from now on. */
  setInterval(intervalMs: number): void {
    this.#intervalMs = intervalMs
    this.#tick()
  }

  stop(): void {
    this.#parts.deadlines.cancel(this.#timer)
  }

  #tick(): void {
    const { broker, clock, deadlines, figures } = this.#parts
    const now = clock.now()
    const process = figures()
    this.#clientsMax = Math.max(this.#clientsMax, broker.sessions.connectedCount)
    this.#rssMax = Math.max(this.#rssMax, process.rssBytes)
    const values = sysValues(broker, process, this.#clientsMax, this.#rssMax)
    this.#say('uptime', `${Math.floor((now - this.#startedAt) / 1000)} seconds`)
    for (const [topic, value] of values) {
      if (!isOnlyCounted(topic)) this.#say(topic, String(value))
    }
    this.#updateLoads(values, now - this.#updatedAt)
    this.#updatedAt = now
    deadlines.move(this.#timer, now + this.#intervalMs - (clock.wallMs() % this.#intervalMs))
  }

  #updateLoads(values: ReadonlyMap<string, SysValue>, elapsedMs: number): void {
    for (const [name, source] of loads) {
      const load = this.#loads.get(name)
      load?.update(values.get(source) ?? 0, elapsedMs)
      load?.averages.forEach((average, i) => {
        this.#say(`load/${name}/${loadMinutes[i]}min`, average.toFixed(2))
      })
    }
  }

  #say(topic: string, payload: string): void {
    if (this.#published.get(topic) === payload) return
    this.#published.set(topic, payload)
    this.#parts.publish(root + topic, payload)
  }
}

/** There for its average. */
function isOnlyCounted(topic: string): boolean {
  return topic === 'connections' || topic === 'sockets'
}
