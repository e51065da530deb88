import { ReasonCode } from './reason-code.ts'
import { Refusal } from './refusal.ts'

/** A `$share/{name}/{filter}` taken apart. [MQTT-4.8.2-1] */
export interface SharedFilter {
  readonly group: string
  readonly filter: string
}

const sharePrefix = '$share/'

const hash = 0x23
const dollar = 0x24
const plus = 0x2b
const slash = 0x2f

/**
 * Checks a topic name as PUBLISH and wills carry it: at least one character, no wildcard, no
 * U+0000, no more than `levelsMax` levels. That it is UTF-8 is `wire`'s to check.
 * Refuses: TopicNameInvalid. [MQTT-4.7.0-1] [MQTT-4.7.3-1] [MQTT-4.7.3-2]
 */
export function checkTopicName(
  topic: string,
  levelsMax = Number.POSITIVE_INFINITY,
): Refusal | undefined {
  if (topic.length === 0) return refuseName('an empty topic name')
  let levels = 1
  for (let i = 0; i < topic.length; i++) {
    const c = topic.charCodeAt(i)
    if (c === 0x2f) levels++
    else if (c === 0x23 || c === 0x2b) return refuseName('a wildcard in a topic name')
    else if (c === 0) return refuseName('U+0000 in a topic name')
  }
  if (levels > levelsMax)
    return refuseName(`a topic name of ${levels} levels, the limit is ${levelsMax}`)
  return undefined
}

/**
 * Checks a topic filter: wildcards fill a whole level, `#` comes last, `$share` has a name without
 * wildcards and a filter behind it. Refuses: TopicFilterInvalid. [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.8.2-1] [MQTT-4.8.2-2]
 */
export function checkTopicFilter(
  filter: string,
  levelsMax = Number.POSITIVE_INFINITY,
): Refusal | undefined {
  if (filter.length === 0) return refuseFilter('an empty topic filter')
  if (filter.includes('\0')) return refuseFilter('U+0000 in a topic filter')
  if (!isSharedFilter(filter)) return checkLevels(filter, levelsMax)
  const shared = parseSharedFilter(filter)
  if (shared === undefined) {
    return refuseFilter(
      'a shared subscription wants $share/{name}/{filter}, its name without / + #',
    )
  }
  return checkLevels(shared.filter, levelsMax)
}

/** Whether a filter asks for a shared subscription, well-formed or not. `$share` alone does. */
export function isSharedFilter(filter: string): boolean {
  return filter.startsWith(sharePrefix) || filter === '$share'
}

/** Takes a shared filter apart; undefined when it is none or ill-formed. [MQTT-4.8.2-1] [MQTT-4.8.2-2] */
export function parseSharedFilter(filter: string): SharedFilter | undefined {
  if (!filter.startsWith(sharePrefix)) return undefined
  const slash = filter.indexOf('/', sharePrefix.length)
  if (slash <= sharePrefix.length || slash === filter.length - 1) return undefined
  const group = filter.slice(sharePrefix.length, slash)
  if (group.includes('+') || group.includes('#')) return undefined
  return { group, filter: filter.slice(slash + 1) }
}

export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#')
}

/**
 * Whether a topic name matches a valid filter without `$share`, character by character: what the
 * two name is compared as it stands, without normalisation. [MQTT-4.7.2-1] [MQTT-4.7.3-4]
 */
export function topicMatches(filter: string, topic: string): boolean {
  // hot: the router asks it for every lone filter on the way to a topic's subscribers.
  if (topic.charCodeAt(0) === dollar && isWildcard(filter.charCodeAt(0))) return false
  let f = 0
  let t = 0
  for (;;) {
    if (filter.charCodeAt(f) === hash) return true
    if (filter.charCodeAt(f) === plus) {
      f++
      while (t < topic.length && topic.charCodeAt(t) !== slash) t++
    }
    for (; f < filter.length && filter.charCodeAt(f) !== slash; f++, t++) {
      if (filter.charCodeAt(f) !== topic.charCodeAt(t)) return false
    }
    if (t < topic.length && topic.charCodeAt(t) !== slash) return false
    if (f === filter.length) return t === topic.length
    // `a/#` matches its parent `a` too.
    if (t === topic.length) return f + 2 === filter.length && filter.charCodeAt(f + 1) === hash
    f++
    t++
  }
}

function isWildcard(character: number): boolean {
  return character === hash || character === plus
}

function checkLevels(filter: string, levelsMax: number): Refusal | undefined {
  const levels = filter.split('/')
  if (levels.length > levelsMax) {
    return refuseFilter(`a topic filter of ${levels.length} levels, the limit is ${levelsMax}`)
  }
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i] as string
    if (level.includes('#') && (level !== '#' || i !== levels.length - 1)) {
      return refuseFilter('# must be the last level and stand alone')
    }
    if (level.includes('+') && level !== '+') return refuseFilter('+ must fill a whole level')
  }
  return undefined
}

function refuseName(because: string): Refusal {
  return new Refusal(ReasonCode.TopicNameInvalid, because)
}

function refuseFilter(because: string): Refusal {
  return new Refusal(ReasonCode.TopicFilterInvalid, because)
}
