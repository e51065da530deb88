import type { Deadline } from '../base/deadlines.ts'
import type { Frame } from '../mqtt/frame.ts'
import type { Message } from '../mqtt/message.ts'
import {
  AckType,
  type ConnectPacket,
  type ControlPacket,
  type ProtocolVersion,
  type ServerPacket,
} from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { QoS } from '../mqtt/subscription.ts'
import type { Sink } from '../session/ports.ts'
import type { Session } from '../session/session.ts'
import { AckQueue, type AckSender } from './ack-queue.ts'
import { receiveAck } from './acknowledge.ts'
import { receiveAuth } from './authenticate.ts'
import type { Client } from './client.ts'
import { prepareToRefuse, receiveConnect } from './connect.ts'
import { countSent } from './count-sent.ts'
import { type Ending, endByClient, farewell } from './disconnect.ts'
import { Hold } from './hold.ts'
import type {
  AuthenticationExchange,
  CommitWaiter,
  Services,
  SessionOwner,
  Transport,
  Zone,
} from './ports.ts'
import { receivePublish } from './publish.ts'
import { ReceiveQuota } from './quota.ts'
import type { RetainedWants } from './retained-wants.ts'
import { Kind, type StateName, states } from './state.ts'
import { receiveSubscribe, receiveUnsubscribe } from './subscribe.ts'
import type { Throttle } from './throttle.ts'
import { startTimers, watchForConnect } from './timers.ts'

/** What a listener hands to each of its channels. */
export interface Admission {
  readonly zone: Zone
  readonly protocolVersions: readonly ProtocolVersion[]
  /** Answers CONNECT with this instead of looking at it: the listener is full. */
  readonly refuse: Refusal | undefined
}

/** An enhanced authentication and where it stands. */
export interface ExchangeInProgress {
  readonly exchange: AuthenticationExchange
  readonly method: string
  readonly connect: ConnectPacket
  readonly clientId: string
  rounds: number
  /** Whether it is the broker's turn. */
  isThinking?: boolean
}

/** Answers that may wait for their commits before reading from this client pauses. */
const waitingAnswersMax = 10_000

/**
 * One connection's protocol life, from the first byte to the last. Packets come in through the
 * `on…` methods, in the order in which they came; what goes out goes through the transport.
 *
 * Invariants: 1. `client` is set once the client is known, `session` while this channel owns it,
 * which it does in every open state. 2. `accepting` is what `states` says of the state, unless the
 * throttle, the store or too many waiting answers hold reading back. 3. after `closed` nothing is
 * sent, no deadline is set and the session belongs to somebody else.
 *
 * Its fields are for the files of this folder; the connection uses the methods.
 */
export class Channel implements Sink, SessionOwner, AckSender, CommitWaiter {
  readonly services: Services
  readonly transport: Transport
  readonly admission: Admission
  readonly zone: Zone
  state = states.waiting
  accepting = true
  /** Monotonic ms of the chunk that is being decoded. */
  now: number
  /** Monotonic ms of the last whole packet; keep alive counts from here. [MQTT-3.1.2-22] */
  lastSeen: number
  client: Client | undefined
  session: Session | undefined
  /** CONNECT of a client with enhanced authentication, for when it authenticates again. */
  connect: ConnectPacket | undefined
  /** Whether CONNECT came, so that a CONNACK may say no. */
  sawConnect = false
  exchange: ExchangeInProgress | undefined
  /** Subscriptions whose SUBACK has not left yet. */
  retainedWants: RetainedWants | undefined
  acks: AckQueue
  quota: ReceiveQuota
  throttle: Throttle | undefined
  /** Of a publisher whom the store has once been behind with. */
  hold: Hold | undefined
  /** Idle time-out first, keep alive later. */
  watchdog: Deadline | undefined
  /** Retry and awaiting-rel expiry, where the zone asks for them. */
  chores: Deadline | undefined

  constructor(services: Services, transport: Transport, admission: Admission) {
    this.services = services
    this.transport = transport
    this.admission = admission
    this.zone = admission.zone
    this.now = services.clock.now()
    this.lastSeen = this.now
    this.acks = new AckQueue(services.commits, this)
    this.quota = new ReceiveQuota(this.zone.channel.receiveMaximum)
    watchForConnect(this)
  }

