import type { Message } from '../mqtt/message.ts'
import { AckType } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { Session } from '../session/session.ts'
import type { Channel } from './channel.ts'
import type { Client } from './client.ts'
import type { Identity, Receipt } from './ports.ts'

const notAuthorized: Receipt = { code: ReasonCode.NotAuthorized, batch: 0, isBehind: false }
const notKept: Receipt = { code: ReasonCode.QuotaExceeded, batch: 0, isBehind: false }

/**
 * PUBLISH from the client, its topic and alias resolved and checked by the decoder: limits of the
 * zone, permission, routing, and the answer that the QoS asks for. A run is QoS 0.
 */
// hot:
export function receivePublish(channel: Channel, message: Message, packetId: number): void {
  const { client, services, session, throttle } = channel
  if (client === undefined || session === undefined) return
  services.counters.publishReceived[message.qos] += message.count
  services.counters.payloadReceived += message.frame.payloadSize
  const beyond = beyondZone(channel, message)
  if (beyond !== undefined) return channel.refuse(beyond)
  if (message.qos === 0) publishQoS0(channel, client, message)
  else if (message.qos === 1) publishQoS1(channel, client, message, packetId)
  else publishQoS2(channel, client, session, message, packetId)
  if (throttle !== undefined) throttle.messages(channel, message.count)
}

/** What CONNACK said that we do not take. [MQTT-3.2.2-11] [MQTT-3.2.2-14] */
function beyondZone(channel: Channel, message: Message): Refusal | undefined {
  const { qosMax, retainAvailable } = channel.zone.channel
  if (message.qos > qosMax) {
    return new Refusal(ReasonCode.QoSNotSupported, `QoS ${message.qos}, the maximum is ${qosMax}`)
  }
  if (message.retain && !retainAvailable) {
    return new Refusal(ReasonCode.RetainNotSupported, 'retained messages are not available')
  }
  return undefined
}

function publishQoS0(channel: Channel, client: Client, message: Message): void {
  const { counters, exchange } = channel.services
  if (!mayPublish(client.identity, message)) {
    counters.messagesNotAuthorized += message.count
    return
  }
  const receipt = exchange.publish(message, channel.zone, channel.now)
  if (receipt.isBehind) channel.holdBack()
}

function publishQoS1(channel: Channel, client: Client, message: Message, packetId: number): void {
  if (!takeQuota(channel)) return refuseBeyondQuota(channel)
  const receipt = answerFor(channel, client, message)
  channel.acks.ack(receipt.batch, AckType.Puback, packetId, receipt.code)
  if (channel.acks.length > 0) channel.waitForCommit()
}

/**
 * QoS 2: the id is remembered and the message routed once, until PUBREL; what comes again in
 * between is only answered again. [MQTT-4.3.3-8] [MQTT-4.3.3-9] [MQTT-4.3.3-10]
 */
function publishQoS2(
  channel: Channel,
  client: Client,
  session: Session,
  message: Message,
  packetId: number,
): void {
  const received = session.receive(packetId, channel.now)
  if (received instanceof Refusal) return channel.refuse(received)
  // What the first PUBREC waited for may still be under way, also when nothing of this session is.
  let batch = channel.services.commits.openBatch
  let code: ReasonCode = ReasonCode.Success
  if (received === 'new') {
    if (!takeQuota(channel)) {
      session.forget(packetId)
      return refuseBeyondQuota(channel)
    }
    const receipt = answerFor(channel, client, message)
    code = receipt.code
    batch = code >= 0x80 ? 0 : Math.max(session.answerBatch, receipt.batch)
    if (code >= 0x80) session.forget(packetId)
  }
  channel.acks.ack(batch, AckType.Pubrec, packetId, code)
  if (channel.acks.length > 0) channel.waitForCommit()
}

function answerFor(channel: Channel, client: Client, message: Message): Receipt {
  const { counters, exchange } = channel.services
  if (!mayPublish(client.identity, message)) {
    counters.messagesNotAuthorized++
    return notAuthorized
  }
  if (isRefused(channel, client, message)) {
    counters.messagesRefused++
    return notKept
  }
  const receipt = exchange.publish(message, channel.zone, channel.now)
  if (receipt.isBehind) channel.holdBack()
  return receipt
}

/** Whether it cannot be kept now, and the client can be told; others are held back in time. */
function isRefused(channel: Channel, client: Client, message: Message): boolean {
  const { commits, exchange } = channel.services
  if (!commits.isRefusing || client.protocolVersion < 5) return false
  const isRemembered = message.qos === 2 && channel.session?.isDurable === true
  return isRemembered || exchange.wouldBeKept(message, channel.zone)
}

/** An older client was not told of a Receive Maximum, so it has none. */
function takeQuota(channel: Channel): boolean {
  return channel.client?.protocolVersion !== 5 || channel.quota.take()
}

function refuseBeyondQuota(channel: Channel): void {
  const { receiveMaximum } = channel.zone.channel
  channel.refuse(
    new Refusal(
      ReasonCode.ReceiveMaximumExceeded,
      `more than ${receiveMaximum} unfinished messages`,
    ),
  )
}

/** Topics under `$SYS` are the broker's own; `$share/…` is no topic. */
export function mayPublish(identity: Identity, message: Message): boolean {
  const { topic } = message
  if (topic.charCodeAt(0) === 0x24 && (topic.startsWith('$SYS/') || topic.startsWith('$share/'))) {
    return false
  }
  return identity.mayPublish(topic, message.qos, message.retain)
}
