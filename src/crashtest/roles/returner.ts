import type { SeededRandom } from '../../base/random.ts'
import { TestClient } from '../clients/test-client.ts'
import type { World } from '../clients/world.ts'
import { fenceOf } from './fence.ts'
import type { Role } from './role.ts'
import type { Filters } from './subscriber.ts'

/** Messages that wait for it before it comes back for a kill while they are delivered. */
const waitingMin = 100
const waitMsMax = 4000
const lookMs = 10
/** Milliseconds that it is away, or there, at a time. */
const turnMsMax = 1200

/** Is away most of the time, while its messages wait for it. */
export class Returner implements Role {
  readonly name: string
  readonly clients: readonly [TestClient]
  readonly #world: World
  readonly #random: SeededRandom
  readonly #filters: Filters

  constructor(world: World, index: number, filters: Filters, random: SeededRandom) {
    this.name = `o${index}`
    this.#world = world
    this.#random = random
    const client = new TestClient(world, this.name, { version: index % 2 === 0 ? 4 : 5 })
    client.session.onArrived = () => void client.at('drain', () => client.session.owed.size > 0)
    this.clients = [client]
    this.#filters = [...filters, fenceOf(world, this.name)]
  }

  async play(): Promise<void> {
    const [client] = this.clients
    const { life } = this.#world
    const isSubscribed = this.#filters.every(
      ([filter]) => client.session.subscriptions.stateOf(filter) === 'sure',
    )
    if (life.isRest || !isSubscribed) await this.#return()
    if (life.isRest) return
    if (client.isOpen) await life.wait(client.quit())
    if (life.plan.kind === 'drain') return this.#comeForAll()
    if (this.#random.below(2) === 0) return
    for (;;) {
      await life.pass(this.#random.below(turnMsMax))
      await this.#return()
      await client.during(life.pass(this.#random.below(turnMsMax)))
      await life.wait(this.#random.below(2) === 0 ? client.quit() : client.cut())
    }
  }

  async #comeForAll(): Promise<void> {
    const [client] = this.clients
    const { life } = this.#world
    for (let ms = 0; ms < waitMsMax && client.session.owed.size < waitingMin; ms += lookMs) {
      await life.pass(lookMs)
    }
    await this.#return()
  }

  async #return(): Promise<void> {
    const [client] = this.clients
    const { life } = this.#world
    await life.wait(client.open())
    await life.wait(client.joinAll(this.#filters))
  }
}
