import type { PlainNumber } from './plain.ts'

/** A listener of the broker that runs. */
export interface ListenerEntry {
  readonly name: string
  readonly type: string
  /** Where it listens; the port is the real one. */
  readonly address: string
  readonly port: number
  readonly zone: string
  /** `listening`; `closed`: it was taken out of the configuration, and its clients are still there. */
  readonly state: 'listening' | 'closed'
  /** Now, CONNECT or not. */
  readonly connections: number
  readonly max_connections: PlainNumber
}
