import type { ListenerOptions } from './options.ts'
import type { Reception } from './reception.ts'
import type { TlsLayer } from './tls/tls-layer.ts'

/** A port that clients come through. */
export interface Listener {
  readonly options: ListenerOptions
  readonly reception: Reception
  /** Where it listens; the port is the real one when 0 was configured. */
  readonly address: string
  readonly port: number
  /** Of the types `tls` and `wss`. */
  readonly tls: TlsLayer | undefined
  /** Accepts no more; connections that exist go on. */
  stopAccepting(): void
}
