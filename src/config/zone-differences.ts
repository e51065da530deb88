import type { ZoneOptions } from './configuration.ts'
import type { WholeZone } from './zone-options.ts'

/** Whom a new value of a setting reaches. */
export type Reach =
  /** Everybody, at once. */
  | 'applied'
  /** Connections to come: the others were told the old one, or were set up with it. */
  | 'new_connections'
  /** The next process. */
  | 'restart'

type ZoneKey = readonly [settingOf: (zone: ZoneOptions) => unknown, reach: Reach]

const now: Reach = 'applied'
const later: Reach = 'new_connections'

/**
 * Every key of a zone. What CONNACK says, what a connection was set up with, and what it may have
 * used up already stays as it is while the connection lasts.
 */
export const zoneKeys: Readonly<Record<keyof WholeZone, ZoneKey>> = {
  max_packet_size: [({ channel }) => channel.maximumPacketSize, later],
  max_clientid_len: [({ channel }) => channel.clientIdLengthMax, later],
  max_topic_levels: [({ channel }) => channel.topicLevelsMax, later],
  max_topic_alias: [({ channel }) => channel.topicAliasMax, later],
  max_qos_allowed: [({ channel }) => channel.qosMax, later],
  receive_maximum: [({ channel }) => channel.receiveMaximum, later],
  retain_available: [({ channel }) => channel.retainAvailable, later],
  wildcard_subscription: [({ channel }) => channel.wildcardSubscription, later],
  shared_subscription: [({ channel }) => channel.sharedSubscription, later],
  shared_subscription_strategy: [({ channel }) => channel.sharedSubscriptionStrategy, later],
  server_keepalive: [({ channel }) => channel.serverKeepAliveS, later],
  max_keepalive: [({ channel }) => channel.keepAliveMaxS, later],
  keepalive_multiplier: [({ channel }) => channel.keepAliveMultiplier, later],
  idle_timeout: [({ channel }) => channel.idleTimeoutMs, later],
  session_expiry_interval: [({ channel }) => channel.sessionExpiryIntervalS, later],
  max_session_expiry_interval: [({ channel }) => channel.sessionExpiryIntervalMaxS, later],
  max_subscriptions: [({ session }) => session.subscriptionsMax, now],
  upgrade_qos: [({ session }) => session.upgradeQoS, now],
  max_inflight: [({ session }) => session.inflightMax, now],
  retry_interval: [({ session }) => session.retryIntervalMs, later],
  max_awaiting_rel: [({ session }) => session.awaitingRelMax, later],
  awaiting_rel_timeout: [({ session }) => session.awaitingRelTimeoutMs, later],
  max_mqueue_len: [({ session }) => session.mqueueLengthMax, now],
  max_mqueue_bytes: [({ session }) => session.mqueueBytesMax, now],
  mqueue_store_qos0: [({ session }) => session.mqueueStoreQoS0, now],
  durability: [({ channel }) => channel.durability, later],
  mqueue_priorities: [({ session }) => session.mqueuePriorities, now],
  mqueue_default_priority: [({ session }) => session.mqueueDefaultPriority, now],
  ignore_loop_deliver: [({ session }) => session.ignoreLoopDeliver, now],
  strict_mode: [({ channel }) => channel.strictMode, later],
  use_username_as_clientid: [({ channel }) => channel.useUsernameAsClientId, later],
  response_information: [({ channel }) => channel.responseInformation, later],
  max_connections: [({ connectionsMax }) => connectionsMax, now],
  max_conn_rate: [({ connectionRate }) => connectionRate, now],
  messages_rate: [({ channel }) => channel.messagesRate, later],
  bytes_rate: [({ channel }) => channel.bytesRate, later],
}
