import type { SeededRandom } from '../../base/random.ts'
import { TestClient } from '../clients/test-client.ts'
import type { World } from '../clients/world.ts'
import type { Role } from './role.ts'

/** Topics of each publisher. */
const topicsEach = 2
/** Messages that one look at the clock may send. */
const burstMax = 5
const windowMax = 50
/** Looks at the clock from one at which it cuts its connection to the next. */
const cutEvery = 100

/** Shares of messages, in hundredths, and the size in bytes below which theirs are. */
const sizes: readonly (readonly [share: number, below: number])[] = [
  [70, 100],
  [25, 2_000],
  [4, 8_000],
  [1, 60_000],
]
/** Bytes that the label of every message fits into. */
const sizeMin = 24

/** Publishes to its topics at QoS 1 and 2, at its pace or, when a kill under load is due, at none. */
export class Publisher implements Role {
  readonly name: string
  readonly clients: readonly [TestClient]
  readonly topics: readonly string[]
  readonly #world: World
  readonly #random: SeededRandom
  readonly #intervalMs: number

  /** `perSecond`: messages of this one. */
  constructor(world: World, index: number, perSecond: number, random: SeededRandom) {
    this.name = `p${index}`
    this.#world = world
    this.#random = random
    this.#intervalMs = 1000 / perSecond
    const version = index % 2 === 0 ? 5 : 4
    this.clients = [new TestClient(world, this.name, { version, window: windowMax })]
    this.topics = Array.from({ length: topicsEach }, (_, k) => `${world.prefix}/t/${index}/${k}`)
  }

  async play(): Promise<void> {
    const [client] = this.clients
    const { life } = this.#world
    await life.wait(client.open())
    if (life.isRest) return this.finish()
    for (;;) {
      const burst = 1 + this.#random.below(burstMax)
      for (let i = 0; i < burst && client.outbox.hasRoom; i++) this.#publish()
      if (!client.outbox.hasRoom) await life.wait(client.during(client.outbox.finished()))
      else if (life.plan.kind === 'load') await life.pass(0)
      else await this.#rest(2 * burst * this.#intervalMs)
    }
  }

  /** Publishes one message of each QoS to each of its topics and each of others, and finishes them. */
  async probe(others: readonly string[]): Promise<void> {
    for (const topic of [...this.topics, ...others]) {
      for (const qos of [1, 2] as const) await this.#sendWhenRoom(topic, qos)
    }
    await this.finish()
  }

  /** Resolves when everything has been acknowledged. */
  async finish(): Promise<void> {
    const [client] = this.clients
    while (!client.outbox.isEmpty) {
      await this.#world.life.wait(client.during(client.outbox.finished()))
    }
  }

  async #rest(msMax: number): Promise<void> {
    const [client] = this.clients
    const { life } = this.#world
    if (this.#random.below(cutEvery) === 0) {
      await life.wait(client.cut())
      await life.wait(client.open())
    }
    await client.during(life.pass(this.#random.below(msMax)))
  }

  async #sendWhenRoom(topic: string, qos: 1 | 2): Promise<void> {
    const [client] = this.clients
    while (!client.outbox.hasRoom) {
      await this.#world.life.wait(client.during(client.outbox.finished()))
    }
    client.outbox.send(this.#world.ledger.compose(client.clientId, topic, qos, sizeMin))
  }

  #publish(): void {
    const [client] = this.clients
    const topic = this.topics[this.#random.below(this.topics.length)] ?? ''
    const qos = this.#random.below(2) === 0 ? 1 : 2
    const { ledger } = this.#world
    client.outbox.send(ledger.compose(client.clientId, topic, qos, this.#size()))
  }

  #size(): number {
    let left = this.#random.below(100)
    for (const [share, below] of sizes) {
      if (left < share) return sizeMin + this.#random.below(below - sizeMin)
      left -= share
    }
    return sizeMin
  }
}
