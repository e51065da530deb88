import type { AllAccessOptions } from '../auth/options.ts'
import type { LogFormat, LogLevel } from '../base/logger.ts'
import type { ChannelOptions, Rate } from '../channel/options.ts'
import type { ListenerOptions } from '../listeners/options.ts'
import type { SessionOptions } from '../session/options.ts'
import type { RedisOptions } from '../store/redis/options.ts'
import type { Share } from './share.ts'

/** What the clients of a zone get, and how many of them there may be. */
export interface ZoneOptions {
  readonly name: string
  readonly session: SessionOptions
  readonly channel: ChannelOptions
  /** Connections at a time; `Infinity` for no limit. */
  readonly connectionsMax: number
  /** New connections in a time; undefined for no limit. */
  readonly connectionRate: Rate | undefined
}

export interface NodeOptions {
  readonly name: string
  /** Absolute. */
  readonly dataDir: string
}

export interface LimitOptions {
  /** Sessions of the whole broker, connected or not; `Infinity` for no limit. */
  readonly sessionsMax: number
  /** Bytes waiting in the queues of all sessions, or a share of what there is room for. */
  readonly queuedBytesMax: number | Share
}

/** What a store does with new work while it fails: lets clients wait, or refuses. */
export const failurePolicies = ['pause', 'reject'] as const
export type FailurePolicy = (typeof failurePolicies)[number]

/** Where sessions and retained messages are kept. */
export interface StoreOptions {
  readonly backend: StoreBackend
  /** Absolute; for what is kept in files. */
  readonly path: string
  /** Bytes that it may take; `Infinity` for what the disk has. */
  readonly bytesMax: number
  readonly commitIntervalMs: number
  readonly asyncIntervalMs: number
  readonly onFailure: FailurePolicy
  readonly redis: RedisOptions
}

export const storeBackends = ['embedded', 'memory', 'redis'] as const
export type StoreBackend = (typeof storeBackends)[number]

export interface RetainerOptions {
  readonly retainedMessagesMax: number
  /** Bytes of one payload; a larger one is delivered but not retained. */
  readonly payloadSizeMax: number
  /** For messages that carry no expiry of their own; `Infinity` keeps them. */
  readonly messageExpiryIntervalMs: number
}

/** Everything that is settled before the broker starts: nothing in it is optional or relative. */
export interface Configuration {
  readonly node: NodeOptions
  /** At least one; names are unique, each zone exists. */
  readonly listeners: readonly ListenerOptions[]
  /** Always has `default`. */
  readonly zones: ReadonlyMap<string, ZoneOptions>
  readonly store: StoreOptions
  readonly limits: LimitOptions
  readonly retainer: RetainerOptions
  /** ms between two looks of the `$SYS` tree; 0 for none. */
  readonly sys: { readonly intervalMs: number }
  /** Who may connect, and what they may do. */
  readonly access: AllAccessOptions
  /** How long stopping waits for clients and writes. */
  readonly shutdown: { readonly timeoutMs: number }
  readonly log: { readonly level: LogLevel; readonly format: LogFormat }
}
