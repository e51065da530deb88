import type { Refusal } from '../mqtt/refusal.ts'
import { checkTopicName } from '../mqtt/topic.ts'
import { refuseText, TextKind, textKind } from './utf8.ts'

/** A topic name that was checked once: its bytes, its string, and what limits depend on. */
export class KnownTopic {
  readonly bytes: Uint8Array
  readonly name: string
  readonly levels: number
  /** Whether control characters or non-characters are in it. */
  readonly isUnusual: boolean

  constructor(bytes: Uint8Array, name: string, levels: number, isUnusual: boolean) {
    this.bytes = bytes
    this.name = name
    this.levels = levels
    this.isUnusual = isUnusual
  }

  /** Whether `bytes[at … end)` is this topic. */
  is(bytes: Uint8Array, at: number, end: number): boolean {
    const own = this.bytes
    if (own.length !== end - at) return false
    for (let i = 0; i < own.length; i++) if (own[i] !== bytes[at + i]) return false
    return true
  }
}

/** Slots of the cache; a power of two. Full of the longest topics it holds about 4 MB. */
const slotCount = 4096
/** Bytes; longer topics are checked anew each time, so that the cache stays small. */
export const cachedTopicSizeMax = 256

/**
 * Remembers topic names by their bytes, so that checking the UTF-8 and the name and making the
 * string happen once a topic and not once a message. One slot a hash: a newer topic takes the
 * place of an older one, whatever a client sends costs it no more than a miss.
 */
export class TopicCache {
  readonly #slots: (KnownTopic | undefined)[] = new Array(slotCount).fill(undefined)

  /** The topic name in `bytes[at … end)`. Refuses: MalformedPacket, TopicNameInvalid. [MQTT-3.3.2-1] [MQTT-3.3.2-2] */
  find(bytes: Buffer, at: number, end: number): KnownTopic | Refusal {
    if (end - at > cachedTopicSizeMax) return makeKnownTopic(bytes, at, end)
    let hash = end - at
    for (let i = at; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0
    hash = (hash ^ (hash >>> 12)) & (slotCount - 1)
    const known = this.#slots[hash]
    if (known?.is(bytes, at, end)) return known
    const made = makeKnownTopic(bytes, at, end)
    if (made instanceof KnownTopic) this.#slots[hash] = made
    return made
  }
}

/** A memo of pure facts, hence one for all connections. */
export const sharedTopicCache = new TopicCache()

function makeKnownTopic(bytes: Buffer, at: number, end: number): KnownTopic | Refusal {
  const kind = textKind(bytes, at, end)
  if (kind === TextKind.IllFormed) return refuseText(kind, true, 'the topic name') as Refusal
  const name = bytes.toString('utf8', at, end)
  const refusal = checkTopicName(name)
  if (refusal !== undefined) return refusal
  let levels = 1
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) === 0x2f) levels++
  const own = new Uint8Array(end - at)
  own.set(bytes.subarray(at, end))
  return new KnownTopic(own, name, levels, kind === TextKind.Unusual)
}
