import type { Message } from '../mqtt/message.ts'
import type { Delivery } from '../mqtt/subscription.ts'

/** What the router sends messages to; a session is one. */
export interface Subscriber {
  readonly clientId: string
  /** Has a connection now. */
  readonly isConnected: boolean
  /** Has a connection now whose socket takes more. */
  readonly isWritable: boolean
  deliver(message: Message, delivery: Delivery, now: number): void
}
