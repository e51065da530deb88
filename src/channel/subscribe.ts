import type { SubscribePacket, UnsubscribePacket } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import { Refusal } from '../mqtt/refusal.ts'
import type { SubscriptionOptions } from '../mqtt/subscription.ts'
import { checkTopicFilter, hasWildcard, isSharedFilter } from '../mqtt/topic.ts'
import type { Session } from '../session/session.ts'
import type { Channel } from './channel.ts'
import type { Client } from './client.ts'
import { RetainedWants } from './retained-wants.ts'

/**
 * SUBSCRIBE: each filter in turn, as if it came alone; a code for each, in their order. It matches
 * from here on; its retained messages start when the SUBACK leaves.
 * [MQTT-3.8.4-1] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.9.3-1]
 */
export function receiveSubscribe(channel: Channel, packet: SubscribePacket): void {
  const { client, services, session } = channel
  if (client === undefined || session === undefined) return
  services.counters.subscribeReceived++
  const reasonCodes: ReasonCode[] = []
  for (const { filter, options } of packet.subscriptions) {
    reasonCodes.push(subscribe(channel, client, session, packet.packetId, filter, options))
  }
  const batch = session.answerBatch
  const askedQos = packet.subscriptions.map(({ options }) => options.qos)
  channel.acks.answer(batch, { type: 'suback', packetId: packet.packetId, reasonCodes, askedQos })
  if (channel.acks.length > 0) channel.waitForCommit()
}

function subscribe(
  channel: Channel,
  client: Client,
  session: Session,
  packetId: number,
  filter: string,
  options: SubscriptionOptions,
): ReasonCode {
  const refusal = checkFilter(channel, filter)
  if (refusal !== undefined) return refusal.code
  if (!client.identity.maySubscribe(filter, options.qos)) return ReasonCode.NotAuthorized
  const qos = Math.min(options.qos, channel.zone.channel.qosMax) as 0 | 1 | 2
  const granted = qos === options.qos ? options : { ...options, qos }
  const isNew = channel.services.sessions.subscribe(session, filter, granted)
  if (isNew instanceof Refusal) return isNew.code
  if (wantsRetained(filter, granted, isNew)) {
    const { retainAsPublished, subscriptionId } = granted
    const subscriptionIds = subscriptionId === undefined ? undefined : [subscriptionId]
    channel.retainedWants ??= new RetainedWants()
    channel.retainedWants.add({
      packetId,
      filter,
      delivery: { qos, retainAsPublished, subscriptionIds },
    })
  }
  return qos as ReasonCode
}

/** What the specification and the zone allow of a filter. [MQTT-3.2.2-14] [MQTT-4.7.1-1] */
function checkFilter(channel: Channel, filter: string): Refusal | undefined {
  const { sharedSubscription, topicLevelsMax, wildcardSubscription } = channel.zone.channel
  const refusal = checkTopicFilter(filter, topicLevelsMax)
  if (refusal !== undefined) return refusal
  if (!sharedSubscription && isSharedFilter(filter)) {
    return new Refusal(ReasonCode.SharedSubscriptionsNotSupported, 'shared subscriptions are off')
  }
  if (!wildcardSubscription && hasWildcard(filter)) {
    return new Refusal(ReasonCode.WildcardSubscriptionsNotSupported, 'wildcards are off')
  }
  return undefined
}

/** [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]; none for shared subscriptions (4.8.2). */
function wantsRetained(filter: string, options: SubscriptionOptions, isNew: boolean): boolean {
  if (isSharedFilter(filter) || options.retainHandling === 2) return false
  return options.retainHandling === 0 || isNew
}

/** UNSUBSCRIBE: what has begun to be delivered is finished, nothing new begins. [MQTT-3.10.4-2…4] */
export function receiveUnsubscribe(channel: Channel, packet: UnsubscribePacket): void {
  const { services, session } = channel
  if (session === undefined) return
  services.counters.unsubscribeReceived++
  const reasonCodes = packet.filters.map((filter) =>
    services.sessions.unsubscribe(session, filter)
      ? ReasonCode.Success
      : ReasonCode.NoSubscriptionExisted,
  )
  const batch = session.answerBatch
  channel.acks.answer(batch, { type: 'unsuback', packetId: packet.packetId, reasonCodes })
  if (channel.acks.length > 0) channel.waitForCommit()
}
