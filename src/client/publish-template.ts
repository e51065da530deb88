import type { QoS } from '../mqtt/subscription.ts'
import { type ClientVersion, packet, properties, text, twoBytes } from './fields.ts'

export interface PublishOptions {
  readonly version: ClientVersion
  readonly topic: string
  readonly qos: QoS
  readonly retain?: boolean
  readonly payload: Uint8Array
  /** Whole properties of MQTT 5, each as its bytes. */
  readonly properties?: readonly Uint8Array[]
}

/**
 * A PUBLISH that is encoded once and sent many times. Before each time its identifier, and what the
 * caller likes of the payload, is written over the last one's: `bytes` is the packet as it stands,
 * and whoever keeps it past the call copies it.
 */
export class PublishTemplate {
  readonly bytes: Buffer
  readonly qos: QoS
  /** Where the payload begins; it goes to the end. */
  readonly payloadAt: number
  /** Where the packet identifier's two bytes are, −1 at QoS 0. */
  readonly idAt: number

  constructor(options: PublishOptions) {
    const { version, topic, qos, payload } = options
    const list = properties(version, options.properties ?? [])
    const first = 0x30 | (qos << 1) | (options.retain ? 1 : 0)
    const id = qos === 0 ? Buffer.alloc(0) : twoBytes(0)
    this.bytes = packet(first, [text(topic), id, list, payload])
    this.qos = qos
    this.payloadAt = this.bytes.length - payload.length
    this.idAt = qos === 0 ? -1 : this.payloadAt - list.length - 2
  }

  /** Writes the identifier; not at QoS 0, which has none. */
  identify(packetId: number, isDup = false): void {
    const { bytes, idAt } = this
    if (idAt < 0) return
    bytes[idAt] = packetId >>> 8
    bytes[idAt + 1] = packetId & 0xff
    const first = bytes[0] as number
    bytes[0] = isDup ? first | 0x08 : first & ~0x08
  }
}
