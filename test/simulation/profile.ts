import type { SeededRandom } from '../../src/base/random.ts'
import type { QoS } from '../../src/mqtt/subscription.ts'
import type { ZoneName } from './settings.ts'

/** What kind of client a model client is, for the whole of a run. */
export interface Profile {
  readonly clientId: string
  readonly version: 3 | 4 | 5
  /** Asks for its old session and for one that outlives connections. */
  readonly isPersistent: boolean
  /** Through which listeners it comes, one of them each time. */
  readonly zones: readonly ZoneName[]
  /** Seconds; what MQTT 5 asks for. */
  readonly expiryS: number
  /** What MQTT 5 asks for, one of them each time. */
  readonly receiveMaxima: readonly number[]
  readonly keepAliveS: number
  /** How long it takes to acknowledge, at most, and whether in the order of arrival. */
  readonly ackDelayMsMax: number
  readonly acksInOrder: boolean
  /** QoS 2: keeps the message until PUBREL (method A), or passes it on at once (method B). */
  readonly deliversAtPubrel: boolean
  /** Of a hundred connections, how many have a will. */
  readonly willPercent: number
  /** Milliseconds between two things that it does, at most. */
  readonly paceMsMax: number
}

export function drawProfile(random: SeededRandom, number: number): Profile {
  const pick = <T>(...choices: readonly T[]): T => choices[random.below(choices.length)] as T
  // Whoever answers out of order gets its PUBRELs out of order, so it must not wait for them.
  const acksInOrder = random.below(3) > 0
  return {
    clientId: `c${number}`,
    version: pick(3, 4, 4, 5, 5, 5, 5),
    isPersistent: random.below(10) < 7,
    zones: pick<readonly ZoneName[]>(
      ['default'],
      ['default'],
      ['default'],
      ['default'],
      ['volatile'],
      ['default', 'volatile'],
    ),
    expiryS: pick(5, 60, 300),
    receiveMaxima: pick([1], [2], [65_535], [1, 2, 5, 65_535]),
    keepAliveS: pick(0, 2, 5, 20),
    ackDelayMsMax: pick(0, 0, 30, 500),
    acksInOrder,
    deliversAtPubrel: acksInOrder && pick(true, false),
    willPercent: pick(0, 50, 100),
    paceMsMax: pick(50, 200, 800),
  }
}

/** Sees every will: it never breaks, forgets or refuses anything. */
export const watcherProfile: Profile = {
  clientId: 'watcher',
  version: 5,
  isPersistent: true,
  zones: ['watch'],
  expiryS: 0xffff_ffff,
  receiveMaxima: [65_535],
  keepAliveS: 0,
  ackDelayMsMax: 0,
  acksInOrder: true,
  deliversAtPubrel: false,
  willPercent: 0,
  paceMsMax: 0,
}

/** A topic to publish to: of all (`a`), of groups (`s`), or retained, where each client has its own. */
export function drawTopic(random: SeededRandom, clientId: string): string {
  const kind = random.below(10)
  if (kind < 6) return `a/${random.below(3)}`
  return kind < 8 ? `s/${random.below(2)}` : `r/${clientId}/${random.below(2)}`
}

export function drawFilter(random: SeededRandom): string {
  const filters = ['a/0', 'a/1', 'a/+', 'a/#', 'r/#', 'r/+/0', '$share/g/s/0', '$share/h/s/1']
  return filters[random.below(filters.length)] as string
}

export function drawQoS(random: SeededRandom): QoS {
  return random.below(3) as QoS
}