  get protocolVersion(): ProtocolVersion {
    return this.client?.protocolVersion ?? 4
  }

  get isAccepted(): boolean {
    return this.state.isOpen
  }

  /** Client id for log lines, empty before CONNECT. */
  get clientId(): string {
    return this.client?.clientId ?? ''
  }

  // What the connection calls.

  /** A chunk is about to be decoded. */
  beginChunk(now: number, size: number): void {
    this.now = now
    if (this.throttle !== undefined) this.throttle.bytes(this, size)
  }

  // hot:
  onPublish(message: Message, packetId: number, _dup: boolean): void {
    if ((this.state.accepts & Kind.publish) === 0) return this.illegal('PUBLISH')
    this.lastSeen = message.receivedAt
    receivePublish(this, message, packetId)
  }

  // hot:
  onAck(type: AckType, packetId: number, reasonCode: number): void {
    if ((this.state.accepts & Kind.ack) === 0) return this.illegal('an acknowledgement')
    this.lastSeen = this.now
    receiveAck(this, type, packetId, reasonCode)
  }

  onPingreq(): void {
    if ((this.state.accepts & Kind.pingreq) === 0) return this.illegal('PINGREQ')
    this.lastSeen = this.now
    this.services.counters.pingreqReceived++
    this.transport.pingresp()
  }

  onPacket(packet: ControlPacket): void {
    if ((this.state.accepts & Kind[packet.type]) === 0)
      return this.illegal(packet.type.toUpperCase())
    this.lastSeen = this.now
    switch (packet.type) {
      case 'connect':
        return receiveConnect(this, packet)
      case 'subscribe':
        return receiveSubscribe(this, packet)
      case 'unsubscribe':
        return receiveUnsubscribe(this, packet)
      case 'disconnect':
        return endByClient(this, packet)
      case 'auth':
        return receiveAuth(this, packet)
    }
  }

  onRefused(refusal: Refusal): void {
    this.services.counters.protocolErrors++
    if (this.state.name === 'waiting') prepareToRefuse(this, refusal)
    this.refuse(refusal)
  }

  /** The socket takes more again. */
  drained(now: number): void {
    this.now = now
    this.pump()
  }

  /** The network connection is gone, or cannot be used any more. */
  lost(because: string): void {
    this.end({ code: ReasonCode.UnspecifiedError, because, by: 'network', publishWill: true })
  }

  // What the session manager and the journal call.

  evict(code: ReasonCode, because: string): void {
    this.session = undefined
    this.guard(() => this.end({ code, because, by: 'server', publishWill: false }))
  }

  /** Ends the connection from our side, such as at shutdown; the session is kept. */
  disconnect(code: ReasonCode, because: string): void {
    this.guard(() => this.end({ code, because, by: 'server', publishWill: true }))
  }

  onCommitted(): void {
    this.now = this.services.clock.now()
    try {
      this.acks.release()
      this.pump()
    } catch (error) {
      this.fail(error)
    }
  }

  // What the session calls: the way out.

  get writable(): boolean {
    return this.transport.writable
  }

  // hot:
  publish(
    message: Message,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIds: readonly number[] | undefined,
  ): boolean {
    const sent = this.transport.publish(message, qos, retain, dup, packetId, subscriptionIds)
    if (sent) countSent(this.services.counters, qos, message.frame)
    return sent
  }

  // hot:
  frames(frame: Frame): boolean {
    const sent = this.transport.frames(frame)
    if (sent) countSent(this.services.counters, 0, frame)
    return sent
  }

  wake(): void {
    this.now = this.services.clock.now()
    this.guard(() => this.pump())
  }

  pubrel(packetId: number): void {
    this.services.counters.acksSent[2]++
    this.transport.ack(AckType.Pubrel, packetId, ReasonCode.Success)
  }

  // What the ack queue calls.

  // hot:
  sendAck(
    type: AckType,
    packetId: number,
    reasonCode: ReasonCode,
    because: string | undefined,
  ): void {
    this.services.counters.acksSent[(type - 4) as 0 | 1 | 2 | 3]++
    if (type !== AckType.Pubrec || reasonCode >= 0x80) this.quota.give()
    if (this.transport.ack(type, packetId, reasonCode, because)) return
    if (reasonCode >= 0x80) this.refuse(new Refusal(reasonCode, 'the message was refused'))
    else this.#refuseTooLarge('an acknowledgement')
  }

