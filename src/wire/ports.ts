import type { Message } from '../mqtt/message.ts'
import type { AckType, ControlPacket } from '../mqtt/packets.ts'
import type { Refusal } from '../mqtt/refusal.ts'

/**
 * What a decoder hands the packets of one connection to, in the order in which they came, within
 * the call that brought the bytes. Only well-formed packets arrive; whether one is legal now is
 * for the handler to say.
 */
export interface PacketHandler {
  /**
   * Read behind every packet: when false, the decoder keeps what is left of the chunk and waits
   * for `resume`. It is how packets that a client sends behind CONNECT wait for its end.
   */
  readonly accepting: boolean
  /** `packetId` is 0 at QoS 0. A run (`message.count` > 1) is always QoS 0 and never retained. */
  onPublish(message: Message, packetId: number, dup: boolean): void
  onAck(type: AckType, packetId: number, reasonCode: number): void
  onPingreq(): void
  onPacket(packet: ControlPacket): void
  /** The bytes broke a rule; nothing more is decoded on this connection. */
  onRefused(refusal: Refusal): void
}
