import type { IConnackPacket, Packet } from 'mqtt-packet'
import { type Attempt, ClientConnection, type ConnectionUser } from './client-connection.ts'
import { ClientSession, type ModelSubscription } from './client-session.ts'
import { connectPacket } from './connect-packet.ts'
import { Link } from './link.ts'
import { drawFilter, drawQoS, type Profile } from './profile.ts'
import { Publisher } from './publisher.ts'
import { Receiver } from './receiver.ts'
import type { ZoneName } from './settings.ts'
import { Violation } from './trace.ts'
import { WireWatch } from './wire-watch.ts'
import type { World } from './world.ts'

/** Milliseconds after which a client gives up waiting for CONNACK. */
const connectTimeoutMs = 8000

/**
 * An MQTT client that follows the specification while everything goes wrong around it. It knows
 * what it was promised: whether its session must still be there, and what its subscriptions are.
 */
export class ModelClient implements ConnectionUser {
  readonly profile: Profile
  readonly #world: World
  readonly #publisher: Publisher
  readonly #receiver: Receiver
  #connection: ClientConnection | undefined
  #session: ClientSession | undefined
  /** Nobody knows whether there is a session: only a clean start makes it certain. */
  #mustBeClean = false
  /** Whether the last CONNECT, or one since the last CONNACK, came through the volatile listener. */
  #isTouched = false
  #connections = 0
  #sessions = 0

  constructor(world: World, profile: Profile) {
    this.#world = world
    this.profile = profile
    this.#publisher = new Publisher(world, profile)
    this.#receiver = new Receiver(world, profile)
  }

  get session(): ClientSession | undefined {
    return this.#session
  }

  get connection(): ClientConnection | undefined {
    return this.#connection
  }

  get isConnected(): boolean {
    return this.#connection?.isOpen === true
  }

  /** Nothing is under way: everything sent is answered, everything received acknowledged. */
  get isQuiet(): boolean {
    const session = this.#session
    if (!this.isConnected || session === undefined) return false
    return session.outgoing.size === 0 && this.#connection?.watch.isQuiet === true
  }

  // What it does.

