import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import { protocolError } from './refuse.ts'
import type { KnownTopic } from './topic-cache.ts'

/**
 * The aliases that a client gave its topics on this connection; a new connection begins without
 * any. Holds at most `maximum` topics. [MQTT-3.3.2-7]
 */
export class InboundAliases {
  readonly #maximum: number
  readonly #topics: (KnownTopic | undefined)[] = []

  constructor(maximum: number) {
    this.#maximum = maximum
  }

  /** Refuses TopicAliasInvalid: 0, or above what CONNACK announced. [MQTT-3.3.2-8] [MQTT-3.3.2-9] */
  check(alias: number): Refusal | undefined {
    if (alias > 0 && alias <= this.#maximum) return undefined
    const because = `topic alias ${alias}, allowed are 1 to ${this.#maximum}`
    return new Refusal(ReasonCode.TopicAliasInvalid, because)
  }

  /** Gives a checked alias a topic, or another one. [MQTT-3.3.2-12] */
  set(alias: number, topic: KnownTopic): void {
    while (this.#topics.length <= alias) this.#topics.push(undefined)
    this.#topics[alias] = topic
  }

  /** The topic of a checked alias. Refuses: ProtocolError when it has none. */
  get(alias: number): KnownTopic | Refusal {
    const topic = this.#topics[alias]
    return topic ?? protocolError(`topic alias ${alias} was never given a topic`)
  }
}

/**
 * The aliases that we give topics towards a client: the first `maximum` topics that are worth it
 * get one and keep it for the connection. [MQTT-3.1.2-26] [MQTT-3.1.2-27]
 */
export class OutboundAliases {
  readonly #maximum: number
  readonly #byTopic = new Map<string, number>()

  constructor(maximum: number) {
    this.#maximum = maximum
  }

  /** The alias that the client knows for a topic, 0 when it knows none. */
  known(topic: string): number {
    return this.#byTopic.get(topic) ?? 0
  }

  /** The alias to introduce with this topic, 0 when all are given or it would save nothing. */
  next(topic: string): number {
    if (topic.length < 4 || this.#byTopic.size >= this.#maximum) return 0
    return this.#byTopic.size + 1
  }

  /** The packet that introduces `alias` was written. */
  introduce(topic: string, alias: number): void {
    this.#byTopic.set(topic, alias)
  }
}
