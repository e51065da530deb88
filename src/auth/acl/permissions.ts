import { parseSharedFilter, topicMatches } from '../../mqtt/topic.ts'
import { covers, intersection } from './filters.ts'
import type { CompiledRule } from './rule.ts'

/**
 * What one client may do. Rules are asked in their order, and the first one that is about a topic
 * decides about it; where none is, `isAllowedElse` does.
 */
export class Permissions {
  readonly #publish: readonly CompiledRule[]
  readonly #subscribe: readonly CompiledRule[]
  readonly #isAllowedElse: boolean

  constructor(rules: readonly CompiledRule[], isAllowedElse: boolean) {
    this.#publish = rules.filter((rule) => rule.forPublish)
    this.#subscribe = rules.filter((rule) => rule.forSubscribe)
    this.#isAllowedElse = isAllowedElse
  }

  // hot:
  mayPublish(topic: string): boolean {
    for (const { filters, isAllow } of this.#publish) {
      for (const filter of filters) if (topicMatches(filter, topic)) return isAllow
    }
    return this.#isAllowedElse
  }

  /**
   * Whether everything that a valid filter can match is allowed; of `$share/{name}/{filter}` the
   * filter counts. A filter that only several rules together allow is refused.
   */
  maySubscribe(filter: string): boolean {
    const wanted = parseSharedFilter(filter)?.filter ?? filter
    const allowed: string[] = []
    for (const { filters, isAllow } of this.#subscribe) {
      for (const ruled of filters) {
        if (isAllow) {
          if (covers(ruled, wanted)) return true
          allowed.push(ruled)
          continue
        }
        const denied = intersection(ruled, wanted)
        if (denied !== undefined && !allowed.some((wide) => covers(wide, denied))) return false
      }
    }
    return this.#isAllowedElse
  }
}
