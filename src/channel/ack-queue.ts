import { Ring } from '../base/ring.ts'
import type { AckType, ServerPacket } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import type { Commits } from './ports.ts'

/** Sends what the queue lets go. */
export interface AckSender {
  sendAck(
    type: AckType,
    packetId: number,
    reasonCode: ReasonCode,
    because: string | undefined,
  ): void
  sendAnswer(packet: ServerPacket): void
}

/** An answer that waits for its batch: an acknowledgement or a whole packet (SUBACK, UNSUBACK). */
interface Waiting {
  readonly batch: number
  /** 0 when it is a packet. */
  readonly type: AckType | 0
  readonly packetId: number
  readonly reasonCode: ReasonCode
  readonly because: string | undefined
  readonly packet: ServerPacket | undefined
}

/**
 * Answers to one client leave in the order of their causes, each when the batch that holds its
 * change is safe. One that needs no commit does not overtake one that does.
 *
 * Invariant: after `release` the queue is empty, or its head's batch is not yet safe. It needs no
 * limit of its own: the channel stops reading when it is long.
 */
export class AckQueue {
  readonly #commits: Pick<Commits, 'committed'>
  readonly #sender: AckSender
  #waiting: Ring<Waiting> | undefined

  constructor(commits: Pick<Commits, 'committed'>, sender: AckSender) {
    this.#commits = commits
    this.#sender = sender
  }

  /** Answers that wait. */
  get length(): number {
    return this.#waiting?.length ?? 0
  }

  /** An acknowledgement, for when batch `batch` is safe; 0 waits for none. */
  // hot: with a volatile store an acknowledgement passes through here without allocating.
  ack(
    batch: number,
    type: AckType,
    packetId: number,
    reasonCode: ReasonCode,
    because?: string,
  ): void {
    if (this.#isFree(batch)) this.#sender.sendAck(type, packetId, reasonCode, because)
    else this.#push({ batch, type, packetId, reasonCode, because, packet: undefined })
  }

  /** The same for a whole packet. */
  answer(batch: number, packet: ServerPacket): void {
    if (this.#isFree(batch)) return this.#sender.sendAnswer(packet)
    const reasonCode = ReasonCode.Success
    this.#push({ batch, type: 0, packetId: 0, reasonCode, because: undefined, packet })
  }

  /** Sends everything whose batch is safe by now, unless sending ends the connection. */
  release(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    const committed = this.#commits.committed
    while (this.#waiting === waiting) {
      const head = waiting.peek()
      if (head === undefined || head.batch > committed) return
      waiting.shift()
      if (head.packet !== undefined) this.#sender.sendAnswer(head.packet)
      else if (head.type !== 0) {
        this.#sender.sendAck(head.type, head.packetId, head.reasonCode, head.because)
      }
    }
  }

  /** Forgets what waits: the connection is over. */
  clear(): void {
    this.#waiting = undefined
  }

  /** Whether an answer to batch `batch` may leave now. */
  #isFree(batch: number): boolean {
    return (
      batch <= this.#commits.committed && (this.#waiting === undefined || this.#waiting.isEmpty)
    )
  }

  #push(entry: Waiting): void {
    this.#waiting ??= new Ring<Waiting>()
    this.#waiting.push(entry)
  }
}
