import type { SeededRandom } from '../../base/random.ts'
import type { QoS } from '../../mqtt/subscription.ts'
import { TestClient, type TestClientOptions } from '../clients/test-client.ts'
import type { World } from '../clients/world.ts'
import { fenceOf } from './fence.ts'
import type { Role } from './role.ts'

/** Milliseconds that it stays connected before it may cut its connection. */
const stayMsMin = 200
const stayMsMax = 1500
/** Milliseconds for which it keeps back its answers before it cuts. */
const holdMsMax = 40

export type Filters = readonly (readonly [filter: string, qos: QoS])[]

/** Is there as long as the broker is; now and then it cuts its connection and comes back at once. */
export class Subscriber implements Role {
  readonly name: string
  readonly clients: readonly [TestClient]
  readonly #world: World
  readonly #random: SeededRandom
  readonly #filters: Filters

  constructor(
    world: World,
    name: string,
    options: TestClientOptions,
    filters: Filters,
    random: SeededRandom,
  ) {
    this.name = name
    this.#world = world
    this.#random = random
    this.clients = [new TestClient(world, name, options)]
    this.#filters = [...filters, fenceOf(world, this.name)]
  }

  async play(): Promise<void> {
    const [client] = this.clients
    const { life } = this.#world
    for (;;) {
      await life.wait(client.open())
      await life.wait(client.joinAll(this.#filters))
      if (life.isRest) return
      await this.#stay(stayMsMin + this.#random.below(stayMsMax))
      client.inbox.isHolding = true
      await this.#stay(this.#random.below(holdMsMax))
      await life.wait(client.cut())
    }
  }

  async #stay(ms: number): Promise<void> {
    const [client] = this.clients
    await client.during(this.#world.life.pass(ms))
  }
}
