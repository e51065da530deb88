import type { Message } from '../mqtt/message.ts'
import type { QoS } from '../mqtt/subscription.ts'
import type { PublishProperties } from '../wire/properties.ts'
import { readPublishProperties } from '../wire/properties.ts'

/** A message as a handler in the broker's own process gets it. */
export interface ReceivedMessage {
  readonly topic: string
  /**
   * A view of the bytes that everybody else gets as well: not to be changed, and to be copied if
   * it is kept for long, for it keeps what came in with it alive.
   */
  readonly payload: Buffer
  readonly qos: QoS
  /** Set on what was retained when the subscription began, or as published if that was asked for. */
  readonly retain: boolean
  /** Client id of the publisher; empty for this program's and the broker's own messages. */
  readonly clientId: string
  /** Of MQTT 5; empty for what older clients sent. Read when it is looked at. */
  readonly properties: PublishProperties
  /** The payload as UTF-8. */
  text(): string
}

/** Nothing of the message is copied. */
export class HandlerMessage implements ReceivedMessage {
  readonly message: Message
  readonly qos: QoS
  readonly retain: boolean
  #properties: PublishProperties | undefined

  constructor(message: Message, qos: QoS, retain: boolean) {
    this.message = message
    this.qos = qos
    this.retain = retain
  }

  get topic(): string {
    return this.message.topic
  }

  get payload(): Buffer {
    return this.message.payload
  }

  get clientId(): string {
    return this.message.from
  }

  get properties(): PublishProperties {
    this.#properties ??= readPublishProperties(this.message.frame)
    return this.#properties
  }

  text(): string {
    return this.message.payload.toString('utf8')
  }
}
