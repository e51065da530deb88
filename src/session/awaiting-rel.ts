/** One QoS 2 packet id of the client that waits for PUBREL. */
export class Rel {
  readonly packetId: number
  /** Monotonic ms at which its PUBLISH came. */
  readonly receivedAt: number
  hasEnded = false
  /** Owned by the recorder: whether the store has it, and whether that is about to change. */
  isRecorded = false
  isTouched = false

  constructor(packetId: number, receivedAt: number) {
    this.packetId = packetId
    this.receivedAt = receivedAt
  }
}

/**
 * QoS 2 packet ids of the client that wait for PUBREL: the receiver's half of "exactly once". It
 * outlives connections; an id forgotten between PUBREC and PUBREL would let the same message
 * through twice. [MQTT-4.3.3-10]
 */
export class AwaitingRel {
  /** In the order of arrival. */
  #rels: Map<number, Rel> | undefined

  get size(): number {
    return this.#rels === undefined ? 0 : this.#rels.size
  }

  has(packetId: number): boolean {
    return this.#rels?.has(packetId) === true
  }

  add(packetId: number, now: number): Rel {
    if (this.#rels === undefined) this.#rels = new Map()
    const rel = new Rel(packetId, now)
    this.#rels.set(packetId, rel)
    return rel
  }

  /** Answers what was there. */
  remove(packetId: number): Rel | undefined {
    const rel = this.#rels?.get(packetId)
    if (rel === undefined) return undefined
    this.#rels?.delete(packetId)
    rel.hasEnded = true
    return rel
  }

  /** The id that has been waiting for longest. */
  oldest(): Rel | undefined {
    if (this.#rels === undefined) return undefined
    for (const rel of this.#rels.values()) return rel
    return undefined
  }

  *[Symbol.iterator](): IterableIterator<Rel> {
    if (this.#rels !== undefined) yield* this.#rels.values()
  }

  toArray(): [packetId: number, receivedAt: number][] {
    return [...this].map(({ packetId, receivedAt }) => [packetId, receivedAt])
  }

  /** Gives back what an empty table costs. */
  compact(): void {
    if (this.size === 0) this.#rels = undefined
  }
}
