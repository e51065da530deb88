import type { SeededRandom } from '../../base/random.ts'
import type { QoS } from '../../mqtt/subscription.ts'
import type { Message } from '../audit/message.ts'
import { TestClient } from '../clients/test-client.ts'
import type { World } from '../clients/world.ts'
import { fenceOf } from './fence.ts'
import type { Role } from './role.ts'

const messagesMin = 3
const messagesMax = 20
const messageSize = 60
const stayMsMax = 150
/** Milliseconds that a message behind all others may take. */
const syncMsMax = 30_000
const lookMs = 10

/**
 * Begins its session anew with a clean start, again and again, over one with subscriptions and
 * messages that wait. When the broker is killed before CONNACK, the old session must be there whole,
 * or a new one with nothing of the old: one batch holds both its end and the other's beginning.
 */
export class Renewer implements Role {
  readonly name = 'renewer'
  readonly clients: readonly [client: TestClient, partner: TestClient]
  readonly #world: World
  readonly #random: SeededRandom
  readonly #topic: string
  #syncs = 0
  #awaited: Message | undefined
  #onAwaited: () => void = () => undefined

  constructor(world: World, random: SeededRandom) {
    this.#world = world
    this.#random = random
    this.#topic = `${world.prefix}/c/x`
    const client = new TestClient(world, this.name, { version: 5 })
    client.session.onArrived = (message) => {
      if (message === this.#awaited) this.#onAwaited()
    }
    this.clients = [client, new TestClient(world, 'partner', { version: 5 })]
  }

  async play(): Promise<void> {
    const [client, partner] = this.clients
    const { life } = this.#world
    await life.wait(partner.open())
    await this.#finish()
    await life.wait(client.open())
    if (client.session.isDoubtful) await this.#decide()
    await this.#collect()
    for (;;) {
      await life.wait(client.joinAll([[this.#topic, 2], fenceOf(this.#world, this.name)]))
      if (life.isRest) return
      await client.during(life.pass(this.#random.below(stayMsMax)))
      await life.wait(client.quit())
      await this.#send(messagesMin + this.#random.below(messagesMax))
      await life.wait(client.open({ cleanStart: true }))
    }
  }

  /** What the session was owed at the kill must come, before a clean start forgives it. */
  async #collect(): Promise<void> {
    const [client] = this.clients
    const { ledger, life } = this.#world
    const { owed } = client.session
    if (owed.size === 0) return
    await this.#synchronise()
    const untilMs = performance.now() + syncMsMax
    while (owed.size > 0 && performance.now() < untilMs) await client.during(life.pass(lookMs))
    ledger.auditSession(client.session)
  }

  /** Finds out which session it is, and whether that is whole. */
  async #decide(): Promise<void> {
    const [client] = this.clients
    const { session } = client
    const probe = this.#compose(this.#topic, 1)
    await this.#publish(probe)
    await this.#synchronise()
    const isProbed = session.has(probe)
    if (session.owed.size === session.owedAtDoubt && !isProbed) return client.followSession()
    session.trust()
    if (isProbed) return
    const what = `${client.clientId} has messages of its old session and not its subscription`
    this.#world.faults.add('session', what)
  }

  /** Waits for a message behind everything that waits. */
  async #synchronise(): Promise<void> {
    const [client] = this.clients
    const { faults, life, prefix } = this.#world
    const filter = `${prefix}/s/${this.#syncs++}`
    await life.wait(client.join(filter, 1))
    const message = this.#compose(filter, 1)
    const come = new Promise<boolean>((resolve) => {
      this.#awaited = message
      this.#onAwaited = () => resolve(true)
    })
    await this.#publish(message)
    const late = life.pass(syncMsMax).then(() => false)
    if (await client.during(Promise.race([come, late]))) return
    faults.add('session', `${client.clientId} did not get ${message.words} in ${syncMsMax} ms`)
  }

  async #send(count: number): Promise<void> {
    const [, partner] = this.clients
    for (let i = 0; i < count; i++) {
      if (!partner.outbox.hasRoom) await this.#finish()
      partner.outbox.send(this.#compose(this.#topic, this.#random.below(2) === 0 ? 1 : 2))
    }
    await this.#finish()
  }

  async #publish(message: Message): Promise<void> {
    const [, partner] = this.clients
    partner.outbox.send(message)
    await this.#finish()
  }

  async #finish(): Promise<void> {
    const [, partner] = this.clients
    while (!partner.outbox.isEmpty) {
      await this.#world.life.wait(partner.during(partner.outbox.finished()))
    }
  }

  #compose(topic: string, qos: Exclude<QoS, 0>): Message {
    const [, partner] = this.clients
    return this.#world.ledger.compose(partner.clientId, topic, qos, messageSize)
  }
}
