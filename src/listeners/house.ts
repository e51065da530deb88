import { isSameRate, type Rate } from '../channel/options.ts'
import { TokenBucket } from '../channel/token-bucket.ts'

/** How many connections a zone takes, over all its listeners. */
export interface ZoneLimits {
  /** At a time; `Infinity` for no limit. */
  readonly connectionsMax: number
  /** New ones in a time; undefined for no limit. */
  readonly connectionRate: Rate | undefined
}

/** Counts the connections of the process and of its zones against their limits. */
export class House {
  readonly #connectionsMax: number
  #limits: ReadonlyMap<string, ZoneLimits>
  readonly #zones = new Map<string, number>()
  readonly #rates = new Map<string, TokenBucket>()
  #connections = 0
  #entered = 0

  /** `connectionsMax` follows from the limit of open files; a zone without limits may be left out. */
  constructor(connectionsMax: number, limits: ReadonlyMap<string, ZoneLimits>) {
    this.#connectionsMax = connectionsMax
    this.#limits = limits
  }

  /** Other limits of the zones; connections that are there stay, also above them. */
  configure(limits: ReadonlyMap<string, ZoneLimits>): void {
    for (const zone of this.#rates.keys()) {
      const before = this.#limits.get(zone)?.connectionRate
      if (!isSameRate(before, limits.get(zone)?.connectionRate)) this.#rates.delete(zone)
    }
    this.#limits = limits
  }

  get connections(): number {
    return this.#connections
  }

  /** Connections since the start. */
  get entered(): number {
    return this.#entered
  }

  /** The name of the limit that one more connection in this zone would break. */
  limitReached(zone: string): string | undefined {
    if (this.#connections >= this.#connectionsMax) return 'the limit of open files of the process'
    const zoneMax = this.#limits.get(zone)?.connectionsMax ?? Number.POSITIVE_INFINITY
    if ((this.#zones.get(zone) ?? 0) >= zoneMax) return `max_connections of zone ${zone}`
    return undefined
  }

  /** Whether the zone takes a new connection at this moment; the answer yes counts as one. */
  admits(zone: string, now: number): boolean {
    const rate = this.#limits.get(zone)?.connectionRate
    if (rate === undefined) return true
    let bucket = this.#rates.get(zone)
    if (bucket === undefined) {
      bucket = new TokenBucket(rate.count, rate.perMs, now)
      this.#rates.set(zone, bucket)
    }
    return bucket.takeOne(now)
  }

  enter(zone: string): void {
    this.#connections++
    this.#entered++
    this.#zones.set(zone, (this.#zones.get(zone) ?? 0) + 1)
  }

  leave(zone: string): void {
    this.#connections--
    this.#zones.set(zone, (this.#zones.get(zone) ?? 0) - 1)
  }
}
