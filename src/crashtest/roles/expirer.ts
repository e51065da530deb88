import type { SeededRandom } from '../../base/random.ts'
import { ToolClient } from '../../client/tool-client.ts'
import type { World } from '../clients/world.ts'
import type { Role } from './role.ts'

/** Seconds. */
const expiryMin = 1
const expiryMax = 3
const stayMsMax = 300
/** Milliseconds after which the broker surely knows of an end. */
const noticeMs = 100
/** It is away for at most so many times its expiry interval. */
const awayMax = 3

/** Has a session that outlives it by a few seconds, and comes back before or after its end. */
export class Expirer implements Role {
  readonly name = 'expirer'
  readonly clients = []
  readonly #world: World
  readonly #random: SeededRandom
  /** Monotonic ms; kills do not change it. */
  #returnsAt = 0

  constructor(world: World, random: SeededRandom) {
    this.#world = world
    this.#random = random
  }

  async play(): Promise<void> {
    const { expiry, ledger, life } = this.#world
    while (!life.isRest) {
      await life.pass(Math.max(0, this.#returnsAt - performance.now()))
      const seconds = expiryMin + this.#random.below(expiryMax - expiryMin + 1)
      const client = await this.#connect(seconds)
      this.#returnsAt = performance.now() + this.#random.below(awayMax * 1000 * seconds)
      await life.pass(this.#random.below(stayMsMax))
      expiry.gone(performance.now())
      if (this.#random.below(2) === 0) client.destroy()
      await life.wait(client.disconnect())
      await life.pass(noticeMs)
      expiry.known(ledger.nextTick())
    }
  }

  async #connect(seconds: number): Promise<ToolClient> {
    const { address, expiry, life, prefix, turn } = this.#world
    const client = new ToolClient(turn)
    expiry.connecting(performance.now())
    const connected = client.connect(address, {
      version: 5,
      clientId: `${prefix}-${this.name}`,
      cleanStart: false,
      sessionExpiry: seconds,
    })
    try {
      const { sessionPresent } = await life.wait(connected)
      expiry.connected(sessionPresent, performance.now(), seconds * 1000)
    } catch (error) {
      expiry.failed()
      throw error
    }
    return client
  }
}
