import { packetIdMax } from '../mqtt/packet-id.ts'
import { Reply } from './reply.ts'

/**
 * Identifiers of SUBSCRIBE and UNSUBSCRIBE begin here, so that those of PUBLISH, which are the
 * user's to give, may count from 1 up to here.
 */
export const requestIdMin = 65000

/** Milliseconds that an answer may take. */
export const replyMsMax = 60_000

/** The SUBACKs and UNSUBACKs that one client waits for, by packet identifier. */
export class PendingReplies {
  readonly #replies = new Map<number, Reply<Uint8Array>>()
  #lastId = packetIdMax

  /** An identifier for the next request; they come round after 536. */
  nextId(): number {
    this.#lastId = this.#lastId === packetIdMax ? requestIdMin : this.#lastId + 1
    return this.#lastId
  }

  /** The codes that will answer a request. Rejects: ServerError when they do not come. */
  wait(packetId: number, what: string): Promise<Uint8Array> {
    const reply = new Reply<Uint8Array>(what, replyMsMax)
    this.#replies.set(packetId, reply)
    return reply.promise
  }

  answer(packetId: number, codes: Uint8Array): void {
    this.#replies.get(packetId)?.settle(codes)
    this.#replies.delete(packetId)
  }

  /** No answer comes any more. */
  failAll(because: string): void {
    for (const reply of this.#replies.values()) reply.fail(because)
    this.#replies.clear()
  }
}
