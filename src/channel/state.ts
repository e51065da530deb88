/** The packets a client may send, as bits, so that a state's row in the table is one number. */
export const Kind = {
  connect: 1,
  publish: 2,
  ack: 4,
  subscribe: 8,
  unsubscribe: 16,
  pingreq: 32,
  disconnect: 64,
  auth: 128,
} as const
export type Kind = (typeof Kind)[keyof typeof Kind]

export type StateName =
  | 'waiting'
  | 'authenticating'
  | 'opening'
  | 'connected'
  | 'reauthenticating'
  | 'closed'

/** A state of a connection and what it takes. */
export interface State {
  readonly name: StateName
  /** The kinds of packet that are legal now; any other one is a protocol error. */
  readonly accepts: number
  /** Whether packets are taken at all; when not, they wait undecoded. */
  readonly reads: boolean
  /** Whether CONNACK 0x00 was sent: DISCONNECT may be sent, messages flow. [MQTT-3.14.0-1] */
  readonly isOpen: boolean
}

const traffic =
  Kind.publish |
  Kind.ack |
  Kind.subscribe |
  Kind.unsubscribe |
  Kind.pingreq |
  Kind.disconnect |
  Kind.auth

/**
 * The life of a connection:
 *
 *   waiting ─CONNECT→ opening ─accepted→ connected ⇄ reauthenticating
 *                      │   ↑ AUTH                │
 *                      ↓   │                     ↓
 *                  authenticating            closed ← every state
 *
 * `opening` is where the broker thinks: an authenticator, the session manager, a commit. What the
 * client sends behind CONNECT meanwhile waits. [MQTT-3.1.0-1] [MQTT-3.1.0-2] [MQTT-4.12.0-6]
 */
export const states: Readonly<Record<StateName, State>> = {
  waiting: { name: 'waiting', accepts: Kind.connect, reads: true, isOpen: false },
  authenticating: {
    name: 'authenticating',
    accepts: Kind.auth | Kind.disconnect,
    reads: true,
    isOpen: false,
  },
  opening: { name: 'opening', accepts: 0, reads: false, isOpen: false },
  connected: { name: 'connected', accepts: traffic, reads: true, isOpen: true },
  reauthenticating: { name: 'reauthenticating', accepts: traffic, reads: true, isOpen: true },
  closed: { name: 'closed', accepts: 0, reads: false, isOpen: false },
}
