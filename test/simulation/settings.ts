import type { SeededRandom } from '../../src/base/random.ts'
import { defaultJournalOptions, type JournalOptions } from '../../src/broker/journal.ts'
import { type ChannelOptions, defaultChannelOptions } from '../../src/channel/options.ts'
import type { Zone } from '../../src/channel/ports.ts'
import { defaultSessionOptions, type SessionOptions } from '../../src/session/options.ts'
import type { Weather } from './pipe.ts'

/** What one seed settles before anything happens. */
export interface Settings {
  readonly clients: number
  /** Milliseconds of trouble, before everything heals. */
  readonly troubleMs: number
  readonly weather: Weather
  readonly crashes: number
  /** Times that the store stalls or fails. */
  readonly storeFaults: number
  /** Batches after which the store wants a session's snapshot. */
  readonly snapshotsEvery: number
  readonly journal: JournalOptions
  /** Whether messages may be dropped because an mqueue is full. */
  readonly zones: ReadonlyMap<string, Zone>
  /** Bytes at which a socket counts as full. */
  readonly highWatermark: number
}

/** The zones: one listener each. `watch` has no limits, `volatile` loses its sessions in a crash. */
export const zoneNames = ['default', 'volatile', 'watch'] as const
export type ZoneName = (typeof zoneNames)[number]

export function settingsFor(random: SeededRandom): Settings {
  const pick = <T>(...choices: readonly T[]): T => choices[random.below(choices.length)] as T
  const session: Partial<SessionOptions> = {
    inflightMax: pick(1, 2, 4, 32),
    mqueueLengthMax: pick(3, 100_000, 100_000, 100_000),
    mqueueStoreQoS0: pick(true, false),
  }
  const channel: Partial<ChannelOptions> = {
    receiveMaximum: pick(2, 10, 1000),
    sessionExpiryIntervalS: pick(5, 60, 300),
    sharedSubscriptionStrategy: pick('round_robin', 'random', 'sticky', 'hash_topic'),
  }
  const hasTrouble = random.below(4) > 0
  return {
    clients: 2 + random.below(5),
    troubleMs: 5_000 + random.below(20_000),
    weather: {
      delayMsMax: pick(1, 20, 200),
      splitPercent: pick(0, 30, 70),
      systemBytes: pick(0, 100, 100_000),
    },
    crashes: hasTrouble ? random.below(4) : 0,
    snapshotsEvery: pick(1, 5, 50, Number.POSITIVE_INFINITY),
    journal: {
      ...defaultJournalOptions,
      pendingBytesMax: pick(500, 5000, 10_000_000),
      refusesOnFailure: pick(true, false),
    },
    storeFaults: hasTrouble ? random.below(6) : 0,
    zones: new Map([
      ['default', zone('default', channel, session)],
      ['volatile', zone('volatile', { ...channel, durability: 'none' }, session)],
      ['watch', zone('watch', {}, { mqueueLengthMax: 100_000 })],
    ]),
    highWatermark: pick(64, 1000, 1_000_000),
  }
}

function zone(
  name: ZoneName,
  channel: Partial<ChannelOptions>,
  session: Partial<SessionOptions>,
): Zone {
  return {
    name,
    channel: { ...defaultChannelOptions, ...channel },
    session: { ...defaultSessionOptions, ...session },
  }
}
