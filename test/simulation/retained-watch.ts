import type { SentMessage } from './sent-message.ts'

/**
 * What each topic may hold: its last acknowledged retained message, or one that was sent later and
 * of which nobody knows whether it came through. Each topic has one publisher. What came through a
 * listener that promises nothing beyond the process may be lost in a crash, and what it replaced
 * with it.
 */
export class RetainedWatch {
  readonly #byTopic = new Map<string, SentMessage[]>()

  sent(message: SentMessage): void {
    if (!message.retain) return
    const sent = this.#byTopic.get(message.topic) ?? []
    this.#byTopic.set(message.topic, sent)
    sent.push(message)
  }

  /** What is wrong with what a new subscription got, by topic. */
  faults(got: ReadonlyMap<string, string>, crashes: number): string[] {
    const faults: string[] = []
    for (const [topic, sent] of this.#byTopic) {
      const isUnsure = crashes > 0 && sent.some(({ wasVolatile }) => wasVolatile)
      const last = isUnsure ? -1 : sent.findLastIndex((message) => message.isAcked)
      const candidates = last < 0 ? ['', ...payloads(sent)] : payloads(sent.slice(last))
      const mayExpire = sent.slice(Math.max(0, last)).some(({ expiryS }) => expiryS !== undefined)
      const is = got.get(topic) ?? ''
      if (candidates.includes(is) || (is === '' && mayExpire)) continue
      const wanted = candidates.map((payload) => payload.slice(0, 8) || 'nothing').join(' or ')
      faults.push(`${topic} holds ${is.slice(0, 8) || 'nothing'} instead of ${wanted}`)
    }
    for (const topic of got.keys()) {
      if (!this.#byTopic.has(topic)) faults.push(`${topic} holds what nobody sent`)
    }
    return faults
  }
}

function payloads(messages: readonly SentMessage[]): string[] {
  return messages.map(({ payload }) => payload)
}
