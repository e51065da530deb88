import type { SeededRandom } from '../../base/random.ts'
import { ToolClient } from '../../client/tool-client.ts'
import type { Will } from '../audit/will.ts'
import { willPayload } from '../clients/payload.ts'
import type { World } from '../clients/world.ts'
import type { Role } from './role.ts'

/** Seconds. */
const delayMax = 3
const sessionExpiry = 24 * 3600
/** Milliseconds after which the broker surely knows of an end. */
const noticeMs = 100
/** Milliseconds that it stays connected. */
const stayMsMax = 600
const disconnectWithWill = 0x04

/** The topic of its wills. */
export function willTopicOf(world: World): string {
  return `${world.prefix}/w/x`
}

/**
 * Goes away and leaves a will, which is due some seconds later; comes back before, or waits until it
 * has come. Now and then it says good-bye, which takes the will away.
 */
export class Willer implements Role {
  readonly name = 'willer'
  readonly clients = []
  readonly #world: World
  readonly #random: SeededRandom
  #client: ToolClient

  constructor(world: World, random: SeededRandom) {
    this.#world = world
    this.#random = random
    this.#client = new ToolClient(world.turn)
  }

  async play(): Promise<void> {
    const { life, wills } = this.#world
    for (;;) {
      const will = wills.current
      if (will?.state === 'pending') await this.#wait(will)
      if (life.isRest) return
      await this.#connect()
      await life.pass(this.#random.below(stayMsMax))
      await this.#leave()
    }
  }

  async #wait(will: Will): Promise<void> {
    const { life, wills } = this.#world
    const isImpatient = this.#random.below(3) === 0 && !life.isRest
    if (isImpatient) return life.pass(this.#random.below(will.delayMs))
    const come = wills.whenCome(will)
    while (will.state === 'pending') {
      const leftMs = wills.deadlineMs(will) - performance.now()
      if (leftMs < 0) return wills.missed(will)
      await life.wait(Promise.race([come, life.pass(leftMs)]))
    }
  }

  async #connect(): Promise<void> {
    const { address, life, prefix, turn, wills } = this.#world
    const delay = this.#random.below(delayMax + 1)
    const { number } = wills.connecting(delay * 1000)
    const topic = willTopicOf(this.#world)
    const payload = willPayload(number)
    this.#client = new ToolClient(turn)
    const connected = this.#client.connect(address, {
      version: 5,
      clientId: `${prefix}-${this.name}`,
      cleanStart: false,
      sessionExpiry,
      will: { topic, payload, qos: 2, retain: false, delay },
    })
    await life.wait(connected)
    wills.connected(performance.now())
  }

  async #leave(): Promise<void> {
    const { ledger, life, wills } = this.#world
    const will = wills.current
    const chance = this.#random.below(4)
    if (chance === 0) will?.sayGoodBye(performance.now())
    else will?.goAway(performance.now())
    if (chance === 1) this.#client.destroy()
    await life.wait(this.#client.disconnect(chance === 0 ? 0 : disconnectWithWill))
    await life.pass(noticeMs)
    will?.absence?.known(ledger.nextTick())
    if (chance === 0) await life.pass(this.#random.below(delayMax * 1000))
  }
}
