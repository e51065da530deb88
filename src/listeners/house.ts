/** Counts the connections of the process and of its zones against their limits. */
export class House {
  readonly #connectionsMax: number
  readonly #zoneConnectionsMax: ReadonlyMap<string, number>
  readonly #zones = new Map<string, number>()
  #connections = 0

  /** `connectionsMax` follows from the limit of open files. */
  constructor(connectionsMax: number, zoneConnectionsMax: ReadonlyMap<string, number>) {
    this.#connectionsMax = connectionsMax
    this.#zoneConnectionsMax = zoneConnectionsMax
  }

  get connections(): number {
    return this.#connections
  }

  /** The name of the limit that one more connection in this zone would break. */
  limitReached(zone: string): string | undefined {
    if (this.#connections >= this.#connectionsMax) return 'the limit of open files of the process'
    const zoneMax = this.#zoneConnectionsMax.get(zone) ?? Number.POSITIVE_INFINITY
    if ((this.#zones.get(zone) ?? 0) >= zoneMax) return `max_connections of zone ${zone}`
    return undefined
  }

  enter(zone: string): void {
    this.#connections++
    this.#zones.set(zone, (this.#zones.get(zone) ?? 0) + 1)
  }

  leave(zone: string): void {
    this.#connections--
    this.#zones.set(zone, (this.#zones.get(zone) ?? 0) - 1)
  }
}
