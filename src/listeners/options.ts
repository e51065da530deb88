import type { Rate } from '../channel/options.ts'
import type { ProtocolVersion } from '../mqtt/packets.ts'
import type { TlsOptions } from './tls/options.ts'

export const listenerTypes = ['tcp', 'tls', 'ws', 'wss'] as const
export type ListenerType = (typeof listenerTypes)[number]

/** What one listener listens on, and what it lets in. */
export interface ListenerOptions {
  /** Unique among the listeners; what the operator calls it. */
  readonly name: string
  readonly type: ListenerType
  /** An address or host name; undefined for every address of IPv4 and IPv6 (`*`). */
  readonly host: string | undefined
  /** 0 … 65535; 0 lets the system choose. */
  readonly port: number
  /** An absolute path of a socket in the file system, in place of host and port. */
  readonly unixPath: string | undefined
  /** The file mode of that socket: whoever may write to it may connect. */
  readonly socketMode: number
  /**
   * From which web pages browsers may connect, in lower case: `https://app.example.com`,
   * `https://*.example.com`, `null`. Undefined for any. Clients that are no browsers name none.
   */
  readonly allowedOrigins: readonly string[] | undefined
  /** The HTTP path of a `ws` or `wss` listener, beginning with `/`; other types ignore it. */
  readonly path: string
  /** The zone whose settings its clients get. */
  readonly zone: string
  /** Connections at a time; at it new ones are refused. `Infinity` for no limit. */
  readonly connectionsMax: number
  /** New connections in a time; above it they are refused (0x9F). Undefined for no limit. */
  readonly connectionRate: Rate | undefined
  /** The versions that may connect; others get 0x84 or, MQTT 3.x, return code 1. */
  readonly protocolVersions: readonly ProtocolVersion[]
  /** Connections that the system holds before they are accepted. */
  readonly backlog: number
  /** Silence before the system probes a TCP connection; undefined never does. */
  readonly keepAliveMs: number | undefined
  /** Sends small packets at once instead of collecting them (TCP_NODELAY). */
  readonly noDelay: boolean
  /** Bytes waiting in a socket above which it counts as not writable, and messages wait instead. */
  readonly highWatermark: number
  /** From connecting to the end of the TLS handshake and of the WebSocket upgrade. */
  readonly handshakeMs: number
  /** Set exactly for the types `tls` and `wss`. */
  readonly tls: TlsOptions | undefined
}

export const defaultListenerOptions: ListenerOptions = {
  name: 'tcp',
  type: 'tcp',
  host: '127.0.0.1',
  port: 1883,
  unixPath: undefined,
  socketMode: 0o660,
  allowedOrigins: undefined,
  path: '/mqtt',
  zone: 'default',
  connectionsMax: Number.POSITIVE_INFINITY,
  connectionRate: undefined,
  protocolVersions: [3, 4, 5],
  backlog: 1024,
  keepAliveMs: undefined,
  noDelay: true,
  highWatermark: 1024 * 1024,
  handshakeMs: 15_000,
  tls: undefined,
}
