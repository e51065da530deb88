/**
 * QoS 2 packet ids of the client that wait for PUBREL, each with the monotonic ms at which its
 * PUBLISH came: the receiver's half of "exactly once". It outlives connections; an id forgotten
 * between PUBREC and PUBREL would let the same message through twice. [MQTT-4.3.3-10]
 */
export class AwaitingRel {
  /** In the order of arrival. */
  #ids: Map<number, number> | undefined

  get size(): number {
    return this.#ids === undefined ? 0 : this.#ids.size
  }

  has(packetId: number): boolean {
    return this.#ids?.has(packetId) === true
  }

  add(packetId: number, now: number): void {
    if (this.#ids === undefined) this.#ids = new Map()
    this.#ids.set(packetId, now)
  }

  /** Answers whether it was there. */
  remove(packetId: number): boolean {
    return this.#ids?.delete(packetId) === true
  }

  /** The id that has been waiting for longest, and since when. */
  oldest(): readonly [packetId: number, receivedAt: number] | undefined {
    if (this.#ids === undefined) return undefined
    for (const entry of this.#ids) return entry
    return undefined
  }

  toArray(): [packetId: number, receivedAt: number][] {
    return this.#ids === undefined ? [] : [...this.#ids]
  }

  /** Gives back what an empty table costs. */
  compact(): void {
    if (this.size === 0) this.#ids = undefined
  }
}
