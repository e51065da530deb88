import type { SeededRandom } from '../../base/random.ts'
import type { QoS } from '../../mqtt/subscription.ts'
import { TestClient } from '../clients/test-client.ts'
import type { World } from '../clients/world.ts'
import { fenceOf } from './fence.ts'
import type { Role } from './role.ts'

const pauseMsMax = 80

/** Subscribes and unsubscribes, again and again. */
export class Switcher implements Role {
  readonly name = 'switcher'
  readonly clients: readonly [TestClient]
  readonly #world: World
  readonly #random: SeededRandom
  readonly #filters: readonly string[]

  constructor(world: World, filters: readonly string[], random: SeededRandom) {
    this.#world = world
    this.#random = random
    this.#filters = filters
    this.clients = [new TestClient(world, this.name, { version: 5 })]
  }

  async play(): Promise<void> {
    const [client] = this.clients
    const { life } = this.#world
    await life.wait(client.open())
    await life.wait(client.joinAll([fenceOf(this.#world, this.name)]))
    if (life.isRest) return this.#settle()
    for (;;) {
      await this.#change(this.#filters[this.#random.below(this.#filters.length)] ?? '')
      await client.during(life.pass(this.#random.below(pauseMsMax)))
    }
  }

  /** What a kill left open is decided. */
  async #settle(): Promise<void> {
    const [client] = this.clients
    for (const filter of this.#filters) {
      const state = client.session.subscriptions.stateOf(filter)
      if (state === 'asked' || state === 'leaving') await this.#change(filter)
    }
  }

  async #change(filter: string): Promise<void> {
    const [client] = this.clients
    const { life } = this.#world
    const isThere = client.session.subscriptions.stateOf(filter) !== 'ended'
    if (isThere && this.#random.below(3) > 0) await life.wait(client.leave(filter))
    else await life.wait(client.join(filter, this.#random.below(3) as QoS))
  }
}
