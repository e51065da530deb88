import { assert } from '../base/assert.ts'
import { hasWildcard } from '../mqtt/topic.ts'
import { TopicTrie } from './topic-trie.ts'

class CacheEntry<M> {
  readonly topic: string
  readonly weight: number
  /** Undefined once it was removed: the clock's iterator may still hold the entry. */
  match: M | undefined
  /** Asked for since the clock's hand passed. */
  isUsed: boolean

  constructor(topic: string, match: M, weight: number) {
    this.topic = topic
    this.weight = weight
    this.match = match
    this.isUsed = false
  }
}

/** Entries that the hand spares in one eviction, so that one publish never pays for all. */
const sparedMax = 64

/** From so many entries on, losing most of them is cheaper done as losing all: 0.2 µs an entry. */
const bulkMin = 1024

/**
 * What matches a topic, remembered for the topics published last.
 *
 * A change of a filter drops the topics that it matches and no others. They are found by walking
 * a trie of the cached topics with the filter, which costs what it finds: neither the size of the
 * cache nor the number of subscriptions matters, so that a thousand clients that come back do not
 * make every publish match anew. The trie costs about 150 bytes a topic. Stamping entries with a
 * version would cost none, but looks up the changes in between at each publish, and keeps alive
 * the sessions that ended.
 *
 * Bounded by topics and by weight, which is for the caller to define. Full, it evicts by the clock
 * rule: the oldest that nobody asked for since the last round.
 *
 * Invariants: 1. entries and trie hold the same topics. 2. the weight is the sum of the entries'.
 */
export class MatchCache<M> {
  readonly #entriesMax: number
  readonly #weightMax: number
  #entries = new Map<string, CacheEntry<M>>()
  readonly #topics = new TopicTrie<CacheEntry<M>>()
  readonly #found: CacheEntry<M>[] = []
  #weight = 0
  #hand: Iterator<CacheEntry<M>> | undefined

  constructor(entriesMax: number, weightMax: number) {
    this.#entriesMax = entriesMax
    this.#weightMax = weightMax
  }

  /** Topics in it. */
  get size(): number {
    return this.#entries.size
  }

  get weight(): number {
    return this.#weight
  }

  /** Whether a topic is cached; does not count as use. */
  has(topic: string): boolean {
    return this.#entries.has(topic)
  }

  get(topic: string): M | undefined {
    const entry = this.#entries.get(topic)
    if (entry === undefined) return undefined
    entry.isUsed = true
    return entry.match
  }

  /** Remembers what matches a topic that is not cached. What alone is too heavy is not kept. */
  add(topic: string, match: M, weight: number): void {
    if (weight > this.#weightMax || this.#entriesMax < 1) return
    while (this.#entries.size >= this.#entriesMax || this.#weight + weight > this.#weightMax) {
      this.#evictOne()
    }
    const entry = new CacheEntry(topic, match, weight)
    this.#entries.set(topic, entry)
    this.#topics.set(topic, entry)
    this.#weight += weight
  }

  /** Forgets the topics that a filter matches. */
  drop(filter: string): void {
    if (this.#entries.size === 0) return
    if (!hasWildcard(filter)) {
      const entry = this.#entries.get(filter)
      if (entry !== undefined) this.#remove(entry)
      return
    }
    if (filter === '#' && this.#entries.size >= bulkMin) {
      this.clear()
      return
    }
    const found = this.#found
    this.#topics.matchFilter(filter, found)
    if (found.length >= bulkMin && found.length * 2 > this.#entries.size) this.clear()
    else for (const entry of found) this.#remove(entry)
    this.#found.length = 0
  }

  clear(): void {
    this.#entries = new Map()
    this.#topics.clear()
    this.#weight = 0
    this.#hand = undefined
  }

  checkInvariants(): void {
    assert(this.#entries.size === this.#topics.size, 'entries and trie hold as many topics')
    let weight = 0
    for (const entry of this.#entries.values()) {
      assert(this.#topics.get(entry.topic) === entry, 'the trie holds the entry')
      weight += entry.weight
    }
    assert(weight === this.#weight, 'the weight is the sum')
    assert(weight <= this.#weightMax && this.#entries.size <= this.#entriesMax, 'it is bounded')
  }

  #remove(entry: CacheEntry<M>): void {
    this.#entries.delete(entry.topic)
    this.#topics.delete(entry.topic)
    this.#weight -= entry.weight
    entry.match = undefined
  }

  #evictOne(): void {
    for (let spared = 0; ; spared++) {
      const entry = this.#nextAtHand()
      if (!entry.isUsed || spared === sparedMax) {
        this.#remove(entry)
        return
      }
      entry.isUsed = false
    }
  }

  /**
   * The entry that the hand points at, after which it moves on. One iterator goes round and round:
   * a new one for each eviction would step over all the places that earlier ones left empty.
   */
  #nextAtHand(): CacheEntry<M> {
    const next = this.#hand?.next()
    if (next !== undefined && !next.done) return next.value
    this.#hand = this.#entries.values()
    return this.#hand.next().value as CacheEntry<M>
  }
}
