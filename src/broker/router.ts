import { assert } from '../base/assert.ts'
import type { SubscriptionOptions } from '../mqtt/subscription.ts'
import { isSharedFilter, parseSharedFilter } from '../mqtt/topic.ts'
import { FilterIndex } from './filter-index.ts'
import { isSameTarget, Match, mergeTargets, type Target, targetOf } from './match.ts'
import { MatchCache } from './match-cache.ts'
import type { Subscriber } from './ports.ts'
import { SharedGroup } from './shared-group.ts'

export interface RouterOptions {
  /** Topics whose match is remembered; 0 remembers none. */
  readonly cachedTopicsMax: number
  /** Targets and groups in all remembered matches together, 8 bytes each; more than one topic has. */
  readonly cachedTargetsMax: number
}

export const defaultRouterOptions: RouterOptions = {
  cachedTopicsMax: 100_000,
  cachedTargetsMax: 4_000_000,
}

/** The subscribers of one filter; nearly always there is one, and it is kept without a map. */
type Subscribers<S extends Subscriber> = Target<S> | Map<S, Target<S>>

/**
 * Who gets what is published to a topic. A change counts for the next `match`, also for a topic
 * that was matched before; replacing a subscription leaves no moment without one. [MQTT-3.8.4-3]
 *
 * Filters are valid (`checkTopicFilter`). A subscriber is known by its object, not by its client id.
 *
 * Invariants: 1. a cached match is what a new one would be. 2. no group and no map of subscribers
 * is empty. 3. the counts are those of the entries. (A test holds the first: it needs a model.)
 */
export class Router<S extends Subscriber> {
  readonly #direct = new FilterIndex<Subscribers<S>>()
  readonly #shared = new FilterIndex<Set<SharedGroup<S>>>()
  readonly #groups = new Map<string, SharedGroup<S>>()
  readonly #cache: MatchCache<Match<S>>
  readonly #nothing = new Match<S>([], [])
  #directCount = 0
  #sharedCount = 0
  /** What the walks found; empty between calls. */
  readonly #foundDirect: Subscribers<S>[] = []
  readonly #foundShared: Set<SharedGroup<S>>[] = []

  constructor(options: RouterOptions = defaultRouterOptions) {
    this.#cache = new MatchCache(options.cachedTopicsMax, options.cachedTargetsMax)
  }

  /** All subscriptions, shared ones included. */
  get subscriptionCount(): number {
    return this.#directCount + this.#sharedCount
  }

  get sharedSubscriptionCount(): number {
    return this.#sharedCount
  }

  /** Distinct filters; a shared one counts under its full name. */
  get topicCount(): number {
    return this.#direct.size + this.#groups.size
  }

  /** Topics whose match is remembered. */
  get cachedTopicCount(): number {
    return this.#cache.size
  }

  isCached(topic: string): boolean {
    return this.#cache.has(topic)
  }

  /** Adds a subscription, or replaces the subscriber's one of the same filter. */
  subscribe(subscriber: S, filter: string, options: SubscriptionOptions): void {
    if (isSharedFilter(filter)) this.#join(subscriber, filter, options)
    else this.#subscribe(targetOf(subscriber, options), filter)
  }

  /** Removes a subscription. Answers whether it was there. [MQTT-3.10.4-1] */
  unsubscribe(subscriber: S, filter: string): boolean {
    if (isSharedFilter(filter)) return this.#leave(subscriber, filter)
    const subscribers = this.#direct.get(filter)
    if (subscribers === undefined) return false
    if (subscribers instanceof Map) {
      if (!subscribers.delete(subscriber)) return false
      if (subscribers.size === 0) this.#direct.delete(filter)
    } else {
      if (subscribers.subscriber !== subscriber) return false
      this.#direct.delete(filter)
    }
    this.#directCount--
    this.#cache.drop(filter)
    return true
  }

  /** The group of a full `$share/…` filter, to find another member for what one has left. */
  sharedGroup(filter: string): SharedGroup<S> | undefined {
    return this.#groups.get(filter)
  }

  /** Everything that a topic goes to; valid until the next change, so not to be kept. */
  match(topic: string): Match<S> {
    // hot: once for each publish.
    const cached = this.#cache.get(topic)
    if (cached !== undefined) return cached
    const match = this.#build(topic)
    this.#cache.add(topic, match, 1 + match.targets.length + match.groups.length)
    return match
  }

