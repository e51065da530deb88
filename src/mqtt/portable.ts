import aedesPacket from 'aedes-packet'
import type { Message } from './message.ts'

/** A message in the form that Node brokers exchange: numbered by broker and counter. */
export type PortableMessage = aedesPacket.AedesPacket

// aedes-packet exports its constructor; its types say a namespace.
const Packet = aedesPacket as unknown as new (original: object) => PortableMessage

/**
 * The message for code outside the broker, such as hooks: an `aedes-packet` with a payload of its
 * own. Its identity across brokers is (`brokerId`, `brokerCounter`). `messageExpiry` is absolute,
 * in ms since 1970; `wallOffsetMs` is what to add to monotonic time to get there.
 */
export function toPortable(
  message: Message,
  brokerId: string,
  wallOffsetMs: number,
): PortableMessage {
  const expires = message.expiresAt < Number.POSITIVE_INFINITY
  return new Packet({
    cmd: 'publish',
    brokerId,
    brokerCounter: message.number,
    clientId: message.from,
    topic: message.topic,
    payload: Buffer.from(message.payload),
    qos: message.qos,
    retain: message.retain,
    dup: false,
    ...(expires && { messageExpiry: message.expiresAt + wallOffsetMs }),
  })
}
