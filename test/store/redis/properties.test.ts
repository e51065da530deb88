import fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import type {
  SessionKey,
  SessionWriter,
  Store,
  StoreBatch,
  StoredSession,
} from '../../../src/broker/ports.ts'
import type { Message } from '../../../src/mqtt/message.ts'
import { MemoryStore } from '../../../src/store/memory/memory-store.ts'
import { RedisStore } from '../../../src/store/redis/redis-store.ts'
import { lane, options, range, retained, slot, state } from '../../contract/kit.ts'
import { RedisServer, redisIsMissing } from '../../support/redis-server.ts'
import { at, message } from '../../support/session-kit.ts'
import { TestLog } from '../../support/test-log.ts'

const histories = Number(process.env.HISTORIES ?? 100)
const lanes = [0, 1, 6]
const clock = { now: () => 5000, wallMs: () => 1_700_000_000_000 }

/** A session that records something now and then; its lanes are as a session has them. */
class Recorded {
  readonly key: SessionKey
  readonly #random: SeededRandom
  readonly #waiting = new Map<number, number[]>()
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
        return writer.changed({ ...state, expiryInterval: below(99) })
      default:
        return this.#lane(writer, lanes[below(lanes.length)] as number)
    }
  }

  /** Some messages join a lane, and some leave it. */
  #lane(writer: SessionWriter, key: number): void {
    const waiting = this.#waiting.get(key) ?? []
    this.#waiting.set(key, waiting)
    for (let left = this.#random.below(100); left > 0; left--) {
      const sequence = this.#sequence++
      writer.queued(key, sequence, message(`m${sequence}`, 1), at(1))
      waiting.push(sequence)
    }
    waiting.splice(0, this.#random.below(150))
    const tail = (waiting.at(-1) ?? this.#sequence - 1) + 1
    writer.lane(lane(key, waiting[0] ?? tail, tail, waiting.length))
  }
}

/** Records of a batch, the same for each store. */
function writeBatch(batch: StoreBatch, seed: number, sessions: Map<string, Recorded>): void {
  const random = new SeededRandom(seed)
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
  }
  const topic = `t${random.below(3)}`
  const change = random.below(4)
  if (change < 2) batch.retainedSet(retained(topic, `r${seed}`))
  if (change === 2) batch.retainedCleared(topic)
}

/** All that a store has, in an order of its own. */
async function contentOf(store: Store): Promise<object> {
  const found: StoredSession[] = []
  for await (const some of store.sessions()) found.push(...some)
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
  const subscriptions = [...snapshot.subscriptions].sort(([a], [b]) => (a < b ? -1 : 1))
  const ordered = [...snapshot.lanes].sort((a, b) => a.key - b.key)
  return { key, state, ...snapshot, inflight, subscriptions, lanes: ordered, queues: queues.sort() }
}

function textOf({ payload }: Message): string {
  return payload.toString()
}

describe.skipIf(redisIsMissing)('whatever is recorded', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start({ appendfsync: 'no' })
  })
  afterAll(() => server.dispose())

  test('Redis has the same of it as the reference has', async () => {
    const open = async (): Promise<RedisStore> => {
      const store = new RedisStore(server.options(), new TestLog(), Infinity, clock.wallMs)
      await store.open(clock)
      return store
    }
    const history = fc.integer({ min: 1, max: 2 ** 30 })
    const check = fc.asyncProperty(
      history,
      fc.integer({ min: 1, max: 20 }),
      async (seed, count) => {
        await server.client.flushall()
        const memory = new MemoryStore()
        let redis = await open()
        for (const store of [memory, redis]) {
          const sessions = new Map<string, Recorded>()
          for (const number of range(1, count)) {
            const batch = store.newBatch(number)
            writeBatch(batch, seed + number, sessions)
            await store.commit(batch)
          }
        }
        await redis.close()
        redis = await open()
        const found = await contentOf(redis)
        await redis.close()
        expectSame(found, await contentOf(memory))
      },
    )
    await fc.assert(check, { numRuns: histories })
  })
})

function expectSame(found: object, wanted: object): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (left !== right) throw new Error(`Redis has\n${left}\nwanted\n${right}`)
}
