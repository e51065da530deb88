import { SysTree } from '../admin/sys-tree.ts'
import type { Deadlines } from '../base/deadlines.ts'
import type { Broker } from '../broker/broker.ts'
import type { Configuration, ZoneOptions } from '../config/configuration.ts'
import type { House } from '../listeners/house.ts'
import { systemClock } from '../system.ts'
import { readVersion } from '../version.ts'
import { makeMessage } from '../wire/make-message.ts'

/** What the `$SYS` tree of a broker that runs is made of. */
export interface SysParts {
  readonly broker: Broker
  readonly deadlines: Deadlines
  readonly house: House
  readonly configuration: () => Configuration
}

/** The `$SYS` tree of a broker that runs, when there is to be one: `sys.interval` is not 0. */
export class Sys {
  readonly #parts: SysParts
  #tree: SysTree | undefined

  constructor(parts: SysParts) {
    this.#parts = parts
  }

  /** Begins, or goes on as the configuration has it now. */
  follow(): void {
    const { intervalMs } = this.#parts.configuration().sys
    if (intervalMs === 0) this.stop()
    else if (this.#tree !== undefined) this.#tree.setInterval(intervalMs)
    else {
      this.#tree = newTree(this.#parts, intervalMs)
      this.#tree.start()
    }
  }

  stop(): void {
    this.#tree?.stop()
    this.#tree = undefined
  }
}

function newTree(parts: SysParts, intervalMs: number): SysTree {
  const { broker, deadlines, house } = parts
  return new SysTree({
    broker,
    clock: systemClock,
    deadlines,
    version: readVersion(),
    intervalMs,
    figures: () => ({
      sockets: house.connections,
      socketsOpened: house.entered,
      rssBytes: process.memoryUsage.rss(),
    }),
    publish: (topic, text) => {
      const number = ++broker.numbering.last
      const receivedAt = systemClock.now()
      const payload = Buffer.from(text)
      const own = { topic, payload, qos: 2, retain: true, from: '', number, receivedAt } as const
      broker.announce(
        makeMessage({ ...own, expiresAt: Number.POSITIVE_INFINITY }),
        parts.configuration().zones.get('default') as ZoneOptions,
      )
    },
  })
}
