/**
 * What a zone settles for its sessions. Lengths and counts are at least 1 where 0 has no meaning;
 * `Infinity` where there is no limit. Times in milliseconds.
 */
export interface SessionOptions {
  /** Subscriptions of one session. */
  readonly subscriptionsMax: number
  /** Delivers at the higher of the publisher's and the subscription's QoS; breaks [MQTT-3.8.4-8]. */
  readonly upgradeQoS: boolean
  /** QoS 1 and 2 messages sent and unfinished on one connection, 1 … 65535. */
  readonly inflightMax: number
  /** MQTT 3.x only: resends on a live connection what is older; 0 never does. */
  readonly retryIntervalMs: number
  /** QoS 2 packet ids of the client that wait for PUBREL; never below the receive maximum. */
  readonly awaitingRelMax: number
  /** Forgets such ids when older; `Infinity` is what the specification asks. */
  readonly awaitingRelTimeoutMs: number
  /** Messages waiting, per priority class. */
  readonly mqueueLengthMax: number
  /** Bytes of all messages waiting. */
  readonly mqueueBytesMax: number
  /** Queues QoS 0 while the client is away or slow. */
  readonly mqueueStoreQoS0: boolean
  /** Exact topic → class 1 … 255, higher first; undefined for a single class. */
  readonly mqueuePriorities: ReadonlyMap<string, number> | undefined
  /** The class of topics that the table does not name: below all or above all. */
  readonly mqueueDefaultPriority: 'lowest' | 'highest'
  /** MQTT 3.x: a client does not get its own messages, as with No Local. */
  readonly ignoreLoopDeliver: boolean
}

export const defaultSessionOptions: SessionOptions = {
  subscriptionsMax: 100_000,
  upgradeQoS: false,
  inflightMax: 32,
  retryIntervalMs: 0,
  awaitingRelMax: 65_535,
  awaitingRelTimeoutMs: Number.POSITIVE_INFINITY,
  mqueueLengthMax: 1000,
  mqueueBytesMax: 64 * 1024 * 1024,
  mqueueStoreQoS0: true,
  mqueuePriorities: undefined,
  mqueueDefaultPriority: 'lowest',
  ignoreLoopDeliver: false,
}
