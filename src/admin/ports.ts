import type { Clock } from '../base/clock.ts'
import type { LogLevel } from '../base/logger.ts'
import type { Broker } from '../broker/broker.ts'
import type { ListenerEntry } from './listeners.ts'
import type { ProcessStatus } from './status.ts'

/** What operators may look at and change; for the control socket and for the HTTP API. */
export interface Administered {
  readonly broker: Broker
  readonly clock: Clock
  readonly process: () => ProcessStatus
  readonly listeners: () => readonly ListenerEntry[]
  /** Undefined where the program that embeds the broker keeps its log to itself. */
  readonly log: { level: LogLevel } | undefined
  /**
   * Reads the configuration anew and applies it. Undefined where the broker was given one that it
   * cannot read again.
   */
  readonly reload: (() => Promise<Reloaded>) | undefined
}

/** What became of a configuration that was read anew: it is wrong, or what it changed. */
export type Reloaded =
  | { readonly problems: readonly string[] }
  | { readonly changes: readonly ReloadChange[] }

/** A setting that is another one. */
export interface ReloadChange {
  /** As the file has it: `zones.default.max_inflight`, `listeners.tcp`. */
  readonly path: string
  /**
   * `applied`; `new_connections`: who is connected keeps what it was told; `restart`: it holds after
   * the next start; `failed`: what was there before goes on.
   */
  readonly outcome: 'applied' | 'new_connections' | 'restart' | 'failed'
  /** Where there is more to say. */
  readonly because?: string
}
