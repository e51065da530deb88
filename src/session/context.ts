import type { Message } from '../mqtt/message.ts'
import type { ProtocolVersion } from '../mqtt/packets.ts'
import type { SessionOptions } from './options.ts'
import type { DropReason, Recorder, SessionObserver, Sink } from './ports.ts'

/** Below two windows of this size reading page by page would cost more than it saves. */
const memoryWindowMin = 64

/** What an attached connection settles for the way to the client. */
export interface Connection {
  /** The client's Receive Maximum, 1 … 65535. */
  readonly receiveMaximum: number
  readonly protocolVersion: ProtocolVersion
}

/** What the parts of one session share: who it is, what it is set to, and whom it tells. */
export class SessionContext {
  readonly clientId: string
  readonly observer: SessionObserver
  options: SessionOptions
  recorder: Recorder
  /** Where packets leave; undefined while there is no connection. */
  sink: Sink | undefined = undefined
  /** Of the connection, or of the last one. */
  receiveMaximum = 65535
  protocolVersion: ProtocolVersion = 5
  #stats: DeliverStats | undefined

  constructor(
    clientId: string,
    options: SessionOptions,
    recorder: Recorder,
    observer: SessionObserver,
  ) {
    this.clientId = clientId
    this.options = options
    this.recorder = recorder
    this.observer = observer
  }

  get stats(): DeliverStats {
    if (this.#stats === undefined) this.#stats = new DeliverStats()
    return this.#stats
  }

  /** QoS 1 and 2 messages that may be sent and unfinished on this connection. [MQTT-3.3.4-9] */
  get windowMax(): number {
    return Math.min(this.options.inflightMax, this.receiveMaximum)
  }

  /** Entries of a lane that stay in memory where the store has them too. */
  get memoryWindow(): number {
    return this.sink === undefined ? 0 : Math.max(memoryWindowMin, 2 * this.windowMax)
  }

  /** Counts and tells that a message, or a run, does not go to this client. */
  drop(message: Message, reason: DropReason): void {
    if (reason === 'expired') this.stats.expired += message.count
    else this.stats.dropped += message.count
    if (reason === 'queue_full') this.stats.mqueueDropped += message.count
    this.observer.dropped(this.clientId, message, reason)
  }

  /** The same of messages that are only in the store, where nobody reads them any more. */
  dropUnread(count: number, reason: DropReason): void {
    if (count === 0) return
    this.stats.dropped += count
    this.observer.droppedUnread(this.clientId, count, reason)
  }
}

/** What has become of the messages handed to a session since this process has it. */
export class DeliverStats {
  /** Sent for the first time, at any QoS. */
  delivered = 0
  /** Joined the mqueue. */
  enqueued = 0
  /** Ended by an acknowledgement of the client. */
  acked = 0
  /** Dropped for whatever reason but expiry; in `mqueueDropped` those for a full mqueue. */
  dropped = 0
  mqueueDropped = 0
  /** Expired before they were sent. */
  expired = 0
}