  connect(wish: { isClean?: boolean } = {}): void {
    const { profile } = this
    const { ledger, random, settings, wills } = this.#world
    const broker = this.#world.broker
    if (broker === undefined) return
    this.#forgetWhatMayExpire()
    const zone = profile.zones[random.below(profile.zones.length)] as ZoneName
    const isClean = wish.isClean ?? (this.#mustBeClean || !profile.isPersistent)
    const expiryS = this.#expiryS(zone, isClean, wish.isClean === true)
    const { receiveMaxima } = profile
    const asked = receiveMaxima[random.below(receiveMaxima.length)] ?? 65_535
    const receiveMaximum = profile.version === 5 ? asked : 65_535
    const attempt: Attempt = {
      isClean,
      expiryS,
      receiveMaximum,
      isVolatile: zone === 'volatile',
    }
    this.#leave()
    if (isClean && this.#session !== undefined) ledger.end(this.#session)
    if (isClean) this.#mustBeClean = true
    if (attempt.isVolatile) this.#isTouched = true
    wills.connecting(profile.clientId)
    const name = `${profile.clientId}.${++this.#connections}`
    const { inflightMax } = settings.zones.get(zone)?.session ?? { inflightMax: 1 }
    const watch = new WireWatch(name, profile.version, Math.min(inflightMax, receiveMaximum))
    const connection = new ClientConnection(
      name,
      profile.version,
      attempt,
      watch,
      this,
      () => this.#world.scheduler.now,
      (user) => new Link(this.#world.scheduler, random, () => this.#world.weather, user),
    )
    this.#connection = connection
    this.#world.trace.add(name, `CONNECT ${zone}${isClean ? ' clean' : ''} expiry ${expiryS}`)
    broker.accept(connection.link, zone)
    connection.send({ ...connectPacket(this.#world, profile, connection) })
    this.#world.scheduler.after(connectTimeoutMs, () => {
      if (this.#connection === connection && !connection.isOpen) this.#give(connection)
    })
  }

  /** DISCONNECT, then the end: with the will taken back, or left to be published. */
  disconnect(wish: { leavesWill?: boolean; endsSession?: boolean } = {}): void {
    const connection = this.#connection
    if (connection === undefined || !connection.isOpen) return
    const { version } = this.profile
    const leavesWill = wish.leavesWill === true && version === 5
    const expires = version === 5 && wish.endsSession === true && connection.attempt.expiryS > 0
    this.#world.trace.add(connection.name, `DISCONNECT${leavesWill ? ' with will' : ''}`)
    connection.send({
      cmd: 'disconnect',
      reasonCode: leavesWill ? 0x04 : 0,
      ...(expires && { properties: { sessionExpiryInterval: 0 } }),
    })
    connection.close()
    this.#onGone(connection)
    if (expires) this.#forget()
  }

  subscribe(filter = drawFilter(this.#world.random), qos = drawQoS(this.#world.random)): void {
    const connection = this.#connection
    const session = this.#session
    if (connection === undefined || session === undefined || !connection.isOpen) return
    const { random } = this.#world
    const isShared = filter.startsWith('$share/')
    const subscription: ModelSubscription = {
      filter,
      qos: isShared && qos === 0 ? 1 : qos,
      noLocal: this.profile.version === 5 && !isShared && random.below(5) === 0,
      isSure: false,
      endedAt: Number.POSITIVE_INFINITY,
    }
    for (const other of session.current(filter)) other.isSure = false
    session.subscriptions.push(subscription)
    const packetId = session.takePacketId(connection.pending)
    connection.pending.set(packetId, () => this.#onSubscribed(session, subscription))
    connection.watch.awaits(`suback ${packetId}`)
    this.#world.trace.add(connection.name, `SUBSCRIBE ${filter} QoS ${subscription.qos}`)
    connection.send({
      cmd: 'subscribe',
      messageId: packetId,
      subscriptions: [
        { topic: filter, qos: subscription.qos, nl: subscription.noLocal, rap: false, rh: 0 },
      ],
    })
  }

  unsubscribe(): void {
    const connection = this.#connection
    const session = this.#session
    if (connection === undefined || session === undefined || !connection.isOpen) return
    const known = session.subscriptions.filter(({ isSure }) => isSure)
    const chosen = known[this.#world.random.below(known.length)]
    if (chosen === undefined) return
    const ended = [...session.current(chosen.filter)]
    for (const subscription of ended) subscription.isSure = false
    const packetId = session.takePacketId(connection.pending)
    connection.pending.set(packetId, () => {
      for (const subscription of ended) subscription.endedAt = this.#world.scheduler.now
    })
    connection.watch.awaits(`unsuback ${packetId}`)
    this.#world.trace.add(connection.name, `UNSUBSCRIBE ${chosen.filter}`)
    connection.send({ cmd: 'unsubscribe', messageId: packetId, unsubscriptions: [chosen.filter] })
  }

  publish(): void {
    const session = this.#session
    if (session !== undefined && this.#connection?.isOpen === true) {
      this.#publisher.publish(this.#connection, session)
    }
  }

  ping(): void {
    this.#connection?.send({ cmd: 'pingreq' })
  }

  /** The connection breaks. */
  cut(): void {
    if (this.#connection?.isCurrent !== true) return
    this.#world.trace.add(this.#connection.name, 'is cut')
    this.#connection.link.cut()
  }

  /** The connection goes dead without a word. */
  goHalfOpen(): void {
    if (this.#connection?.isCurrent !== true) return
    this.#world.trace.add(this.#connection.name, 'is half open')
    this.#connection.link.goHalfOpen()
  }

  /** What was volatile is gone with the broker's process. */
  onCrash(): void {
    if (this.#session === undefined || !this.#isTouched) return
    this.#forget()
  }

  // What it hears.

  onPacket(connection: ClientConnection, packet: Packet): void {
    const session = connection.session
    if (packet.cmd === 'connack') return this.#onConnack(connection, packet)
    if (session === undefined || packet.cmd === 'pingresp') return
    const packetId = packet.messageId ?? 0
    switch (packet.cmd) {
      case 'publish':
        return this.#receiver.onPublish(connection, session, packet)
      case 'pubrel':
        return this.#receiver.onPubrel(connection, session, packet)
      case 'puback':
        return this.#publisher.onPuback(session, packetId, packet.reasonCode ?? 0)
      case 'pubrec':
        return this.#publisher.onPubrec(connection, session, packetId, packet.reasonCode ?? 0)
      case 'pubcomp':
        return this.#publisher.onPubcomp(session, packetId)
      case 'suback':
        return this.#onAnswer(connection, packetId, packet.granted as number[])
      case 'unsuback':
        return this.#onAnswer(connection, packetId, [])
      case 'disconnect':
        this.#world.trace.add(connection.name, `got DISCONNECT ${packet.reasonCode}`)
        return this.#give(connection)
    }
  }

  onOver(connection: ClientConnection): void {
    this.#world.trace.add(connection.name, 'is over')
    this.#onGone(connection)
  }

  #onConnack(connection: ClientConnection, packet: IConnackPacket): void {
    const { ledger, scheduler, trace, wills } = this.#world
    const { attempt, name } = connection
    const code = packet.reasonCode ?? packet.returnCode ?? 0
    const { sessionPresent } = packet
    trace.add(name, `CONNACK ${code}${sessionPresent ? ' present' : ''}`)
    // A store that fails keeps no session; the client comes again.
    const refusal = this.profile.version === 5 ? 0x88 : 3
    if (code === refusal && this.#world.hasStoreFailed) return this.#give(connection)
    if (code !== 0) throw new Violation(`${name} was refused with ${code}`)
    const old = this.#session?.isOver === false ? this.#session : undefined
    // MQTT 3.1 cannot say whether there was a session.
    const isPresent =
      this.profile.version === 3 ? !attempt.isClean && old !== undefined : sessionPresent
    if (isPresent && (attempt.isClean || old === undefined)) {
      throw new Violation(`${name} was told of a session that it cannot have`)
    }
    if (!isPresent && old?.surelyExists(scheduler.now) === true) {
      throw new Violation(`${name} has lost its session`)
    }
    if (isPresent && old !== undefined) old.expiryS = attempt.expiryS
    else this.#begin(attempt.expiryS)
    const session = this.#session as ClientSession
    this.#mustBeClean = false
    this.#isTouched = attempt.isVolatile
    connection.session = session
    session.links.push(connection.link)
    session.contestedAt = Number.POSITIVE_INFINITY
    wills.connected(this.profile.clientId, isPresent)
    if (connection.will !== undefined) connection.will.isAccepted = true
    if (isPresent) this.#publisher.resume(connection, session)
    else ledger.begin(session)
    this.#watchKeepAlive(connection)
  }

  #begin(expiryS: number): void {
    const { ledger, random } = this.#world
    if (this.#session !== undefined) ledger.end(this.#session)
    const firstPacketId = random.below(4) === 0 ? 65_530 : 1 + random.below(60_000)
    const { clientId } = this.profile
    this.#session = new ClientSession(clientId, ++this.#sessions, expiryS, firstPacketId)
  }

  /** Turns away from a connection that it has, for another one. */
  #leave(): void {
    const connection = this.#connection
    if (connection === undefined || !connection.isCurrent) return
    connection.abandon()
    this.#onGone(connection)
    const { link } = connection
    this.#world.scheduler.after(this.#world.random.below(2000), () => link.cut())
  }

  /** Ends a connection that is of no use any more. */
  #give(connection: ClientConnection): void {
    if (!connection.isCurrent) return
    connection.close()
    this.#onGone(connection)
  }

  /** The connection is over for the client: what hung on it is uncertain, or over as well. */
  #onGone(connection: ClientConnection): void {
    const { scheduler } = this.#world
    if (this.#connection === connection) this.#connection = undefined
    const session = this.#session
    const { attempt } = connection
    if (session !== undefined) session.contestedAt = Math.min(session.contestedAt, scheduler.now)
    if (connection.session === undefined && !attempt.isClean) {
      if (session?.surelyExists(scheduler.now) !== true || attempt.expiryS === 0) this.#forget()
    } else if (connection.session !== undefined && attempt.expiryS === 0) {
      this.#world.ledger.end(connection.session)
    }
  }

  /** MQTT 3.1 does not tell whether there is still a session: one that may have ended is given up. */
  #forgetWhatMayExpire(): void {
    const session = this.#session
    if (this.profile.version !== 3 || session === undefined) return
    if (!session.surelyExists(this.#world.scheduler.now + connectTimeoutMs)) this.#forget()
  }

  #forget(): void {
    if (this.#session !== undefined) this.#world.ledger.end(this.#session)
    this.#mustBeClean = true
  }

  /** Seconds; MQTT 3 ends a session that began clean with its connection. */
  #expiryS(zone: ZoneName, isClean: boolean, isLast: boolean): number {
    const { isPersistent, version, expiryS } = this.profile
    if (!isPersistent || isLast) return 0
    if (version === 5) return expiryS
    if (isClean) return 0
    return this.#world.settings.zones.get(zone)?.channel.sessionExpiryIntervalS ?? 0
  }

  #onAnswer(connection: ClientConnection, packetId: number, codes: readonly number[]): void {
    const answered = connection.pending.get(packetId)
    connection.pending.delete(packetId)
    if (codes.some((code) => code > 2)) throw new Violation(`${connection.name}: SUBACK ${codes}`)
    answered?.(codes)
  }

  #onSubscribed(session: ClientSession, subscription: ModelSubscription): void {
    for (const other of session.current(subscription.filter)) {
      if (other === subscription) break
      other.endedAt = this.#world.scheduler.now
    }
    const isLast = [...session.current(subscription.filter)].at(-1) === subscription
    subscription.isSure = isLast && subscription.endedAt === Number.POSITIVE_INFINITY
  }

  /** Pings in time, and gives a connection up that is silent for too long. */
  #watchKeepAlive(connection: ClientConnection): void {
    const { keepAliveS } = this.profile
    if (keepAliveS === 0) return
    const { scheduler } = this.#world
    scheduler.after(keepAliveS * 500, () => {
      if (!connection.isCurrent) return
      if (scheduler.now - connection.lastHeardAt > keepAliveS * 1500) return this.#give(connection)
      connection.send({ cmd: 'pingreq' })
      this.#watchKeepAlive(connection)
    })
  }
}
