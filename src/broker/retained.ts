import { assert } from '../base/assert.ts'
import type { Message } from '../mqtt/message.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import { hasWildcard } from '../mqtt/topic.ts'
import { ExpiryHeap } from './expiry-heap.ts'
import { RetainedMessage } from './retained-message.ts'
import { TopicTrie } from './topic-trie.ts'

export interface RetainedOptions {
  /** Topics with a retained message. */
  readonly messagesMax: number
  /** Bytes of one payload. */
  readonly payloadBytesMax: number
  /** For messages without an expiry of their own: how long they are kept here. */
  readonly expiryMs: number
}

export const defaultRetainedOptions: RetainedOptions = {
  messagesMax: Number.POSITIVE_INFINITY,
  payloadBytesMax: 1024 * 1024,
  expiryMs: Number.POSITIVE_INFINITY,
}

/** Messages that one `removeExpired` removes: about 2 ms of work. */
const removedMax = 2000

/**
 * The retained message of each topic. A name is a look-up in a map, a filter with wildcards walks
 * a trie of the topics; what has expired is never answered, whether it was swept away yet or not.
 *
 * Invariants: 1. the map and the trie hold the same messages. 2. those that end are in the heap.
 * 3. `bytes` is the sum of their sizes.
 */
export class RetainedStore {
  readonly #options: RetainedOptions
  readonly #messages = new Map<string, RetainedMessage>()
  readonly #topics = new TopicTrie<RetainedMessage>()
  readonly #expiring = new ExpiryHeap<RetainedMessage>()
  #bytes = 0

  constructor(options: RetainedOptions = defaultRetainedOptions) {
    this.#options = options
  }

  /** Topics with a retained message, expired ones until they are swept away. */
  get count(): number {
    return this.#messages.size
  }

  /** Bytes of the packets, in memory or in the store; an object costs about 300 beside them. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Takes a message with RETAIN set: it replaces the topic's, at any QoS, and an empty payload
   * removes it. Refuses: QuotaExceeded at a limit, and the topic keeps what it had; of the two
   * codes that would fit a payload too large it is the one that PUBACK and PUBREC can carry.
   * [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT3-3.3.1-7]
   */
  set(message: Message): 'set' | 'cleared' | Refusal {
    const { topic, payloadSize } = message
    if (payloadSize === 0) {
      this.delete(topic)
      return 'cleared'
    }
    const { messagesMax, payloadBytesMax } = this.#options
    if (payloadSize > payloadBytesMax) {
      return refuse(`a retained payload of ${payloadSize} bytes, the limit is ${payloadBytesMax}`)
    }
    if (this.#messages.size >= messagesMax && !this.#messages.has(topic)) {
      return refuse(`${messagesMax} topics have a retained message, which is the limit`)
    }
    this.restore(message)
    return 'set'
  }

  /** Puts back what the store kept over a restart, whatever the limits are now. */
  restore(message: Message): RetainedMessage {
    assert(message.count === 1, 'a run is never retained')
    const retained = new RetainedMessage(message, this.#options.expiryMs)
    const old = this.#messages.get(retained.topic)
    if (old !== undefined) this.#letGo(old)
    this.#messages.set(retained.topic, retained)
    this.#topics.set(retained.topic, retained)
    this.#bytes += retained.size
    if (retained.forgetAt < Number.POSITIVE_INFINITY) this.#expiring.add(retained)
    return retained
  }

  /** Forgets a topic's message. Answers whether there was one. */
  delete(topic: string): boolean {
    const retained = this.#messages.get(topic)
    if (retained === undefined) return false
    this.#remove(retained)
    return true
  }

  /** The topic's message, as it is kept. */
  get(topic: string): RetainedMessage | undefined {
    return this.#messages.get(topic)
  }

  /**
   * The messages whose topics a filter (without `$share`) matches, for a new subscription; a
   * wildcard in the first level leaves out `$…`. To make one a message, or to fetch it, costs more
   * than to find it: they are to be taken in portions. [MQTT-3.3.1-9] [MQTT-4.7.2-1]
   */
  find(filter: string, now: number): RetainedMessage[] {
    const found: RetainedMessage[] = []
    if (hasWildcard(filter)) this.#topics.matchFilter(filter, found)
    else {
      const retained = this.#messages.get(filter)
      if (retained !== undefined) found.push(retained)
    }
    return found.filter((retained) => !retained.isExpired(now))
  }

  /** All messages; topics may change meanwhile. */
  *list(now: number): IterableIterator<RetainedMessage> {
    for (const retained of this.#messages.values()) if (!retained.isExpired(now)) yield retained
  }

  /**
   * Sweeps away what has expired, a limited number at a call; `onRemoved` is told each topic.
   * Answers when to call again: `now` when more is due already, undefined when nothing will expire.
   */
  removeExpired(now: number, onRemoved: (topic: string) => void): number | undefined {
    for (let removed = 0; removed < removedMax; removed++) {
      const first = this.#expiring.first
      if (first === undefined) return undefined
      if (!first.isExpired(now)) return first.forgetAt
      this.#remove(first)
      onRemoved(first.topic)
    }
    return now
  }

  checkInvariants(): void {
    this.#expiring.checkInvariants()
    assert(this.#messages.size === this.#topics.size, 'map and trie hold as many messages')
    let bytes = 0
    let expiring = 0
    for (const retained of this.#messages.values()) {
      assert(this.#topics.get(retained.topic) === retained, 'the trie holds the message')
      bytes += retained.size
      if (retained.place >= 0) expiring++
    }
    assert(bytes === this.#bytes, 'the bytes are the sum')
    assert(expiring === this.#expiring.size, 'the heap holds no other message')
  }

  #remove(retained: RetainedMessage): void {
    this.#letGo(retained)
    this.#messages.delete(retained.topic)
    this.#topics.delete(retained.topic)
  }

  #letGo(retained: RetainedMessage): void {
    this.#bytes -= retained.size
    this.#expiring.remove(retained)
  }
}

function refuse(because: string): Refusal {
  return new Refusal(ReasonCode.QuotaExceeded, because)
}
