import type { AckType } from '../mqtt/packets.ts'

/** What a server sends, packet by packet, within `PacketScanner.push`. */
export interface ServerPacketHandler {
  /** `receiveMaximum` is the server's, 65,535 where it names none. */
  onConnack(sessionPresent: boolean, code: number, receiveMaximum: number): void
  /**
   * A PUBLISH: topic, properties and payload are ranges of `bytes`, which are the scanner's again
   * after the call. `packetId` is 0 at QoS 0; `flags` are the low four bits of the first byte.
   */
  onPublish(
    bytes: Buffer,
    topicAt: number,
    topicEnd: number,
    payloadAt: number,
    payloadEnd: number,
    packetId: number,
    flags: number,
  ): void
  onAck(type: AckType, packetId: number, code: number): void
  onSuback(packetId: number, codes: Uint8Array): void
  /** Without codes from a server of MQTT 3.1.1. */
  onUnsuback(packetId: number, codes: Uint8Array): void
  onPingresp(): void
  /** The server's DISCONNECT; MQTT 5 only. */
  onDisconnect(code: number): void
  /** The bytes cannot be MQTT from a server. Nothing is scanned any more. */
  onIllFormed(because: string): void
}
