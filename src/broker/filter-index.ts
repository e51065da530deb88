import { hasWildcard } from '../mqtt/topic.ts'
import { TopicTrie } from './topic-trie.ts'

/**
 * One value per topic filter, found by topic name. Filters without a wildcard, which are most, are
 * a look-up in a map; only the others are walked.
 */
export class FilterIndex<V> {
  readonly #exact = new Map<string, V>()
  readonly #wildcard = new TopicTrie<V>()

  /** Filters in it. */
  get size(): number {
    return this.#exact.size + this.#wildcard.size
  }

  get(filter: string): V | undefined {
    return hasWildcard(filter) ? this.#wildcard.get(filter) : this.#exact.get(filter)
  }

  set(filter: string, value: V): void {
    if (hasWildcard(filter)) this.#wildcard.set(filter, value)
    else this.#exact.set(filter, value)
  }

  delete(filter: string): boolean {
    return hasWildcard(filter) ? this.#wildcard.delete(filter) : this.#exact.delete(filter)
  }

  /** Appends to `found` the values of all filters that a topic name matches. */
  match(topic: string, found: V[]): void {
    const exact = this.#exact.get(topic)
    if (exact !== undefined) found.push(exact)
    if (this.#wildcard.size > 0) this.#wildcard.matchTopic(topic, found)
  }
}
