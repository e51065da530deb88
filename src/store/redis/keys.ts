import type { LaneKey } from '../../session/lane.ts'

/*
 * The keys in Redis, all of which begin with `store.key_prefix` (mqtt):
 *
 *     mqtt:owner                        hash: whose the store is, and how far its batches came
 *     mqtt:alive                        text with an expiry: the heartbeat of the owner
 *     mqtt:sessions                     sorted set: `generation:client id` of each session, by generation
 *     mqtt:retained                     hash: retained message by topic
 *     mqtt:{client id}:generation       hash: a session, but for what waits
 *     mqtt:{client id}:generation:lane  stream: what waits in a lane, in runs of entries
 *     mqtt:{probe}:…                    what the start tries its permissions on; gone afterwards
 *
 * What is in braces decides the slot of Redis Cluster, so that a script finds all of a client in one.
 *
 * Fields of `owner`: `format` of all this; `epoch`, which grows with each owner; `incarnation` and
 * `description` of the one there is; `batch`, the number of its last one; `token`, of the attempt at it
 * that may write; `time` up to which the store's clock is known to have come, and `shift`, what that
 * clock is ahead of Redis' own, which may be set back.
 *
 * Fields of a session: `s` its state; `e` the epoch of the owner that took it in; `i` the packet id that
 * was given out last; `q` the next sequence; and in front of a name of its own `f` a subscription by its
 * filter, `p` a slot by its packet id, `r` a packet id that waits for PUBREL, `l` a lane by its key.
 *
 * An entry of a stream has the sequence of its last message as its id, how many there are in `n`, and
 * in `r` the messages, so that reading on and trimming are ranges.
 *
 * A session's keys have no expiry of their own: its will, and what it leaves to shared subscriptions,
 * must be seen to by a broker. All of them are found from `sessions`, which the owner walks at the
 * start; it ends each session in its time, and so removes them.
 *
 * The scripts that write and read them stand in `scripts/`, each with what it does.
 */

/** The version of all this. A change of it says below what it can be upgraded from. 1: the first one. */
export const formatVersion = 1

/** Formats of which a store is brought to the newest when it is opened. */
export const upgradesFrom: readonly number[] = []

/** First characters of a session's fields. */
export const Field = {
  state: 's',
  epoch: 'e',
  packetId: 'i',
  sequence: 'q',
  subscription: 'f',
  slot: 'p',
  rel: 'r',
  lane: 'l',
} as const

/** Names the keys of one store. */
export class RedisKeys {
  readonly prefix: string
  readonly owner: string
  readonly alive: string
  readonly sessions: string
  readonly retained: string
  /** A hash, a stream, a sorted set and a text that nobody else uses. */
  readonly probes: readonly string[]
  readonly #clients: string

  constructor(prefix: string) {
    this.prefix = prefix
    this.owner = `${prefix}:owner`
    this.alive = `${prefix}:alive`
    this.sessions = `${prefix}:sessions`
    this.retained = `${prefix}:retained`
    this.probes = ['hash', 'stream', 'set', 'text'].map((kind) => `${prefix}:{probe}:${kind}`)
    this.#clients = `${prefix}:{`
  }

  session(clientId: string, generation: number): string {
    return `${this.#clients}${tagOf(clientId)}}:${generation}`
  }
}

export function laneKey(sessionKey: string, lane: LaneKey): string {
  return `${sessionKey}:${lane}`
}

/** A session's member in the index. */
export function memberOf(clientId: string, generation: number): string {
  return `${generation}:${clientId}`
}

/** What `memberOf` was made of. */
export function partsOf(member: string): {
  readonly generation: number
  readonly clientId: string
} {
  const colon = member.indexOf(':')
  return { generation: Number(member.slice(0, colon)), clientId: member.slice(colon + 1) }
}

/** A client id as what stands between the braces, which ends with the first one that closes. */
function tagOf(clientId: string): string {
  if (!clientId.includes('}') && !clientId.includes('%')) return clientId
  return clientId.replaceAll('%', '%25').replaceAll('}', '%7D')
}
