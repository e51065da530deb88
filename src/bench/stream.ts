import type { ClientVersion } from '../client/fields.ts'
import { PublishTemplate } from '../client/publish-template.ts'
import type { QoS } from '../mqtt/subscription.ts'
import { payloadSizeMin, stampPayload } from './payload.ts'
import { SequenceCheck } from './sequence-check.ts'

/** One topic with one publisher and one subscriber: its messages are numbered from 0. */
export class Stream {
  readonly number: number
  readonly topic: string
  readonly check = new SequenceCheck()
  readonly #template: PublishTemplate
  #sent = 0

  constructor(number: number, version: ClientVersion, qos: QoS, payloadSize: number) {
    this.number = number
    this.topic = `bench/${String(number).padStart(6, '0')}/x`
    const payload = Buffer.alloc(Math.max(payloadSize, payloadSizeMin), 'm')
    this.#template = new PublishTemplate({ version, topic: this.topic, qos, payload })
  }

  get sent(): number {
    return this.#sent
  }

  /** An earlier run has sent so many. */
  wasSent(count: number): void {
    this.#sent = count
  }

  get missing(): number {
    return this.check.missing(this.#sent)
  }

  /** The next message, ready to be sent; good until the next call. */
  next(packetId: number, nowUs: number): PublishTemplate {
    const template = this.#template
    template.identify(packetId)
    stampPayload(template.bytes, template.payloadAt, this.number, this.#sent, nowUs)
    this.#sent++
    return template
  }
}
