import type { Settings } from './broker/zone-file.ts'

/** What a run is to be. */
export interface CrashtestOptions {
  /** The words that run the broker's program: Node, its flags, the script. */
  readonly program: readonly string[]
  /** It is there; the broker's configuration, its log and, in `data`, what it stores are put into it. */
  readonly folder: string
  readonly seed: number
  /** Kills, at most. */
  readonly kills: number
  /** After this there is no other kill; `Infinity` for no limit. */
  readonly durationMs: number
  /** Publishers, and as many subscribers; a few others come along. */
  readonly clients: number
  /** Messages a second of all publishers together, while no load is asked for. */
  readonly rate: number
  /** The broker's `store.backend`. */
  readonly store: string
  /** Settings for the broker, before ours. */
  readonly configuration: Settings
  /** What the broker's environment has besides ours. */
  readonly environment?: Readonly<Record<string, string>>
  /** Called after each kill and before the next start, with the folder of what is stored. */
  readonly onKilled?: (dataFolder: string) => Promise<void> | void
  /** Told of each kill, in a line. */
  readonly onProgress?: (line: string) => void
  /** When it resolves, no other kill is made: the run ends with its audit. */
  readonly stopped?: Promise<unknown>
}

export const defaultKills = 25
export const defaultClients = 4
export const defaultRate = 300
