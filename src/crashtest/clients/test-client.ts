import { ServerError } from '../../client/reply.ts'
import { AckType } from '../../mqtt/packets.ts'
import type { QoS } from '../../mqtt/subscription.ts'
import type { IsStill, KillPoint } from '../kills/trap.ts'
import { Inbox, type InboxLink } from './inbox.ts'
import { Outbox, type OutboxLink } from './outbox.ts'
import { isWhole, readLabel } from './payload.ts'
import { SessionClient, type SessionClientOptions } from './session-client.ts'
import type { World } from './world.ts'

export interface TestClientOptions extends SessionClientOptions {
  /** Its own messages that may be unfinished. */
  readonly window?: number
}

const windowDefault = 20

/**
 * A client that publishes, subscribes and receives as MQTT says, and tells the ledger all of it. After
 * each kill it goes on where it was.
 */
export class TestClient extends SessionClient implements OutboxLink, InboxLink {
  readonly outbox: Outbox
  readonly inbox: Inbox
  /** SUBSCRIBE and UNSUBSCRIBE that wait for their answers. */
  asked = 0
  #points: { readonly point: KillPoint; readonly isStill: IsStill }[] = []

  constructor(world: World, name: string, options: TestClientOptions) {
    super(world, name, options)
    const { version, window = windowDefault } = options
    this.outbox = new Outbox(this.clientId, version, window, world.ledger, this)
    this.inbox = new Inbox(this.clientId, world.faults, this)
  }

  /** Subscribes, and waits for SUBACK. Rejects: ServerError. */
  async join(filter: string, qos: QoS): Promise<void> {
    const { session } = this
    session.subscribing(filter, qos)
    const [code] = await this.#ask(this.subscribe([{ filter, qos }]))
    if (code === undefined || code >= 0x80) {
      throw new ServerError(`${this.clientId} may not subscribe to ${filter}`)
    }
    session.subscribed(filter, code as QoS)
    this.at('suback')
  }

  /** Subscribes to what it surely has no subscription for. Rejects: ServerError. */
  async joinAll(filters: readonly (readonly [filter: string, qos: QoS])[]): Promise<void> {
    for (const [filter, qos] of filters) {
      if (this.session.subscriptions.stateOf(filter) !== 'sure') await this.join(filter, qos)
    }
  }

  /**
   * Unsubscribes, and waits for UNSUBACK, which must know of a subscription that is sure. Rejects:
   * ServerError. [MQTT-3.11.3-2]
   */
  async leave(filter: string): Promise<void> {
    const { session } = this
    const wasSure = session.subscriptions.stateOf(filter) === 'sure'
    session.unsubscribing(filter)
    const [code] = await this.#ask(this.unsubscribe([filter]))
    if (wasSure && code !== undefined && code !== 0) {
      const what = `${this.clientId} is not subscribed to ${filter} any more`
      this.world.faults.add('subscription', what)
    }
    session.unsubscribed(filter)
    this.at('suback')
  }

  at(point: KillPoint, isStill?: IsStill): boolean {
    return this.world.trap.at(point, isStill)
  }

  whenWritten(point: KillPoint, isStill: IsStill): void {
    this.#points.push({ point, isStill })
    this.touch()
  }

  override endTurn(): void {
    const isWritten = this.writable
    super.endTurn()
    if (!isWritten || this.#points.length === 0) return
    for (const { point, isStill } of this.#points.splice(0)) this.at(point, isStill)
  }

  override onPublish(
    bytes: Buffer,
    topicAt: number,
    topicEnd: number,
    payloadAt: number,
    payloadEnd: number,
    packetId: number,
    flags: number,
  ): void {
    const qos = ((flags >> 1) & 3) as QoS
    const isDup = (flags & 8) !== 0
    const label = readLabel(bytes, payloadAt, payloadEnd)
    const name = label === undefined ? 'something' : `${label.kind} ${label.number}`
    if (this.inbox.receive(name, qos, isDup, packetId)) {
      if (label?.kind === 'will') this.world.wills.came(label.number, performance.now())
      else {
        const topic = bytes.toString('utf8', topicAt, topicEnd)
        const message = label && this.world.ledger.message(label.number)
        const isSound = message?.topic === topic && isWhole(message, bytes, payloadAt, payloadEnd)
        if (isSound) this.session.arrived({ message, qos, isDup, packetId })
        else this.world.faults.add('stray', `${this.clientId} got ${name} in ${topic}, damaged`)
      }
    }
    this.inbox.answer(qos, packetId)
  }

  override onAck(type: AckType, packetId: number, code: number): void {
    if (type === AckType.Pubrel) this.inbox.onPubrel(packetId, code)
    else this.outbox.onAck(type, packetId, code)
  }

  protected override onAccepted(): void {
    this.#points = []
    this.inbox.isHolding = false
    this.outbox.resume()
  }

  protected override onNewSession(): void {
    this.inbox.reset()
    this.outbox.reset()
  }

  async #ask(answer: Promise<Uint8Array>): Promise<Uint8Array> {
    let isAnswered = false
    this.asked++
    this.whenWritten('subscribe', () => !isAnswered)
    try {
      return await answer
    } finally {
      isAnswered = true
      this.asked--
    }
  }
}
