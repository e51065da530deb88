/** A Packet Identifier, 1 … 65535; 0 stands for "none" (QoS 0). [MQTT-2.2.1-2] */
export type PacketId = number

export const packetIdMax = 65535

/** The identifier after `id`: 65535 is followed by 1, for 0 is no identifier. [MQTT-2.2.1-3] */
export function nextPacketId(id: PacketId): PacketId {
  return id >= packetIdMax ? 1 : id + 1
}
