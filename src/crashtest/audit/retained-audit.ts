import type { Faults } from './faults.ts'
import type { Message } from './message.ts'

/** A look at what is retained: by topic, −1 where nothing had been acknowledged when it began. */
export interface Reading {
  readonly from: ReadonlyMap<string, number>
}

/** What is known of a topic: everything sent from the last acknowledged message on. */
interface Topic {
  sent: Message[]
  /** False behind a fault, until a message is acknowledged: what is wrong is told once. */
  isKnown: boolean
}

/**
 * What each topic may hold: the last retained message that was acknowledged, or a later one of which
 * nobody knows whether it came through. Each topic has one publisher, who publishes in order.
 */
export class RetainedAudit {
  readonly #faults: Faults
  readonly #topics = new Map<string, Topic>()
  /** Looks at topics, whatever was found. */
  checked = 0

  constructor(faults: Faults) {
    this.#faults = faults
  }

  sending(message: Message): void {
    const topic = this.#topics.get(message.topic)
    if (topic === undefined) this.#topics.set(message.topic, { sent: [message], isKnown: true })
    else topic.sent.push(message)
  }

  /** A new subscription is about to ask what there is. */
  begin(): Reading {
    const from = new Map<string, number>()
    for (const [name, topic] of this.#topics) {
      // What was acknowledged replaces all before it: nobody will ask for that any more.
      const last = topic.sent.findLastIndex((message) => message.isAcknowledged)
      topic.sent.splice(0, Math.max(0, last))
      topic.isKnown ||= last >= 0
      if (topic.isKnown) from.set(name, last < 0 ? -1 : 0)
    }
    return { from }
  }

  /**
   * `got`: by topic, the number of the message that a new subscription got; undefined for one that
   * clears the topic.
   */
  check({ from }: Reading, got: ReadonlyMap<string, number | undefined>): void {
    for (const [name, first] of from) {
      this.checked++
      const topic = this.#topics.get(name)
      const candidates = topic?.sent.map(contentOf) ?? []
      if (first < 0) candidates.push(undefined)
      const is = got.get(name)
      if (topic === undefined || candidates.includes(is)) continue
      const wanted = [...new Set(candidates.map(inWords))].join(' or ')
      const since = topic.sent[0]?.acknowledgedInLife ?? 0
      const when = since > 0 ? `, acknowledged in life ${since}` : ''
      this.#faults.add('retained', `${name} holds ${inWords(is)}, not ${wanted}${when}`)
      topic.sent = []
      topic.isKnown = false
    }
    for (const name of got.keys()) {
      if (!this.#topics.has(name)) this.#faults.add('retained', `${name} holds what nobody sent`)
    }
  }
}

function contentOf({ number, size }: Message): number | undefined {
  return size === 0 ? undefined : number
}

function inWords(number: number | undefined): string {
  return number === undefined ? 'nothing' : `message ${number}`
}
