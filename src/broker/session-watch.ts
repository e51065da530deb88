import type { Clock } from '../base/clock.ts'
import type { Message } from '../mqtt/message.ts'
import { type PortableMessage, toPortable } from '../mqtt/portable.ts'
import type { DropReason, QueueAccount, SessionObserver } from '../session/ports.ts'
import type { Metrics } from './metrics.ts'
import type { MessageEvents } from './ports.ts'
import type { RareLog } from './rare-log.ts'

/** Counts what sessions tell, warns of it at a limited rate, and passes it on to whoever listens. */
export class SessionWatch implements SessionObserver {
  readonly queued: QueueAccount = { messages: 0, bytes: 0 }
  readonly #metrics: Metrics
  readonly #events: MessageEvents
  readonly #rareLog: RareLog
  readonly #brokerId: string
  readonly #clock: Clock

  constructor(
    metrics: Metrics,
    events: MessageEvents,
    rareLog: RareLog,
    brokerId: string,
    clock: Clock,
  ) {
    this.#metrics = metrics
    this.#events = events
    this.#rareLog = rareLog
    this.#brokerId = brokerId
    this.#clock = clock
  }

  acked(clientId: string, message: Message | undefined): void {
    this.#metrics.messagesAcked++
    if (this.#events.messageAcked === undefined) return
    this.#events.messageAcked(clientId, message && this.#portable(message))
  }

  dropped(clientId: string, message: Message, reason: DropReason): void {
    this.#metrics.deliveriesDropped[reason] += message.count
    this.#events.messageDropped?.(clientId, this.#portable(message), reason)
    if (reason !== 'queue_full') return
    this.#rareLog.warn(
      `queue_full ${clientId}`,
      { clientId },
      'messages are dropped: the mqueue is full',
    )
  }

  droppedUnread(_clientId: string, count: number, reason: DropReason): void {
    this.#metrics.deliveriesDropped[reason] += count
  }

  awaitingRelExpired(clientId: string, packetId: number): void {
    this.#metrics.awaitingRelExpired++
    const what = 'a QoS 2 packet id is forgotten: awaiting_rel_timeout passed without PUBREL'
    this.#rareLog.warn(`awaiting_rel ${clientId}`, { clientId, packetId }, what)
  }

  #portable(message: Message): PortableMessage {
    return toPortable(message, this.#brokerId, this.#clock.wallMs() - this.#clock.now())
  }
}