  sendAnswer(packet: ServerPacket): void {
    if (!this.transport.send(packet)) return this.#refuseTooLarge(packet.type.toUpperCase())
    if (packet.type !== 'suback' || this.retainedWants === undefined) return
    this.retainedWants.release(packet.packetId)
    this.pump()
  }

  // What the other files of this folder call.

  /** The only place where application messages leave: everything that may go, goes. */
  pump(): void {
    const { session } = this
    if (session === undefined || !this.state.isOpen) return
    do {
      while (session.next(this.now)) {
        // Each turn sends one packet.
      }
    } while (this.retainedWants?.feed(this) === true)
    this.waitForCommit()
  }

  /** Asks to be called at the next commit while something waits for one. */
  waitForCommit(): void {
    if (this.acks.length > 0 || this.session?.waitsForCommit === true) {
      this.services.commits.wait(this)
    }
    this.updateAccepting()
  }

  /** The store is behind with what this client sent: reads no more until it takes more. */
  holdBack(): void {
    if (this.state.name === 'closed') return
    this.hold ??= new Hold(this)
    this.hold.pause()
  }

  enter(name: StateName): void {
    this.state = states[name]
    this.updateAccepting()
  }

  updateAccepting(): void {
    const isHeld =
      this.acks.length >= waitingAnswersMax ||
      this.hold?.isPausing === true ||
      this.throttle?.isPausing === true ||
      this.retainedWants?.isBehind === true
    const accepting = this.state.reads && !isHeld
    if (accepting === this.accepting) return
    this.accepting = accepting
    if (accepting) this.transport.resume()
  }

  /** A packet that the state table does not allow. [MQTT-3.1.0-1] [MQTT-3.1.0-2] */
  illegal(what: string): void {
    if (this.state.name === 'closed') return
    this.services.counters.protocolErrors++
    const because =
      this.state.name === 'waiting' ? `${what} before CONNECT` : `${what} while ${this.state.name}`
    this.refuse(new Refusal(ReasonCode.ProtocolError, because))
  }

  /** The client broke a rule or met a limit that costs it the connection. [MQTT-4.13.1-1] */
  refuse(refusal: Refusal): void {
    this.end({ code: refusal.code, because: refusal.because, by: 'server', publishWill: true })
  }

  /** A bug of ours showed itself on this connection: it ends, nobody else's does. */
  fail(error: unknown): void {
    const { counters, log } = this.services
    counters.internalErrors++
    log.error({ err: error, clientId: this.clientId }, 'a bug in the broker ends a connection')
    try {
      this.refuse(new Refusal(ReasonCode.ImplementationSpecificError, 'an internal error'))
    } catch (another) {
      log.error({ err: another, clientId: this.clientId }, 'and so does ending it')
    } finally {
      this.transport.close()
    }
  }

  /** Sets a deadline of this connection; whoever sets it cancels it in `end`. */
  schedule(at: number, due: () => void): Deadline {
    return this.services.deadlines.set(at, (now) => {
      this.now = now
      this.guard(due)
    })
  }

  /** Does what nobody of this connection is there to catch the bugs of. */
  guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.fail(error)
    }
  }

  /** Ends this connection, once: says why where that is allowed, gives the session up, closes. */
  end(ending: Ending): void {
    if (this.state.name === 'closed') return
    const { client } = this
    const wasOpen = this.state.isOpen
    farewell(this, ending)
    this.enter('closed')
    this.services.deadlines.cancel(this.watchdog)
    this.services.deadlines.cancel(this.chores)
    this.throttle?.stop(this.services.deadlines)
    this.acks.clear()
    this.services.commits.forget(this, this.hold)
    this.session = undefined
    if (client !== undefined) {
      this.services.sessions.close(client.clientId, this, {
        publishWill: ending.publishWill && wasOpen,
        expiryInterval: ending.expiryInterval,
      })
    }
    this.transport.close()
  }

  /** From here on the client is watched by its keep alive. */
  watchKeepAlive(): void {
    this.services.deadlines.cancel(this.watchdog)
    this.watchdog = undefined
    startTimers(this)
  }

  #refuseTooLarge(what: string): void {
    const because = `${what} is larger than the client takes`
    this.refuse(new Refusal(ReasonCode.PacketTooLarge, because))
  }
}
