import type { AuthPacket, ConnectPacket } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import { admit } from './admit.ts'
import type { Channel } from './channel.ts'
import type { AuthenticationStep, Identity } from './ports.ts'
import { reviewAccess } from './review.ts'

/** Rounds of AUTH that one exchange may take. */
const roundsMax = 32

/**
 * Who is it? Asks the authenticator, or begins an exchange when CONNECT names a method.
 * [MQTT-4.12.0-1] [MQTT-3.1.4-2]
 */
export function authenticate(channel: Channel, packet: ConnectPacket, clientId: string): void {
  const { authenticator } = channel.services
  const { peer } = channel.transport
  const method = packet.authenticationMethod
  const named = withClientId(packet, clientId)
  if (method === undefined) {
    return settle(
      channel,
      named,
      () => authenticator.authenticate(named, peer, () => channel.state.name === 'opening'),
      (identity: Identity) => admit(channel, packet, clientId, identity, undefined),
    )
  }
  const exchange = authenticator.exchange(method, named, peer)
  if (exchange === undefined) {
    return channel.refuse(
      new Refusal(
        ReasonCode.BadAuthenticationMethod,
        'the authentication method is not configured',
      ),
    )
  }
  channel.exchange = { exchange, method, connect: packet, clientId, rounds: 0 }
  advance(channel, packet.authenticationData)
}

/** AUTH from the client: the next step of an exchange, or the begin of re-authentication. [MQTT-4.12.1-1] */
export function receiveAuth(channel: Channel, packet: AuthPacket): void {
  channel.services.counters.authReceived++
  const method = channel.exchange?.method ?? channel.client?.authenticationMethod
  if (method === undefined) {
    return channel.refuse(
      new Refusal(ReasonCode.ProtocolError, 'AUTH, and CONNECT named no method'),
    )
  }
  if (packet.authenticationMethod !== method) {
    return channel.refuse(
      new Refusal(ReasonCode.ProtocolError, 'AUTH names another method than CONNECT'),
    )
  }
  const begins = packet.reasonCode === ReasonCode.ReAuthenticate
  if (begins !== (channel.state.name === 'connected') || channel.exchange?.isThinking === true) {
    return channel.refuse(new Refusal(ReasonCode.ProtocolError, 'AUTH out of turn'))
  }
  if (begins && !beginAgain(channel, method)) return
  if (channel.state.name === 'authenticating') channel.enter('opening')
  advance(channel, packet.authenticationData)
}

/** CONNECT under the id that the client goes by, which it may have left to us. */
function withClientId(packet: ConnectPacket, clientId: string): ConnectPacket {
  return packet.clientId === clientId ? packet : { ...packet, clientId }
}

function beginAgain(channel: Channel, method: string): boolean {
  const { client, connect, services, transport } = channel
  if (connect === undefined || client === undefined) return false
  const named = withClientId(connect, client.clientId)
  const exchange = services.authenticator.exchange(method, named, transport.peer)
  if (exchange === undefined) {
    channel.refuse(
      new Refusal(ReasonCode.BadAuthenticationMethod, 'the method is no longer configured'),
    )
    return false
  }
  channel.exchange = { exchange, method, connect, clientId: client.clientId, rounds: 0 }
  channel.enter('reauthenticating')
  return true
}

function advance(channel: Channel, data: Buffer | undefined): void {
  const { exchange } = channel
  if (exchange === undefined) return
  if (++exchange.rounds > roundsMax) {
    return channel.refuse(
      new Refusal(ReasonCode.NotAuthorized, `more than ${roundsMax} rounds of AUTH`),
    )
  }
  exchange.isThinking = true
  settle(
    channel,
    withClientId(exchange.connect, exchange.clientId),
    () => exchange.exchange.next(data),
    (step: Exclude<AuthenticationStep, Refusal>) => onStep(channel, step),
  )
}

function onStep(channel: Channel, step: Exclude<AuthenticationStep, Refusal>): void {
  const { exchange } = channel
  if (exchange === undefined) return
  exchange.isThinking = false
  if (step.step === 'continue') {
    sendAuth(channel, ReasonCode.ContinueAuthentication, exchange.method, step.data)
    if (channel.state.name === 'opening') channel.enter('authenticating')
    return
  }
  channel.exchange = undefined
  if (channel.state.name !== 'reauthenticating') {
    channel.connect = exchange.connect
    return admit(channel, exchange.connect, exchange.clientId, step.identity, step.data)
  }
  if (channel.client !== undefined) channel.client.identity = step.identity
  channel.enter('connected')
  sendAuth(channel, ReasonCode.Success, exchange.method, step.data)
  reviewAccess(channel)
}

function sendAuth(
  channel: Channel,
  reasonCode: ReasonCode,
  authenticationMethod: string,
  authenticationData: Buffer | undefined,
): void {
  channel.transport.send({ type: 'auth', reasonCode, authenticationMethod, authenticationData })
}

/**
 * Goes on with what `ask` answers, at once or later; a fault of the environment, which is all that
 * `ask` may throw or reject with, is answered 0x88.
 */
function settle<T>(
  channel: Channel,
  connect: ConnectPacket,
  ask: () => T | Refusal | Promise<T | Refusal>,
  then: (answer: T) => void,
): void {
  const goOn = (answer: T | Refusal): void => {
    if (channel.state.name === 'closed') return
    if (answer instanceof Refusal) return refuseLogin(channel, connect, answer)
    then(answer)
  }
  const fail = (error: unknown): void => {
    channel.services.log.error(
      { err: error, address: channel.transport.peer.address },
      'authentication failed to answer',
    )
    channel.refuse(new Refusal(ReasonCode.ServerUnavailable, 'authentication is not available now'))
  }
  let answer: ReturnType<typeof ask>
  try {
    answer = ask()
  } catch (error) {
    return fail(error)
  }
  if (!(answer instanceof Promise)) return goOn(answer)
  answer.then(goOn, fail).catch((error: unknown) => channel.fail(error))
}

/** The one log line says who it would have been, and may say more than the client is told. */
function refuseLogin(channel: Channel, connect: ConnectPacket, refusal: Refusal): void {
  const { clientId, username } = connect
  const { because, code, detail } = refusal
  const claimed = { clientId, ...(username !== undefined && { username }) }
  channel.end({ code, because, detail, claimed, by: 'server', publishWill: true })
}
