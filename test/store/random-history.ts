import { SeededRandom } from '../../src/base/random.ts'
import type {
  SessionKey,
  SessionState,
  SessionWriter,
  Store,
  StoreBatch,
  StoredSession,
} from '../../src/broker/ports.ts'
import type { Message } from '../../src/mqtt/message.ts'
import { Outgoing } from '../../src/session/outgoing.ts'
import { lane, options, retained, slot, state } from '../contract/kit.ts'
import { at, message } from '../support/session-kit.ts'

const lanes = [0, 1, 6]
/** Topics with retained messages: enough for some to stay as they are for long. */
export const topics = Array.from({ length: 9 }, (_, i) => `t${i}`)
/** Characters of a message that are compared, besides their number. */
const comparedMax = 40

/** What waits in a lane, by sequence, and up to where it is in pages. */
interface Waiting {
  sequences: number[]
  pagedUpTo: number
}

/** A session that records something now and then; its lanes are as a session has them. */
export class Recorded {
  readonly key: SessionKey
  readonly #random: SeededRandom
  readonly #waiting = new Map<number, Waiting>()
  #sequence = 1
  #order = 1
  #isNew = true

  constructor(key: SessionKey, random: SeededRandom) {
    this.key = key
    this.#random = random
  }

  record(writer: SessionWriter): void {
    if (this.#isNew) writer.began(state)
    this.#isNew = false
    for (let left = 1 + this.#random.below(6); left > 0; left--) this.#one(writer)
  }

  /** What waits and is in no page yet is put into one for each lane; without a writer, it is there. */
  page(writer: SessionWriter | undefined): void {
    for (const [key, waiting] of this.#waiting) {
      const { pagedUpTo, sequences } = waiting
      const entries = sequences.filter((sequence) => sequence > pagedUpTo).map(entryOf)
      if (entries.length > 0) writer?.page(key, entries)
      waiting.pagedUpTo = sequences.at(-1) ?? pagedUpTo
    }
  }

  #one(writer: SessionWriter): void {
    const below = (bound: number): number => this.#random.below(bound)
    const filter = `f${below(4)}`
    switch (below(9)) {
      case 0:
        return writer.subscribed(filter, { ...options, subscriptionId: 1 + below(9) })
      case 1:
        return writer.unsubscribed(filter)
      case 2:
        return slot(writer, 1 + below(6), this.#order++)
      case 3:
        return writer.released(1 + below(6), this.#order++)
      case 4:
        return writer.freed(1 + below(6))
      case 5:
        return writer.awaitingRel(1 + below(4), 1000 + below(4))
      case 6:
        return writer.relReceived(1 + below(4))
      case 7:
        return writer.changed(this.#state())
      default:
        return this.#lane(writer, lanes[below(lanes.length)] as number)
    }
  }

  #state(): SessionState {
    const below = (bound: number): number => this.#random.below(bound)
    const will = {
      message: message(`w${below(99)}`, 1),
      delay: below(9),
      expiryInterval: undefined,
    }
    const disconnectedAt = 1000 + below(99)
    const expiryInterval = below(99)
    return {
      ...state,
      expiryInterval,
      disconnectedAt: below(2) === 0 ? undefined : disconnectedAt,
      will: below(2) === 0 ? undefined : will,
    }
  }

  /** Some messages join a lane, and some leave it. */
  #lane(writer: SessionWriter, key: number): void {
    const waiting = this.#waiting.get(key) ?? { sequences: [], pagedUpTo: 0 }
    this.#waiting.set(key, waiting)
    const { sequences } = waiting
    for (let left = this.#random.below(100); left > 0; left--) {
      const { delivery, message, sequence } = entryOf(this.#sequence++)
      writer.queued(key, sequence, message as Message, delivery)
      sequences.push(sequence)
    }
    sequences.splice(0, this.#random.below(150))
    const tail = (sequences.at(-1) ?? this.#sequence - 1) + 1
    writer.lane(lane(key, sequences[0] ?? tail, tail, sequences.length))
  }
}

function entryOf(sequence: number): Outgoing {
  const entry = new Outgoing(message(`m${sequence}`, 1), at(1), 1)
  entry.sequence = sequence
  return entry
}

/**
 * Records of a batch, the same for each store by its seed, which grows from batch to batch.
 * `sessions` are those that are there, by client identifier. Answers the keys of those that changed.
 */
export function writeBatch(
  batch: StoreBatch,
  seed: number,
  sessions: Map<string, Recorded>,
): SessionKey[] {
  const random = new SeededRandom(seed)
  const changed: SessionKey[] = []
  for (let left = 1 + random.below(3); left > 0; left--) {
    const clientId = `c${random.below(3)}`
    let recorded = sessions.get(clientId)
    const isOver = random.below(8) === 0
    if (isOver && recorded !== undefined) batch.session(recorded.key).ended()
    if (isOver) recorded = undefined
    recorded ??= new Recorded(
      { clientId, generation: seed * 8 + left },
      new SeededRandom(seed + left),
    )
    sessions.set(clientId, recorded)
    recorded.record(batch.session(recorded.key))
    changed.push(recorded.key)
  }
  const topic = topics[random.below(topics.length)] as string
  const change = random.below(4)
  if (change < 2) batch.retainedSet(retained(topic, `r${seed}`))
  if (change === 2) batch.retainedCleared(topic)
  return changed
}

/** All that a store has, just opened, as plain data in an order of its own; each session is told. */
export async function contentOf(
  store: Store,
  onSession: (session: StoredSession) => void = () => undefined,
): Promise<object> {
  const found: StoredSession[] = []
  for await (const some of store.sessions()) found.push(...some)
  for (const session of found) onSession(session)
  found.sort((a, b) => a.key.generation - b.key.generation)
  const sessions: object[] = []
  for (const session of found) sessions.push(await plain(store, session))
  const messages: string[] = []
  for await (const kept of store.retained()) messages.push(`${kept.topic} ${textOf(kept)}`)
  return { sessions, retained: messages.sort() }
}

async function plain(store: Store, { key, state, snapshot }: StoredSession): Promise<object> {
  const queues: string[] = []
  for (const { head, key: lane } of snapshot.lanes) {
    for (const limit of [1, 70, 1000]) {
      const entries = await store.readQueue(key, lane, head, { length: limit, bytes: 1e6 })
      queues.push(entries.map(({ sequence, message }) => `${sequence} ${textOf(message)}`).join())
    }
  }
  const inflight = snapshot.inflight.map((each) =>
    each.phase === 'pubrel'
      ? `${each.packetId} ${each.order}`
      : `${each.packetId} ${each.order} ${textOf(each.message)}`,
  )
  const will = state.will && { ...state.will, message: textOf(state.will.message) }
  const subscriptions = [...snapshot.subscriptions].sort(([a], [b]) => (a < b ? -1 : 1))
  const ordered = [...snapshot.lanes].sort((a, b) => a.key - b.key)
  return {
    key,
    state: { ...state, will },
    ...snapshot,
    inflight,
    subscriptions,
    lanes: ordered,
    queues: queues.sort(),
  }
}

/** A message as it is compared. */
export function textOf({ payload }: Message): string {
  return `${payload.toString('latin1', 0, comparedMax)} ${payload.length}`
}
