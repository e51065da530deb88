import type { ClientConnection } from './client-connection.ts'
import type { ClientSession, Unfinished } from './client-session.ts'
import { drawQoS, drawTopic, type Profile } from './profile.ts'
import type { SentMessage } from './sent-message.ts'
import { Violation } from './trace.ts'
import type { World } from './world.ts'

/** Messages that a publisher lets be unfinished at a time, to keep a run small. */
const unfinishedMax = 20

/** The sending half of a model client. */
export class Publisher {
  readonly #world: World
  readonly #profile: Profile

  constructor(world: World, profile: Profile) {
    this.#world = world
    this.#profile = profile
  }

  /** Publishes something, if the broker takes more. */
  publish(connection: ClientConnection, session: ClientSession): void {
    const { ledger, random, retained } = this.#world
    const { clientId, version } = this.#profile
    const topic = drawTopic(random, clientId)
    const retain = topic.startsWith('r/')
    // One QoS for each retained topic: a QoS 1 message that is sent again would be retained again,
    // after a later QoS 2 message that is only answered again.
    const qos = retain ? (topic.endsWith('0') ? 1 : 2) : drawQoS(random)
    if (qos > 0 && session.outgoing.size >= Math.min(unfinishedMax, receiveMaximumOf(connection)))
      return
    const expiryS = version === 5 && random.below(10) === 0 ? 1 + random.below(5) : undefined
    const padding = random.below(8) === 0 ? random.below(2000) : random.below(10)
    const isEmpty = retain && random.below(4) === 0
    const message = ledger.compose(clientId, topic, qos, retain, expiryS, padding, isEmpty)
    retained.sent(message)
    const packetId = qos === 0 ? 0 : session.takePacketId(connection.pending)
    if (qos > 0) session.outgoing.set(packetId, { message, phase: 'publish' })
    this.#send(connection, packetId, message, false)
  }

  /** The session goes on over a new connection: what is unfinished is sent again, in order. */
  resume(connection: ClientConnection, session: ClientSession): void {
    for (const [packetId, { message, phase }] of session.outgoing) {
      if (phase === 'publish') this.#send(connection, packetId, message, true)
      else this.#release(connection, packetId)
    }
  }

  onPuback(session: ClientSession, packetId: number, reasonCode: number): void {
    this.#finish(session, packetId, reasonCode)
  }

  onPubrec(
    connection: ClientConnection,
    session: ClientSession,
    packetId: number,
    reasonCode: number,
  ): void {
    const unfinished = session.outgoing.get(packetId)
    if (reasonCode >= 0x80) return this.#finish(session, packetId, reasonCode)
    if (unfinished === undefined) return
    unfinished.phase = 'pubrel'
    this.#world.ledger.acked(unfinished.message)
    this.#release(connection, packetId)
  }

  onPubcomp(session: ClientSession, packetId: number): void {
    session.outgoing.delete(packetId)
  }

  #finish(session: ClientSession, packetId: number, reasonCode: number): void {
    const unfinished: Unfinished | undefined = session.outgoing.get(packetId)
    session.outgoing.delete(packetId)
    if (unfinished === undefined) return
    const { hasStoreFailed, ledger, settings } = this.#world
    if (reasonCode < 0x80) return ledger.acked(unfinished.message)
    const mayRefuse = settings.journal.refusesOnFailure && hasStoreFailed
    if (!mayRefuse) throw new Violation(`${unfinished.message} was refused with ${reasonCode}`)
  }

  #send(connection: ClientConnection, packetId: number, message: SentMessage, dup: boolean): void {
    const { topic, payload, qos, retain, expiryS } = message
    this.#world.ledger.sent(message)
    message.wasVolatile ||= connection.attempt.isVolatile
    this.#world.trace.add(connection.name, `sends ${message} #${packetId}${dup ? ' DUP' : ''}`)
    if (qos > 0) connection.watch.awaits(`${qos === 1 ? 'puback' : 'pubrec'} ${packetId}`)
    connection.send({
      cmd: 'publish',
      topic,
      payload,
      qos,
      retain,
      dup,
      messageId: packetId,
      ...(expiryS !== undefined && { properties: { messageExpiryInterval: expiryS } }),
    })
  }

  #release(connection: ClientConnection, packetId: number): void {
    connection.watch.awaits(`pubcomp ${packetId}`)
    connection.send({ cmd: 'pubrel', messageId: packetId, qos: 1 })
  }
}

function receiveMaximumOf(connection: ClientConnection): number {
  return connection.connack?.properties?.receiveMaximum ?? 65_535
}
