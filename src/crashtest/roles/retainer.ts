import type { SeededRandom } from '../../base/random.ts'
import { TestClient } from '../clients/test-client.ts'
import type { World } from '../clients/world.ts'
import type { Role } from './role.ts'

const topics = 6
const pauseMsMax = 40
const sizeMin = 24
const sizeMax = 3000
/** One in so many clears its topic. */
const clearEvery = 4

/** Sets and clears retained messages. */
export class Retainer implements Role {
  readonly name = 'retainer'
  readonly clients: readonly [TestClient]
  readonly #world: World
  readonly #random: SeededRandom

  constructor(world: World, random: SeededRandom) {
    this.#world = world
    this.#random = random
    this.clients = [new TestClient(world, this.name, { version: 5, window: 4 })]
  }

  async play(): Promise<void> {
    const [client] = this.clients
    const { life } = this.#world
    await life.wait(client.open())
    for (;;) {
      if (!life.isRest && client.outbox.hasRoom) this.#publish()
      if (life.isRest && client.outbox.isEmpty) return
      if (!client.outbox.hasRoom || life.isRest) {
        await life.wait(client.during(client.outbox.finished()))
      } else await client.during(life.pass(this.#random.below(pauseMsMax)))
    }
  }

  /**
   * Each topic has one QoS: a QoS 1 message that is sent again is retained again, also behind a later
   * QoS 2 message that is only acknowledged again.
   */
  #publish(): void {
    const [client] = this.clients
    const { ledger, prefix, retained } = this.#world
    const index = this.#random.below(topics)
    const isClear = this.#random.below(clearEvery) === 0
    const size = isClear ? 0 : sizeMin + this.#random.below(sizeMax)
    const qos = index % 2 === 0 ? 1 : 2
    const topic = `${prefix}/r/${index}`
    const message = ledger.compose(client.clientId, topic, qos, size, true)
    retained.sending(message)
    client.outbox.send(message)
  }
}
