import { Ring } from '../base/ring.ts'
import type { AckType } from '../mqtt/packets.ts'

/** Who sends an acknowledgement: a client. */
export interface Acknowledger {
  ack(type: AckType, packetId: number): void
}

/** Acknowledgements of one millisecond. */
interface Bucket {
  dueMs: number
  readonly clients: Acknowledger[]
  /** Type and identifier in one number each. */
  readonly acks: number[]
}

/**
 * Sends acknowledgements a while after they were asked for, never sooner: those of a millisecond
 * go together, and one timer serves all. It must be told the time in ascending order.
 */
export class DelayedAcks {
  readonly #delayMs: number
  readonly #waiting = new Ring<Bucket>()
  readonly #spare: Bucket[] = []
  #last: Bucket | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(delayMs: number) {
    this.#delayMs = delayMs
  }

  get isEmpty(): boolean {
    return this.#waiting.isEmpty
  }

  add(client: Acknowledger, type: AckType, packetId: number, nowMs: number): void {
    // hot: two stores a message.
    const dueMs = Math.floor(nowMs) + 1 + this.#delayMs
    const bucket = this.#last?.dueMs === dueMs ? this.#last : this.#begin(dueMs)
    bucket.clients.push(client)
    bucket.acks.push((type << 16) | packetId)
  }

  /** Sends what is due at `nowMs`. */
  send(nowMs: number): void {
    for (;;) {
      const bucket = this.#waiting.peek()
      if (bucket === undefined || bucket.dueMs > nowMs) break
      this.#waiting.shift()
      if (bucket === this.#last) this.#last = undefined
      this.#empty(bucket)
    }
    this.#arm(nowMs)
  }

  #begin(dueMs: number): Bucket {
    const bucket = this.#spare.pop() ?? { dueMs, clients: [], acks: [] }
    bucket.dueMs = dueMs
    this.#waiting.push(bucket)
    this.#last = bucket
    if (this.#timer === undefined) this.#arm(dueMs - this.#delayMs)
    return bucket
  }

  #empty(bucket: Bucket): void {
    const { clients, acks } = bucket
    for (let i = 0; i < clients.length; i++) {
      const ack = acks[i] as number
      clients[i]?.ack((ack >> 16) as AckType, ack & 0xffff)
    }
    clients.length = 0
    acks.length = 0
    this.#spare.push(bucket)
  }

  #arm(nowMs: number): void {
    const first = this.#waiting.peek()
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (first === undefined) return
    const delayMs = Math.max(1, Math.ceil(first.dueMs - nowMs))
    this.#timer = setTimeout(() => this.send(performance.now()), delayMs)
  }
}
