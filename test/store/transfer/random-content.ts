import fc from 'fast-check'
import type { SessionState } from '../../../src/broker/ports.ts'
import type { Message } from '../../../src/mqtt/message.ts'
import type { Delivery, SubscriptionOptions } from '../../../src/mqtt/subscription.ts'
import type { QueuedSnapshot, SlotSnapshot } from '../../../src/session/snapshot.ts'
import { encodePublishProperties } from '../../../src/wire/properties.ts'
import { type Content, messageOf } from './kit.ts'

/** Texts as clients send them: any characters but U+0000, also those that JSON writes otherwise. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('"\\/', '\u0001\u007f\u2028', 'ü/😀'),
)
const clean = text.map((value) => value.replaceAll('\0', ''))
const topic = clean.map((value) => value.replace(/[+#]/g, '')).map((value) => `t${value}`)
/** Milliseconds: near to a whole second, so that they may be compared in seconds. */
const time = fc
  .tuple(fc.integer({ min: -1000, max: 10_000 }), fc.integer({ min: 0, max: 100 }))
  .map(([s, ms]) => s * 1000 + ms)
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const)
const seconds = fc.integer({ min: 0, max: 0xffff_ffff })

const properties = fc
  .record({
    payloadIsUtf8: fc.option(fc.boolean(), { nil: undefined }),
    contentType: fc.option(clean, { nil: undefined }),
    correlationData: fc.option(
      fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
      { nil: undefined },
    ),
    userProperties: fc.array(fc.tuple(clean, clean), { maxLength: 3 }),
  })
  .map(encodePublishProperties)

function message(retain?: true): fc.Arbitrary<Message> {
  return fc
    .record({
      topic,
      qos,
      retain: retain === undefined ? fc.boolean() : fc.constant(retain),
      isRetained: fc.boolean(),
      from: clean,
      number: fc.nat(),
      receivedAt: time,
      expiresAt: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), time),
      shape: fc.constantFrom(3 as const, 5 as const),
      properties,
      payload: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    })
    .map((parts) => {
      const none = parts.shape === 3 && { properties: Buffer.alloc(0) }
      return messageOf({ ...parts, ...none })
    })
}

const delivery: fc.Arbitrary<Delivery> = fc.record({
  qos,
  retainAsPublished: fc.boolean(),
  subscriptionIds: fc.option(
    fc.array(fc.integer({ min: 1, max: 268_435_455 }), { minLength: 1, maxLength: 3 }),
    { nil: undefined },
  ),
  shared: fc.option(
    topic.map((value) => `$share/g/${value}`),
    { nil: undefined },
  ),
})

const options: fc.Arbitrary<SubscriptionOptions> = fc
  .record({
    qos,
    noLocal: fc.boolean(),
    retainAsPublished: fc.boolean(),
    retainHandling: qos,
    subscriptionId: fc.option(fc.integer({ min: 1, max: 268_435_455 }), { nil: undefined }),
  })
  .map(({ subscriptionId, ...rest }) =>
    subscriptionId === undefined ? rest : { ...rest, subscriptionId },
  )

const slots: fc.Arbitrary<SlotSnapshot[]> = fc
  .uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 6 })
  .chain((packetIds) =>
    fc.tuple(
      ...packetIds.map((packetId, i) =>
        fc
          .tuple(fc.boolean(), message(), delivery, fc.constantFrom(1 as const, 2 as const))
          .map(([isReleased, message, delivery, qos]): SlotSnapshot => {
            const place = { packetId, order: 3 * i + 5 }
            if (isReleased) return { phase: 'pubrel', ...place }
            return { phase: 'publish', ...place, qos, message, delivery, wasSent: true }
          }),
      ),
    ),
  )

/** Entries of some lanes, in one order of sequences with gaps. */
const queue: fc.Arbitrary<QueuedSnapshot[]> = fc
  .array(fc.tuple(fc.constantFrom(0, 1, 2, 1027), fc.nat({ max: 3 }), message(), delivery), {
    maxLength: 25,
  })
  .map((entries) => {
    let sequence = 0
    return entries.map(([lane, gap, message, delivery]) => {
      sequence += 1 + gap
      return { lane, sequence, message, delivery }
    })
  })

const state: fc.Arbitrary<SessionState> = fc.record({
  username: fc.option(clean, { nil: undefined }),
  zone: clean,
  expiryInterval: fc.oneof(seconds, fc.constant(Number.POSITIVE_INFINITY)),
  will: fc.option(
    fc.record({
      message: message(),
      delay: seconds,
      expiryInterval: fc.option(seconds, { nil: undefined }),
    }),
    { nil: undefined },
  ),
  createdAtWallMs: fc.integer({ min: 0, max: 2_000_000_000_000 }),
  disconnectedAt: fc.option(time, { nil: undefined }),
  isOver: fc.boolean(),
})

const session = fc
  .record({
    clientId: clean.map((value) => `c${value}`),
    state,
    subscriptions: fc.uniqueArray(fc.tuple(topic, options), {
      selector: ([filter]) => filter,
      maxLength: 4,
    }),
    inflight: slots,
    mqueue: queue,
    awaitingRel: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 65_535 }), time), {
      selector: ([packetId]) => packetId,
      maxLength: 4,
    }),
    nextPacketId: fc.integer({ min: 1, max: 65_535 }),
    beyond: fc.nat({ max: 5 }),
  })
  .map(({ beyond, clientId, state, ...parts }) => {
    const nextSequence = (parts.mqueue.at(-1)?.sequence ?? 0) + 1 + beyond
    const { createdAtWallMs } = state
    const lanes = lanesOf(parts.mqueue)
    return { state, snapshot: { ...parts, clientId, createdAtWallMs, lanes, nextSequence } }
  })

/** What a store may hold. */
export const content: fc.Arbitrary<Content> = fc
  .record({
    sessions: fc.array(session, { maxLength: 4 }),
    retained: fc.uniqueArray(message(true), { selector: ({ topic }) => topic, maxLength: 4 }),
  })
  .map(({ retained, sessions }) => ({
    retained,
    sessions: sessions.map(({ snapshot, state }, i) => {
      const { clientId } = snapshot
      const generation = 3 * i + 1
      return {
        key: { clientId, generation },
        state,
        snapshot: { ...snapshot, generation },
      }
    }),
  }))

/** The lanes of a queue. */
export function lanesOf(
  mqueue: readonly QueuedSnapshot[],
): Content['sessions'][number]['snapshot']['lanes'] {
  return [...new Set(mqueue.map(({ lane }) => lane))].map((key) => {
    const entries = mqueue.filter(({ lane }) => lane === key)
    return {
      key,
      head: entries[0]?.sequence ?? 0,
      tail: (entries.at(-1)?.sequence ?? 0) + 1,
      length: entries.length,
      bytes: entries.reduce((sum, { message }) => sum + message.cost, 0),
      isShared: entries.some(({ delivery }) => delivery.shared !== undefined),
      table: key * 1000,
    }
  })
}
