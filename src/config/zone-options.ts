import { defaultChannelOptions } from '../channel/options.ts'
import { defaultSessionOptions } from '../session/options.ts'
import type { ZoneOptions } from './configuration.ts'
import type { ZoneKeys } from './zone-schema.ts'

/** A zone in which nothing is left to inherit; null says none. */
export type WholeZone = {
  readonly [Key in keyof ZoneKeys]-?: Exclude<ZoneKeys[Key], undefined>
}

const session = defaultSessionOptions
const channel = defaultChannelOptions

/** What a zone has where neither it nor `default` says anything. */
export const defaultZoneKeys: WholeZone = {
  max_packet_size: channel.maximumPacketSize,
  max_clientid_len: channel.clientIdLengthMax,
  max_topic_levels: channel.topicLevelsMax,
  max_topic_alias: channel.topicAliasMax,
  max_qos_allowed: channel.qosMax,
  receive_maximum: channel.receiveMaximum,
  retain_available: channel.retainAvailable,
  wildcard_subscription: channel.wildcardSubscription,
  shared_subscription: channel.sharedSubscription,
  shared_subscription_strategy: channel.sharedSubscriptionStrategy,
  server_keepalive: channel.serverKeepAliveS ?? null,
  max_keepalive: channel.keepAliveMaxS ?? null,
  keepalive_multiplier: channel.keepAliveMultiplier,
  idle_timeout: channel.idleTimeoutMs,
  session_expiry_interval: channel.sessionExpiryIntervalS,
  max_session_expiry_interval: channel.sessionExpiryIntervalMaxS,
  max_subscriptions: session.subscriptionsMax,
  upgrade_qos: session.upgradeQoS,
  max_inflight: session.inflightMax,
  retry_interval: session.retryIntervalMs,
  max_awaiting_rel: session.awaitingRelMax,
  awaiting_rel_timeout: session.awaitingRelTimeoutMs,
  max_mqueue_len: session.mqueueLengthMax,
  max_mqueue_bytes: session.mqueueBytesMax,
  mqueue_store_qos0: session.mqueueStoreQoS0,
  durability: channel.durability,
  mqueue_priorities: session.mqueuePriorities ?? null,
  mqueue_default_priority: session.mqueueDefaultPriority,
  ignore_loop_deliver: session.ignoreLoopDeliver,
  strict_mode: channel.strictMode,
  use_username_as_clientid: channel.useUsernameAsClientId,
  response_information: channel.responseInformation,
  max_connections: Number.POSITIVE_INFINITY,
  max_conn_rate: null,
  messages_rate: channel.messagesRate ?? null,
  bytes_rate: channel.bytesRate ?? null,
}

/** Hands each key of a zone to the layer that it is for. */
export function zoneOptions(name: string, keys: WholeZone): ZoneOptions {
  return {
    name,
    session: {
      subscriptionsMax: keys.max_subscriptions,
      upgradeQoS: keys.upgrade_qos,
      inflightMax: keys.max_inflight,
      retryIntervalMs: keys.retry_interval,
      awaitingRelMax: keys.max_awaiting_rel,
      awaitingRelTimeoutMs: keys.awaiting_rel_timeout,
      mqueueLengthMax: keys.max_mqueue_len,
      mqueueBytesMax: keys.max_mqueue_bytes,
      mqueueStoreQoS0: keys.mqueue_store_qos0,
      mqueuePriorities: keys.mqueue_priorities ?? undefined,
      mqueueDefaultPriority: keys.mqueue_default_priority,
      ignoreLoopDeliver: keys.ignore_loop_deliver,
    },
    channel: {
      maximumPacketSize: keys.max_packet_size,
      clientIdLengthMax: keys.max_clientid_len,
      topicLevelsMax: keys.max_topic_levels,
      topicAliasMax: keys.max_topic_alias,
      qosMax: keys.max_qos_allowed,
      receiveMaximum: keys.receive_maximum,
      retainAvailable: keys.retain_available,
      wildcardSubscription: keys.wildcard_subscription,
      sharedSubscription: keys.shared_subscription,
      sharedSubscriptionStrategy: keys.shared_subscription_strategy,
      serverKeepAliveS: keys.server_keepalive ?? undefined,
      keepAliveMaxS: keys.max_keepalive ?? undefined,
      keepAliveMultiplier: keys.keepalive_multiplier,
      idleTimeoutMs: keys.idle_timeout,
      sessionExpiryIntervalS: keys.session_expiry_interval,
      sessionExpiryIntervalMaxS: keys.max_session_expiry_interval,
      strictMode: keys.strict_mode,
      useUsernameAsClientId: keys.use_username_as_clientid,
      messagesRate: keys.messages_rate ?? undefined,
      bytesRate: keys.bytes_rate ?? undefined,
      responseInformation: keys.response_information,
      durability: keys.durability,
    },
    connectionsMax: keys.max_connections,
    connectionRate: keys.max_conn_rate ?? undefined,
  }
}
