/** At most `count` (messages or bytes) in `perMs` milliseconds. */
export interface Rate {
  readonly count: number
  readonly perMs: number
}

export function isSameRate(a: Rate | undefined, b: Rate | undefined): boolean {
  return a?.count === b?.count && a?.perMs === b?.perMs
}

/** What a publisher's answer waits for: the record on disk, nothing although it is written, no record. */
export const durabilities = ['commit', 'async', 'none'] as const
export type Durability = (typeof durabilities)[number]

/** How a message for a shared subscription finds its member. */
export const sharedSubscriptionStrategies = [
  'round_robin',
  'random',
  'sticky',
  'hash_clientid',
  'hash_topic',
  'local',
] as const
export type SharedSubscriptionStrategy = (typeof sharedSubscriptionStrategies)[number]

/** What a zone settles for its connections. `…Ms` are milliseconds, `…S` seconds. */
export interface ChannelOptions {
  /** Bytes of a whole packet from a client; announced in CONNACK. Larger: 0x95. [MQTT-3.2.2-15] */
  readonly maximumPacketSize: number
  /** UTF-8 bytes of a client identifier, 23 … 65535. Longer: 0x85. */
  readonly clientIdLengthMax: number
  /** Levels of a topic name or filter, 1 … 65535. More: 0x90 or 0x8F. */
  readonly topicLevelsMax: number
  /** Topic aliases of a client, 0 … 65535; 0 allows none. [MQTT-3.2.2-18] */
  readonly topicAliasMax: number
  /** Announced as Maximum QoS when below 2. Higher: 0x9B. [MQTT-3.2.2-11] */
  readonly qosMax: 0 | 1 | 2
  /** QoS 1 and 2 publishes of a client that may be unfinished, 1 … 65535; not for MQTT 3.x. */
  readonly receiveMaximum: number
  readonly retainAvailable: boolean
  readonly wildcardSubscription: boolean
  readonly sharedSubscription: boolean
  readonly sharedSubscriptionStrategy: SharedSubscriptionStrategy
  /** Replaces what an MQTT 5 client asks for, 0 … 65535; 0 turns keep alive off. [MQTT-3.2.2-21] */
  readonly serverKeepAliveS: number | undefined
  /** The longest keep alive allowed, 1 … 65535; an MQTT 5 client that asks for more is told this. */
  readonly keepAliveMaxS: number | undefined
  /** A connection is dead after keep alive times this without a packet. [MQTT-3.1.2-22] */
  readonly keepAliveMultiplier: number
  /** From accepting the connection to a whole CONNECT; `Infinity` waits for ever. */
  readonly idleTimeoutMs: number
  /** For MQTT 3.x with clean session 0; whole seconds, `Infinity` never ends. */
  readonly sessionExpiryIntervalS: number
  /** The upper bound of what an MQTT 5 client asks for; whole seconds, `Infinity` for none. */
  readonly sessionExpiryIntervalMaxS: number
  /** Refuses control characters and non-characters in texts. [MQTT-1.5.4-1] */
  readonly strictMode: boolean
  /** The user name, when there is one, replaces the client identifier. */
  readonly useUsernameAsClientId: boolean
  /** Publishes of one client; reading from it pauses above. Undefined for no limit. */
  readonly messagesRate: Rate | undefined
  /** Bytes of one client; reading from it pauses above. Undefined for no limit. */
  readonly bytesRate: Rate | undefined
  /** Told to an MQTT 5 client that asks; empty tells nothing. */
  readonly responseInformation: string
  readonly durability: Durability
}

export const defaultChannelOptions: ChannelOptions = {
  maximumPacketSize: 1024 * 1024,
  clientIdLengthMax: 65_535,
  topicLevelsMax: 128,
  topicAliasMax: 64,
  qosMax: 2,
  receiveMaximum: 1000,
  retainAvailable: true,
  wildcardSubscription: true,
  sharedSubscription: true,
  sharedSubscriptionStrategy: 'round_robin',
  serverKeepAliveS: undefined,
  keepAliveMaxS: undefined,
  keepAliveMultiplier: 1.5,
  idleTimeoutMs: 15_000,
  sessionExpiryIntervalS: 7 * 24 * 3600,
  sessionExpiryIntervalMaxS: Number.POSITIVE_INFINITY,
  strictMode: true,
  useUsernameAsClientId: false,
  messagesRate: undefined,
  bytesRate: undefined,
  responseInformation: '',
  durability: 'commit',
}
