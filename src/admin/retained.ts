import type { Clock } from '../base/clock.ts'
import type { Broker } from '../broker/broker.ts'
import type { RetainedMessage } from '../broker/retained-message.ts'
import { type Page, type PageWish, pageOf } from './page.ts'
import { plainTime } from './plain.ts'

/** Bytes of a payload that are told at once. */
export const payloadPartMax = 256 * 1024

/** A retained message without its payload. */
export interface RetainedEntry {
  readonly topic: string
  readonly qos: number
  readonly from_clientid: string
  /** Bytes of the packet. */
  readonly size: number
  readonly publish_at: string | null
  readonly expires_at: string | null
}

/** A retained message with a part of its payload. */
export interface RetainedContent extends RetainedEntry {
  /** Another number is another message of this topic. */
  readonly number: number
  readonly payload_size: number
  /** Where in the payload the part begins, in bytes. */
  readonly payload_offset: number
  /** At most `payloadPartMax` bytes. */
  readonly payload: Buffer
}

export interface RetainedWish extends PageWish {
  /** A topic filter; without one, all but what begins with `$`, as `#` has it. */
  readonly filter?: string | undefined
}

/** Retained messages, in the order in which their topics had their first one. */
export function listRetained(
  broker: Broker,
  clock: Clock,
  wish: RetainedWish,
): Page<RetainedEntry> {
  const now = clock.now()
  const { filter } = wish
  const describe = (retained: RetainedMessage) => retainedEntry(retained, clock)
  if (filter !== undefined) {
    const source = broker.retainer.find(filter, now)
    return pageOf({ source, describe, count: source.length }, wish)
  }
  const fits = ({ topic }: RetainedMessage) => !topic.startsWith('$')
  return pageOf({ source: broker.retainer.list(now), fits, describe }, wish)
}

/**
 * The retained message of a topic, its payload from an offset on: a large one is told in parts.
 * Undefined when there is none. Waits for a store that has the payload.
 */
export async function getRetained(
  broker: Broker,
  clock: Clock,
  topic: string,
  offset: number,
): Promise<RetainedContent | undefined> {
  const retained = broker.retainer.get(topic)
  if (retained === undefined || retained.isExpired(clock.now())) return undefined
  const message = await retained.fetch()
  if (message === undefined) return undefined
  return {
    ...retainedEntry(retained, clock),
    number: retained.number,
    payload_size: message.payloadSize,
    payload_offset: offset,
    payload: message.payload.subarray(offset, offset + payloadPartMax),
  }
}

/** Forgets the retained message of a topic; nobody is told. Answers whether there was one. */
export function deleteRetained(broker: Broker, topic: string): boolean {
  return broker.forgetRetained(topic)
}

function retainedEntry(retained: RetainedMessage, clock: Clock): RetainedEntry {
  const wallAt = (at: number) => clock.wallMs() + Math.round(at - clock.now())
  const { forgetAt, from, qos, receivedAt, size, topic } = retained
  return {
    topic,
    qos,
    from_clientid: from,
    size,
    publish_at: plainTime(wallAt(receivedAt)),
    expires_at: forgetAt === Number.POSITIVE_INFINITY ? null : plainTime(wallAt(forgetAt)),
  }
}
