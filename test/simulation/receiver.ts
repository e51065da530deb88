import type { IPublishPacket, IPubrelPacket } from 'mqtt-packet'
import type { QoS } from '../../src/mqtt/subscription.ts'
import type { ClientConnection } from './client-connection.ts'
import type { ClientSession } from './client-session.ts'
import type { Arrival } from './ledger.ts'
import type { Profile } from './profile.ts'
import { Violation } from './trace.ts'
import type { World } from './world.ts'

/** The receiving half of a model client: passes messages on as the specification tells receivers to. */
export class Receiver {
  readonly #world: World
  readonly #profile: Profile

  constructor(world: World, profile: Profile) {
    this.#world = world
    this.#profile = profile
  }

  /** PUBLISH: at QoS 2 an id that is known already is only acknowledged again. [MQTT-4.3.3-10] */
  onPublish(connection: ClientConnection, session: ClientSession, packet: IPublishPacket): void {
    const arrival: Arrival = {
      topic: packet.topic,
      payload: packet.payload.toString(),
      qos: packet.qos as QoS,
      dup: packet.dup,
      retain: packet.retain,
    }
    const packetId = packet.messageId ?? 0
    const label = `${arrival.payload.slice(0, 12)} QoS ${arrival.qos} #${packetId}`
    this.#world.trace.add(connection.name, `got ${label}${arrival.dup ? ' DUP' : ''}`)
    if (arrival.qos < 2) this.#deliver(session, arrival)
    else this.#receiveQoS2(session, packetId, arrival)
    if (arrival.qos === 1) this.#ack(connection, 'puback', packetId)
    if (arrival.qos === 2) this.#ack(connection, 'pubrec', packetId)
  }

  onPubrel(connection: ClientConnection, session: ClientSession, packet: IPubrelPacket): void {
    const packetId = packet.messageId ?? 0
    const known = session.received.get(packetId)
    session.received.delete(packetId)
    if (known?.kept !== undefined) this.#deliver(session, known.kept)
    this.#ack(connection, 'pubcomp', packetId)
  }

  #receiveQoS2(session: ClientSession, packetId: number, arrival: Arrival): void {
    const known = session.received.get(packetId)
    if (known !== undefined && (!arrival.dup || known.payload !== arrival.payload)) {
      const what = `${arrival.payload.slice(0, 12)} under id ${packetId}`
      throw new Violation(`${session} got ${what}, which still is ${known.payload.slice(0, 12)}`)
    }
    if (known !== undefined) return
    const { deliversAtPubrel } = this.#profile
    const { payload } = arrival
    session.received.set(packetId, { payload, kept: deliversAtPubrel ? arrival : undefined })
    if (!deliversAtPubrel) this.#deliver(session, arrival)
  }

  #deliver(session: ClientSession, arrival: Arrival): void {
    const { ledger, wills } = this.#world
    if (arrival.payload.startsWith('will:')) wills.arrived(arrival.payload)
    else ledger.arrived(session, arrival)
  }

  #ack(connection: ClientConnection, cmd: 'puback' | 'pubrec' | 'pubcomp', packetId: number): void {
    const { random, scheduler, isHealing } = this.#world
    const { ackDelayMsMax, acksInOrder } = this.#profile
    const delayMs = isHealing ? 0 : random.below(ackDelayMsMax + 1)
    let at = scheduler.now + delayMs
    if (acksInOrder) {
      at = Math.max(at, connection.lastAckAt)
      connection.lastAckAt = at
    }
    scheduler.after(at - scheduler.now, () => {
      if (!connection.isCurrent) return
      if (cmd !== 'pubrec') connection.watch.finished(packetId)
      connection.send({ cmd, messageId: packetId, reasonCode: 0 })
    })
  }
}