  checkInvariants(): void {
    this.#cache.checkInvariants()
    let sharedCount = 0
    for (const group of this.#groups.values()) {
      group.checkInvariants()
      assert(group.size > 0, 'no group is empty')
      sharedCount += group.size
    }
    assert(sharedCount === this.#sharedCount, 'the shared count is the sum')
    assert(this.#directCount >= this.#direct.size, 'every filter has a subscription')
  }

  #subscribe(target: Target<S>, filter: string): void {
    const subscribers = this.#direct.get(filter)
    const subscriber = target.subscriber
    if (subscribers === undefined) {
      this.#direct.set(filter, target)
      this.#directCount++
    } else if (subscribers instanceof Map) {
      const old = subscribers.get(subscriber)
      if (old !== undefined && isSameTarget(old, target)) return
      subscribers.set(subscriber, target)
      if (old === undefined) this.#directCount++
    } else if (subscribers.subscriber === subscriber) {
      if (isSameTarget(subscribers, target)) return
      this.#direct.set(filter, target)
    } else {
      const both = new Map([[subscribers.subscriber, subscribers]]).set(subscriber, target)
      this.#direct.set(filter, both)
      this.#directCount++
    }
    this.#cache.drop(filter)
  }

  /** Only a group that begins or ends changes a match: its members are not part of it. */
  #join(subscriber: S, filter: string, options: SubscriptionOptions): void {
    let group = this.#groups.get(filter)
    if (group === undefined) {
      group = new SharedGroup<S>(filter)
      this.#groups.set(filter, group)
      const topicFilter = topicFilterOf(filter)
      const groups = this.#shared.get(topicFilter)
      if (groups === undefined) this.#shared.set(topicFilter, new Set([group]))
      else groups.add(group)
      this.#cache.drop(topicFilter)
    }
    if (group.join(subscriber, options)) this.#sharedCount++
  }

  #leave(subscriber: S, filter: string): boolean {
    const group = this.#groups.get(filter)
    if (group === undefined || !group.leave(subscriber)) return false
    this.#sharedCount--
    if (group.size > 0) return true
    this.#groups.delete(filter)
    const topicFilter = topicFilterOf(filter)
    const groups = this.#shared.get(topicFilter) as Set<SharedGroup<S>>
    groups.delete(group)
    if (groups.size === 0) this.#shared.delete(topicFilter)
    this.#cache.drop(topicFilter)
    return true
  }

  #build(topic: string): Match<S> {
    this.#direct.match(topic, this.#foundDirect)
    this.#shared.match(topic, this.#foundShared)
    if (this.#foundDirect.length === 0 && this.#foundShared.length === 0) return this.#nothing
    const targets: Target<S>[] = []
    gatherTargets(this.#foundDirect, targets)
    const groups: SharedGroup<S>[] = []
    for (const found of this.#foundShared) for (const group of found) groups.push(group)
    this.#foundDirect.length = 0
    this.#foundShared.length = 0
    return new Match(targets, groups)
  }
}

/**
 * Appends one target for each subscriber in `found`, merging those that several filters have. The
 * filter with the most subscribers is only looked through, so that one more subscriber with a
 * wildcard does not cost a topic with 100,000 subscribers a map of them all.
 */
function gatherTargets<S extends Subscriber>(found: Subscribers<S>[], targets: Target<S>[]): void {
  let largest: Map<S, Target<S>> | undefined
  for (const subscribers of found) {
    if (!(subscribers instanceof Map)) continue
    if (largest === undefined || subscribers.size > largest.size) largest = subscribers
  }
  if (found.length === 1) {
    if (largest === undefined) targets.push(found[0] as Target<S>)
    else for (const target of largest.values()) targets.push(target)
    return
  }
  const others = new Map<S, Target<S>>()
  for (const subscribers of found) {
    if (subscribers === largest) continue
    if (!(subscribers instanceof Map)) addTarget(others, subscribers)
    else for (const target of subscribers.values()) addTarget(others, target)
  }
  if (largest !== undefined) {
    for (const target of largest.values()) {
      const other = others.get(target.subscriber)
      if (other !== undefined) others.delete(target.subscriber)
      targets.push(other === undefined ? target : mergeTargets(target, other))
    }
  }
  for (const target of others.values()) targets.push(target)
}

function addTarget<S extends Subscriber>(targets: Map<S, Target<S>>, target: Target<S>): void {
  const other = targets.get(target.subscriber)
  targets.set(target.subscriber, other === undefined ? target : mergeTargets(other, target))
}

/** `a/b` of `$share/group/a/b`. */
function topicFilterOf(filter: string): string {
  const shared = parseSharedFilter(filter)
  assert(shared !== undefined, 'a shared filter reaches the router only when it is well-formed')
  return shared.filter
}
