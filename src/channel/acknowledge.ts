import { AckType } from '../mqtt/packets.ts'
import { ReasonCode } from '../mqtt/reason-code.ts'
import type { Refusal } from '../mqtt/refusal.ts'
import type { Session } from '../session/session.ts'
import type { Channel } from './channel.ts'

/**
 * PUBACK, PUBREC, PUBREL or PUBCOMP from the client. One for an unknown id is answered where the
 * protocol has an answer and else passed over; one of the wrong kind ends the connection.
 * [MQTT-4.3.2-3] [MQTT-4.3.3-4] [MQTT-4.3.3-11]
 */
// hot:
export function receiveAck(
  channel: Channel,
  type: AckType,
  packetId: number,
  reasonCode: number,
): void {
  const { services, session } = channel
  if (session === undefined) return
  services.counters.acksReceived[(type - 4) as 0 | 1 | 2 | 3]++
  if (type === AckType.Pubrel) return receivePubrel(channel, session, packetId)
  const refusal = settle(channel, session, type, packetId, reasonCode)
  if (refusal !== undefined) return onRefusedAck(channel, type, packetId, refusal)
  channel.pump()
}

function settle(
  channel: Channel,
  session: Session,
  type: AckType,
  packetId: number,
  reasonCode: number,
): Refusal | undefined {
  if (type === AckType.Puback) return session.puback(packetId, reasonCode, channel.now)
  if (type === AckType.Pubrec) return session.pubrec(packetId, reasonCode, channel.now)
  return session.pubcomp(packetId, reasonCode, channel.now)
}

function receivePubrel(channel: Channel, session: Session, packetId: number): void {
  const code = session.pubrel(packetId) ? ReasonCode.Success : ReasonCode.PacketIdentifierNotFound
  channel.acks.ack(session.answerBatch, AckType.Pubcomp, packetId, code)
  if (channel.acks.length > 0) channel.waitForCommit()
}

function onRefusedAck(channel: Channel, type: AckType, packetId: number, refusal: Refusal): void {
  if (refusal.code === ReasonCode.ProtocolError) return channel.refuse(refusal)
  if (type !== AckType.Pubrec || refusal.code !== ReasonCode.PacketIdentifierNotFound) return
  channel.services.counters.acksSent[2]++
  channel.transport.ack(AckType.Pubrel, packetId, ReasonCode.PacketIdentifierNotFound)
}
